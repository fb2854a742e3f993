"""Sessions that are made while a fake is active parse botocore's data once, and notice nothing else of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore
import botocore.loaders
import pytest
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._transport import shared_loader

REGION = "eu-central-1"
CUSTOM = {
    "metadata": {
        "apiVersion": "2020-01-01",
        "protocol": "json",
        "endpointPrefix": "custom",
        "serviceId": "Custom",
    },
    "operations": {},
    "shapes": {},
}


@pytest.fixture
def nothing_has_been_read(monkeypatch):
    for files in (shared_loader._COPIED_FILES, shared_loader._SHARED_FILES, shared_loader._SERVICE_LISTS):
        monkeypatch.setattr(files, "_kept", {})


@pytest.fixture
def parsed(nothing_has_been_read, monkeypatch):
    """How often botocore has parsed each file."""
    counts = Counter()
    original = JSONFileLoader.load_file

    def counted(self, file_path):
        data = original(self, file_path)
        if data is not None:
            counts[file_path.removeprefix(Loader.BUILTIN_DATA_PATH)] += 1
        return data

    monkeypatch.setattr(JSONFileLoader, "load_file", counted)
    return counts


def loader_of(session):
    return getattr(session, "_session", session).get_component("data_loader")


def write_model(directory, name="custom", model=CUSTOM):
    folder = directory / name / "2020-01-01"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "service-2.json").write_text(json.dumps(model), encoding="utf-8")


def test_all_sessions_parse_each_file_once(fakesecrets, parsed):
    fakesecrets.client(REGION)
    for make in (boto3.Session, boto3.Session, Session):
        session = make()
        client = getattr(session, "create_client", None) or session.client
        client("secretsmanager", region_name=REGION)

    # The session of fakesecrets.client() is kept for the whole run, and may have read its files before.
    assert parsed["/endpoints"] == 1
    assert parsed["/secretsmanager/2017-10-17/service-2"] == 1
    assert max(parsed.values()) == 1


def test_sessions_of_aiobotocore_share_them_too(fakesecrets, parsed):
    get_session = pytest.importorskip("aiobotocore.session").get_session
    Session().get_service_data("secretsmanager")

    asyncio.run(get_session().get_service_data("secretsmanager"))

    assert parsed["/secretsmanager/2017-10-17/service-2"] == 1


def test_the_data_are_those_of_botocore(nothing_has_been_read, fakesecrets):
    shared, plain = loader_of(Session()), Loader()

    for type_name in ("service-2", "paginators-1", "waiters-2", "resources-1"):
        assert shared.list_available_services(type_name) == plain.list_available_services(type_name)
    for name in ("endpoints", "partitions", "_retry", "secretsmanager/2017-10-17/service-2"):
        assert shared.load_data_with_path(name) == plain.load_data_with_path(name)
        assert shared.load_data(name) == plain.load_data(name)
    model = shared.load_service_model("secretsmanager", "service-2")
    assert model == plain.load_service_model("secretsmanager", "service-2")
    assert type(model) is OrderedDict
    with pytest.raises(botocore.exceptions.UnknownServiceError):
        shared.load_service_model("nothing", "service-2")
    with pytest.raises(botocore.exceptions.DataNotFoundError):
        shared.load_data("nothing")


class TestSessionsWithDataOfTheirOwn:
    @pytest.mark.parametrize(
        "way",
        [
            "environment",
            *(pytest.param(way, marks=pytest.mark.long) for way in ("configuration file", "variable")),
        ],
    )
    def test_find_them_by_the_loader_of_botocore(self, fakesecrets, monkeypatch, tmp_path, way):
        write_model(tmp_path / "models")
        Session().create_client("secretsmanager", region_name=REGION)
        if way == "environment":
            monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
        if way == "configuration file":
            (tmp_path / "config").write_text(f"[default]\ndata_path = {tmp_path / 'models'}\n")
            monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        session = Session()
        if way == "variable":
            session.set_config_variable("data_path", str(tmp_path / "models"))

        assert session.create_client("custom", region_name=REGION).meta.service_model.service_id == "Custom"
        assert type(loader_of(session)) is Loader

    def test_find_them_in_the_directory_of_the_user(self, fakesecrets, monkeypatch, tmp_path):
        monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
        before = Session()
        assert "custom" not in before.get_available_services()

        write_model(tmp_path)
        assert Session().get_service_data("custom")["operations"] == {}
        write_model(tmp_path, model={**CUSTOM, "operations": {"New": {}}})
        assert Session().get_service_data("custom")["operations"] == {"New": {}}
        write_model(tmp_path, "secretsmanager", {**CUSTOM, "metadata": {"serviceId": "Replaced"}})
        replaced = Session().get_component("data_loader").load_data("secretsmanager/2020-01-01/service-2")
        assert replaced["metadata"] == {"serviceId": "Replaced"}

    def test_find_them_in_a_directory_that_they_add(self, fakesecrets, tmp_path):
        write_model(tmp_path)
        session = boto3.Session()
        loader_of(session).search_paths.append(str(tmp_path))

        assert "custom" in session.get_available_services()
        assert session.client("custom", region_name=REGION).meta.service_model.service_id == "Custom"
        assert "custom" not in boto3.Session().get_available_services()

    def test_find_endpoints_of_the_user(self, fakesecrets, monkeypatch, tmp_path):
        Session().create_client("secretsmanager", region_name=REGION)
        monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
        (tmp_path / "endpoints.json").write_text('{"version": 3, "partitions": []}', encoding="utf-8")

        assert Session().get_available_partitions() == []


class TestALoaderOfTheApplication:
    def test_that_was_registered_before_the_initializer_of_the_fake_is_kept(self, fakesecrets):
        mine = Loader()

        class WithALoader(Session):
            def _register_data_loader(self):
                self._components.lazy_register_component("data_loader", lambda: mine)

        assert loader_of(WithALoader()) is mine

    def test_that_is_registered_after_it_is_kept(self, fakesecrets):
        mine, session = Loader(), Session()
        session.register_component("data_loader", mine)
        lazy = Session()
        lazy.lazy_register_component("data_loader", lambda: mine)

        assert loader_of(session) is mine
        assert loader_of(lazy) is mine


class TestWhatOneSessionChanges:
    def test_in_the_model_of_a_service_stays_there(self, fakesecrets):
        changed = Session()

        @lambda handler: changed.register("service-data-loaded.secretsmanager", handler)
        def change(service_data, **_):
            del service_data["operations"]["GetSecretValue"]

        changed.get_service_data("secretsmanager")

        own = changed.create_client("secretsmanager", region_name=REGION)
        assert not hasattr(own, "get_secret_value")
        other = Session().create_client("secretsmanager", region_name=REGION)
        assert hasattr(other, "get_secret_value")

    def test_in_the_endpoints_stays_there(self, fakesecrets):
        changed = Session()
        changed.get_data("endpoints")["partitions"].clear()

        assert changed.get_available_partitions() == []
        assert "aws" in Session().get_available_partitions()

    def test_in_a_list_of_services_stays_there(self, fakesecrets):
        Session().get_available_services().clear()

        assert "secretsmanager" in Session().get_available_services()

    def test_in_the_search_path_stays_there(self, fakesecrets):
        """boto3 adds a directory to the search path of each session."""
        first, second, plain = boto3.Session(), boto3.Session(), Session()

        added = [os.path.join(os.path.dirname(boto3.__file__), "data")]
        assert (
            loader_of(first).search_paths == loader_of(second).search_paths == Loader().search_paths + added
        )
        assert loader_of(plain).search_paths == Loader().search_paths
        assert "sqs" in first.get_available_resources()
        assert plain.get_component("data_loader").list_available_services("resources-1") == []


def test_nothing_is_left_when_the_fake_is_left(parsed):
    attributes, initializers = dict(vars(Loader)), list(botocore._INITIALIZERS)
    with FakeSecrets():
        made_within, not_read_within = boto3.Session(), Session()
        made_within.client("secretsmanager", region_name=REGION)

    assert vars(Loader) == attributes
    assert initializers == botocore._INITIALIZERS
    assert made_within.client("sqs", region_name=REGION).meta.service_model.service_id == "SQS"
    assert not_read_within.create_client("sqs", region_name=REGION).meta.service_model.service_id == "SQS"
    parsed.clear()
    after = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing")
    after.client("secretsmanager", region_name=REGION)
    assert type(loader_of(after)) is Loader
    assert parsed["/endpoints"] == 1


def test_a_session_made_before_the_fake_keeps_its_loader():
    before = Session()
    with FakeSecrets():
        assert type(loader_of(before)) is Loader


def test_the_configuration_is_read_when_the_loader_is_used(fakesecrets, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_PROFILE", "missing")

    session = Session()  # a profile may be set until the session is used

    with pytest.raises(botocore.exceptions.ProfileNotFound):
        session.get_component("data_loader")


def test_threads_may_make_sessions_at_once(fakesecrets):
    def read(number):
        session = boto3.Session()
        client = session.client("secretsmanager", region_name=REGION)
        client.create_secret(Name=f"db-{number}", SecretString="value")
        return len(loader_of(session).search_paths)

    with ThreadPoolExecutor(4) as threads:
        lengths = set(threads.map(read, range(6)))

    assert lengths == {len(Loader().search_paths) + 1}
    assert len(fakesecrets.client(REGION).list_secrets()["SecretList"]) == 6


def test_a_directory_of_botocore_that_was_not_there_is_listed_again(
    fakesecrets, nothing_has_been_read, monkeypatch, tmp_path
):
    """A fake file system shows directories that come and go."""
    monkeypatch.setattr(Loader, "BUILTIN_DATA_PATH", str(tmp_path / "data"))
    assert Session().get_available_services() == []

    write_model(tmp_path / "data")
    assert Session().get_available_services() == ["custom"]
    write_model(tmp_path / "data", "another")
    assert Session().get_available_services() == ["another", "custom"]
