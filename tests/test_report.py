"""The page of a run, as --fakesecrets-report writes it: what is on it, what is never on it, and which process writes it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import pytest
from contract_class import FUNCTION
from rotation_functions import raising_in, well_behaved

from pytest_fakesecrets import FakeSecrets, Finding, Rotation, RotationContract, RotationFailedWarning
from pytest_fakesecrets._contract.failures import Failure, ScenarioFailed
from pytest_fakesecrets._contract.scenarios.base import Scenarios
from pytest_fakesecrets._report import collector, html_page, pytest_hooks
from pytest_fakesecrets._report.collector import redacted_nodeid, secrets_of
from pytest_fakesecrets._report.failure import failure_of
from pytest_fakesecrets._report.html_page import page
from pytest_fakesecrets._report.records import ItemPart, Row, SecretPart
from pytest_fakesecrets._report.svg_chart import span
from pytest_fakesecrets._service.service import INJECTED

#: Imported here, or the runs inside this process would import copies of their own, and drop them.
KEPT = (html_page, pytest_hooks)

MUST_RUN = "FAKESECRETS_TESTS_MUST_RUN"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


#: A quarter with a failed attempt, its retry, a window a month later and refused calls.
RICH = """
from datetime import timedelta

import pytest
from rotation_functions import well_behaved

down = [True]


def rotate(event, context):
    if event["Step"] == "setSecret" and down:
        down.clear()
        raise ConnectionError("app could not log in with 'hunter2-old'")
    well_behaved(event, context)


@pytest.mark.filterwarnings("ignore")
def test_a_month(fakesecrets, fakesecrets_client, fakesecrets_clock):
    fakesecrets_clock.move_to("2030-01-02 09:30")
    fakesecrets_client.create_secret(Name="db", SecretString="hunter2-old")
    fakesecrets.rotate("db", rotate, RotationRules={"ScheduleExpression": "rate(30 days)"})
    with pytest.raises(fakesecrets_client.exceptions.InvalidRequestException):
        fakesecrets_client.rotate_secret(SecretId="db")
    fakesecrets_clock.tick(timedelta(days=45))
    assert len(fakesecrets.rotations("db")) == 2
    raise LookupError("hunter2-old")
"""


class Read(HTMLParser):
    """A page as a browser reads it: its texts, its attributes, its elements."""

    NEVER_CLOSED = frozenset({"meta", "br"})

    def __init__(self, text):
        super().__init__()
        self.text, self.elements, self.attributes, self.open, self.rows = "", Counter(), [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        self.attributes += attrs
        if tag not in self.NEVER_CLOSED:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += f"{data}\n"
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def values(self, name):
        return [value for key, value in self.attributes if key == name]


def read(path):
    found = Read(Path(path).read_text(encoding="utf-8"))
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    # Nothing is loaded, and nothing runs.
    links = [*found.values("href"), *found.values("src"), *found.values("xlink:href")]
    assert [link for link in links if not link.startswith("#") or link[1:] not in ids] == []
    assert found.elements.keys() & {"script", "link", "img", "iframe", "object", "base"} == set()
    assert [name for name, _ in found.attributes if name.startswith("on")] == []
    assert "url(" not in found.text
    return found


def shown(secrets, **changes):
    """The page about one test."""
    item = {"nodeid": "test_it.py::test_it", "outcome": "failed", "location": "", "started": 0.0, **changes}
    return Read(page([ItemPart(secrets=secrets, **item)]))


def secret_parts(fake, **kwargs):
    return secrets_of(fake._service, fake._rotations.all(), **kwargs)[0]


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest in a folder of its own, where it writes report.html."""
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here.parent), str(here)]))

    def run(*arguments, source=None, **kwargs):
        if source is not None:
            pytester.makepyfile(source)
        return pytester.runpytest(
            "--fakesecrets-report=report.html", "-p", "no:randomly", *arguments, **kwargs
        )

    return run


class TestPage:
    def test_lists_every_test_that_used_the_fake(self, pytester, run):
        ran = run(
            source="""
            import pytest


            def test_fails(fakesecrets_client):
                fakesecrets_client.create_secret(Name="db", SecretString="hunter2-old")
                assert False


            def test_passes(fakesecrets): pass


            def test_is_not_listed(): pass


            @pytest.mark.xfail
            def test_is_known_to_fail(fakesecrets): assert False


            def test_skips(fakesecrets): pytest.skip()


            @pytest.fixture
            def broken(fakesecrets): raise LookupError


            def test_errs(broken): pass
            """
        )

        ran.assert_outcomes(passed=2, failed=1, errors=1, skipped=1, xfailed=1)
        ran.stdout.fnmatch_lines([f"fakesecrets report: {pytester.path / 'report.html'}"])
        name = "test_lists_every_test_that_used_the_fake.py::test_"
        assert [row[:2] for row in read("report.html").rows[1:6]] == [
            ["error", f"{name}errs"],
            ["failed", f"{name}fails"],
            ["passed", f"{name}passes"],
            ["xfailed", f"{name}is_known_to_fail"],
            ["skipped", f"{name}skips"],
        ]

    def test_shows_rotations_their_steps_and_calls_and_draws_labels_attempts_and_jumps_of_the_clock(
        self, run
    ):
        run(source=RICH).assert_outcomes(failed=1)

        found = read("report.html")
        rows = [[*row[:2], row[-1].partition("'")[0]] for row in found.rows if "Secret" in row[0]]
        assert [row for row in rows if row[1] != "1"] == [
            ["createSecret", "2", "returned"],
            ["setSecret", "2", "returned"],
            ["testSecret", "2", "returned"],
            ["finishSecret", "2", "returned"],
        ]
        assert ["1", "2030-01-02 09:30:00.000"] in [row[:2] for row in found.rows]
        assert "app could not log in with '***'" in found.text
        assert re.search(r"LookupError in call at test_shows_rotations_\w+\.py:", found.text)
        assert "InvalidRequestException" in found.text
        assert (
            "hint: The previous rotation has failed. Run its retry, or remove AWSPENDING from its version."
            in found.text
        )
        assert "in the window that opened 2030-02-01 00:00:00.000" in found.text
        assert "2030-01-02 09:30:00.000  CreateSecret" in found.text
        drawn = {"AWSPENDING (empty)", "AWSCURRENT", "AWSPREVIOUS", "attempt 1 failed", "attempt 2 succeeded"}
        drawn |= {"Create", "PutValue", "UpdateStage", "Started", "returned", "raised"}
        assert drawn | {"v1", "v2", "v3", "+1 min", "+29 d 14 h", "setSecret"} <= set(found.text.splitlines())

    def test_says_that_a_clock_went_back(self, fakesecrets, client, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-03-01")
        client.create_secret(Name="db", SecretString="value")
        fakesecrets_clock.move_to("2030-02-01")
        client.describe_secret(SecretId="db")

        assert "back 28 d" in shown(secret_parts(fakesecrets)).text

    def test_shows_findings(self, fakesecrets, client, monkeypatch):
        finding = SimpleNamespace(
            code="current-moved-early",
            text="It moved <b>.",
            advice="Do not.",
            step="setSecret",
            call="UpdateSecretVersionStage",
        )
        monkeypatch.setattr(Rotation, "findings", (finding,), raising=False)
        client.create_secret(Name="db", SecretString="value")
        fakesecrets.rotate("db", well_behaved)

        found = shown(secret_parts(fakesecrets))

        assert found.rows[1][-1] == "1"
        for said in (
            "current-moved-early",
            "setSecret, UpdateSecretVersionStage",
            "It moved <b>.",
            "Do not.",
        ):
            assert said in found.text.splitlines()

    def test_distinguishes_an_injected_fault_from_a_rejection(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="value")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")
        events = fakesecrets._service.history._events
        events[-1] = replace(events[-1], hint=INJECTED)

        assert [row.kind for row in secret_parts(fakesecrets)[0].rows] == ["call", "fault"]
        assert shown(secret_parts(fakesecrets)).rows[1][-3:] == ["", "1", ""]

    def test_shows_a_step_that_was_delivered_again(self, fakesecrets, client, fakesecrets_rotation):
        client.create_secret(Name="db", SecretString="value")
        client.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))
        fakesecrets_rotation.step("createSecret")
        fakesecrets_rotation.redeliver("createSecret")

        assert "createSecret, delivered again" in [
            row[0] for row in shown(secret_parts(fakesecrets)).rows if row
        ]

    def test_runs_nothing_that_has_come_due(self, run):
        run(
            source="""
            import pytest

            called = []


            def rotate(event, context):
                called.append(event["Step"])
                raise LookupError


            @pytest.mark.filterwarnings("ignore")
            def test_it(fakesecrets, fakesecrets_client, fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31 16:00")
                fakesecrets_client.create_secret(Name="db", SecretString="value")
                fakesecrets.rotate("db", rotate)


            def test_later():
                assert called == ["createSecret"]
            """
        ).assert_outcomes(passed=2)

    def test_says_that_no_test_used_the_fake(self, run):
        run(source="def test_it(): pass").assert_outcomes(passed=1)

        assert "No test used the fake: there is nothing to show." in read("report.html").text

    def test_goes_from_one_process_to_another_unchanged(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="value")
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("setSecret"))
        part = ItemPart(
            nodeid="test",
            outcome="passed",
            location="",
            started=0.0,
            secrets=secret_parts(fakesecrets),
            fakes_left_out=2,
        )

        received = ItemPart.from_json(part.to_json())

        assert received.to_json() == part.to_json()
        assert page([received]) == page([part])

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0.0, "0 s"),
            (0.25, "0.25 s"),
            (59.5, "59.5 s"),
            (60, "1 min"),
            (3_725, "1 h 2 min"),
            (86_400 * 61 + 5, "61 d 5 s"),
            (-90, "back 1 min 30 s"),
        ],
    )
    def test_writes_spans_for_people(self, seconds, words):
        assert span(seconds) == words


class TestHeadline:
    """The headline of a failed test shows the user's line and the message, without secret values."""

    SOURCE = """
        import unittest

        import pytest


        @pytest.fixture
        def secret(fakesecrets_client):
            return fakesecrets_client.create_secret(Name="db", SecretString="hunter2-old-" + "x" * 40)["Name"]


        def value(client, secret):
            return client.get_secret_value(SecretId=secret)["SecretString"]


        def test_rejected(fakesecrets_client):
            value(fakesecrets_client, "missing")


        def test_compared(fakesecrets_client, secret):
            assert value(fakesecrets_client, secret) == "other"


        def test_explained(fakesecrets_client, secret):
            assert not value(fakesecrets_client, secret), "the old value is served"


        def test_raised(fakesecrets_client, secret):
            raise LookupError(f"no login with {value(fakesecrets_client, secret)}\\nand not without")


        def test_shortened(fakesecrets_client, secret):
            raise LookupError(f"no login with {value(fakesecrets_client, secret)[:10]}...x")


        def test_unittest(fakesecrets_client, secret):
            unittest.TestCase().assertEqual(value(fakesecrets_client, secret), "hunter2-old-" + "x" * 39)


        def test_reset(fakesecrets, fakesecrets_client, secret):
            old = value(fakesecrets_client, secret)
            fakesecrets.reset()
            raise LookupError(f"no login with {old}")


        def test_skipped(fakesecrets):
            pytest.skip("there is no database")
        """

    def test_it_names_the_line_of_the_user_and_redacts_the_message(self, pytester, run):
        run(source=self.SOURCE).assert_outcomes(failed=7, skipped=1)

        text = read("report.html").text
        file = "test_it_names_the_line_of_the_user_and_redacts_the_message.py"
        for said in (
            f"ResourceNotFoundException in call at {file}:12 in value",
            "operation: Secrets Manager can't find the specified secret.",
            'assert value(fakesecrets_client, secret) == "other"',
            f"AssertionError in call at {file}:20 in test_compared",
            "\nthe old value is served\n",
            "\nno login with ***\n",
            "\nand not without\n",
            'raise LookupError(f"no login with {value(fakesecrets_client, secret)[:10]}...x")',
            f"AssertionError in call at {file}:36 in test_unittest",
            f"LookupError in call at {file}:42 in test_reset",
            "(The message is withheld, since a secret value in it might be overlooked.)",
            "\nthere is no database\n",
        ):
            assert said in text
        assert "hunter2-old" not in re.sub(r'"hunter2-old-" \+ "x" \* 39', "", text)
        assert "client.py" not in text
        assert "xxx" not in text

    @pytest.mark.long
    def test_a_message_of_the_fake_is_readable_unless_it_quotes_a_shortened_value(self, run):
        run(
            source="""
            import pytest
            from pytest_fakesecrets import CredentialTarget, RotationContract


            class TestOther(RotationContract):
                rotation_function = staticmethod(lambda event, context: None)
                secret_value = {"username": "app", "password": "hunter2-old"}
                target = CredentialTarget({"app": "hunter2-new"})


            @pytest.fixture
            def old(fakesecrets):
                return fakesecrets.add_secret("db", "hunter2-old").name and "hunter2-old"


            def test_handler(fakesecrets, old):
                fakesecrets.rotate(lambda event, context: None)


            def test_quoted(fakesecrets, old):
                fakesecrets.drive().redeliver(old)


            def test_shortened(fakesecrets, old):
                fakesecrets.drive().redeliver(f"{old[:9]}...x")


            def test_own(fakesecrets, old):
                raise LookupError(f"{old[:9]}(...)")


            def test_target(fakesecrets, old):
                def log_in(event, context):
                    CredentialTarget({"app": "hunter2-new"}).log_in("app", "hunter2-old")

                fakesecrets.check(fakesecrets.rotate("db", log_in))
            """
        )

        text = read("report.html").text
        for said in (
            "\nsecret_value of TestOther is not accepted before any rotation: the target has another password for 'app'. Write "
            "the same user and password in secret_value and in CredentialTarget(...), or set them at the target in prepare().\n",
            "Pass a rotation function as handler=..., after the name: ('app/db', handler=rotate).\n",
            "Unknown step '***'. Choose one of createSecret, ",
            "log_in at the target rejected\n",
            "\nCredentialRefused\n The password of 'app' is none that has been set here. Set it with change_password().",
            "\n0\nfailed API calls\n",
        ):
            assert said in text
        assert text.count("(The message is withheld, since a secret value in it might be overlooked.)") == 2
        assert "hunter2" not in text


class TestHandledCalls:
    """A failed call whose error was handled is grey, and is not counted."""

    @pytest.fixture
    def kinds(self, fakesecrets, client):
        def kinds(*calls, **arguments):
            """Rotate with a createSecret of these calls, and return the operations and kinds of the rejected ones."""

            def rotate(event, context):
                if event["Step"] == "createSecret":
                    for call in calls:
                        call(event)

            client.create_secret(Name="db", SecretString="value")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RotationFailedWarning)
                fakesecrets.rotate("db", rotate)
            rows = [row for secret in secret_parts(fakesecrets, **arguments) for row in secret.rows]
            return [
                (row.description.split()[0], row.kind) for row in rows if row.code and "call" not in row.kind
            ]

        return kinds

    @pytest.fixture
    def read_pending(self, client):
        return lambda event: client.get_secret_value(SecretId=event["SecretId"], VersionStage="AWSPENDING")

    @pytest.fixture
    def put_old(self, client):
        def put(event):
            with suppress(client.exceptions.ResourceNotFoundException):
                client.get_secret_value(SecretId=event["SecretId"], VersionStage="AWSPENDING")
            client.tag_resource(SecretId="missing", Tags=[])

        return put

    def test_a_call_whose_error_the_function_catches_is_handled(self, kinds, client, read_pending):
        def catches(event):
            with suppress(client.exceptions.ResourceNotFoundException):
                read_pending(event)

        assert kinds(catches)[0] == ("GetSecretValue", "handled")

    def test_the_call_that_makes_a_step_fail_is_not_handled(self, kinds, put_old):
        assert kinds(put_old) == [
            ("GetSecretValue", "handled"),
            ("createSecret", "failed step"),
            ("TagResource", "rejected"),
        ]

    def test_a_call_whose_error_the_function_replaces_is_not_handled(self, kinds, client, read_pending):
        def replaces(event):
            try:
                read_pending(event)
            except client.exceptions.ResourceNotFoundException:
                raise LookupError("there is no pending version") from None

        assert ("GetSecretValue", "rejected") in kinds(replaces)

    def test_a_call_outside_of_steps_is_handled_in_a_test_that_passes(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="value")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")

        assert [row.kind for row in secret_parts(fakesecrets)[0].rows] == ["call", "rejected"]
        found = shown(secret_parts(fakesecrets, has_passed=True), outcome="passed")
        assert found.rows[1][-3:] == ["", "", ""]
        assert "1 handled, not counted" in found.text
        assert "mark handled" in found.values("class")
        assert "Failed API calls and injected faults" not in found.text


class TestFailuresInsideOfPassedTests:
    """A test that provokes a failure and passes is no cause for alarm: its failures are grey, and counted apart."""

    @pytest.fixture
    def secrets(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="value")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RotationFailedWarning)
            fakesecrets.rotate("db", lambda event, context: client.tag_resource(SecretId="missing", Tags=[]))
        client.create_secret(Name="api", SecretString="value")
        fakesecrets.rotate("api", well_behaved)
        return secret_parts(fakesecrets)

    def items(self, secrets, *outcomes, **changes):
        return [
            ItemPart(
                nodeid=f"{outcome}.py::T::test",
                outcome=outcome,
                location="",
                started=0.0,
                secrets=secrets,
                **changes,
            )
            for outcome in outcomes
        ]

    def counts(self, items):
        """The lines of the totals at the top of the page."""
        text = Read(page(items)).text.partition("\noutcome\n")[0]
        return [line for line in text.splitlines() if line]

    def test_the_totals_count_them_apart(self, secrets):
        green = self.counts(self.items(secrets, "passed", "skipped"))
        red = self.counts(self.items(secrets, "passed", "failed"))

        start = green.index("rotations")
        assert green[start - 1 : start + 4] == [
            "4",
            "rotations",
            "2 succeeded",
            "in passed tests: 1 failed",
            "in skipped tests: 1 failed",
        ]
        start = green.index("failed API calls")
        assert green[start - 1 : start + 3] == [
            "0",
            "failed API calls",
            "1 in passed tests",
            "1 in skipped tests",
        ]
        start = red.index("rotations")
        assert red[start : start + 3] == ["rotations", "1 failed, 2 succeeded", "in passed tests: 1 failed"]
        start = red.index("failed API call")
        assert red[start - 1 : start + 2] == ["1", "failed API call", "1 in passed tests"]

    def test_the_row_of_a_contract_counts_them_apart_and_that_of_a_test_does_not(self, secrets):
        rows = Read(
            page(self.items(secrets, "passed", "failed", contract="test_it.py::T", scenario_count=2))
        ).rows

        assert rows[1][4] == "1 failed, 2 succeededin passed tests: 1 failed"
        assert rows[1][5] == "11 in passed tests"
        alone = Read(page(self.items(secrets, "passed"))).rows
        assert alone[1][4:6] == ["1 failed, 1 succeeded", "1"]

    def test_they_are_grey(self, secrets):
        quiet, loud = (
            self.items(secrets, *outcomes)
            for outcomes in (("passed", "skipped", "xfailed"), ("failed", "xpassed"))
        )

        assert sum("quiet" in name.split() for name in Read(page(quiet)).values("class")) == 3
        assert sum("quiet" in name.split() for name in Read(page(loud)).values("class")) == 0


class TestManyTests:
    def items(self, count, **changes):
        item = {"location": "", "started": 0.0, "secrets": [], "outcome": "passed", **changes}
        return [ItemPart(nodeid=f"test_it.py::test_{number}", **item) for number in range(count)]

    def opened(self, items):
        return sum(name == "open" for name, _ in Read(page(items)).attributes)

    def test_few_tests_are_open_and_of_many_only_some_that_failed(self):
        assert self.opened(self.items(html_page._OPEN)) == html_page._OPEN
        assert self.opened(self.items(html_page._OPEN + 1)) == 0
        assert self.opened(self.items(3, outcome="failed") + self.items(20)) == 3
        assert self.opened(self.items(30, outcome="failed")) == html_page._OPEN

    def test_numbers_in_names_are_sorted_by_their_size(self):
        assert [row[1][-3:] for row in Read(page(self.items(11))).rows[-2:]] == ["t_9", "_10"]

    def test_each_card_links_back_to_the_top(self):
        found = Read(page(self.items(3)))

        assert found.values("href").count("#top") >= 3
        assert "top" in found.values("id")

    def test_each_outcome_and_secret_can_be_chosen(self, fakesecrets, client):
        for name in ("api", "db"):
            client.create_secret(Name=name, SecretString="value")
        secrets = secret_parts(fakesecrets)

        text = page([*self.items(2, secrets=secrets[:1]), *self.items(1, outcome="failed", secrets=secrets)])

        found = Read(text)
        options = ["all", "failed (1)", "passed (2)", "all", "api (3)", "db (1)"]
        assert [line for line in found.text.splitlines() if line in options] == options
        chosen = [name for name in found.values("class") if name.startswith("f-")]
        assert len(chosen) == 4
        for name in chosen:
            assert f"option.{name}:checked) :is(.test,.row):not(.{name[2:]})" in text
        rows = [name.split()[1:] for name in found.values("class") if name.startswith("row")]
        assert rows == [["o0", "s0", "s1"], ["o1", "s0"], ["o1", "s0"]]

    def test_a_filter_with_one_choice_is_left_out(self):
        assert Read(page(self.items(3))).elements["select"] == 0

    def test_the_scenarios_of_a_contract_are_one_row_with_a_verdict(self):
        class_id = "test_it.py::TestIt"
        outcomes = ["passed", "skipped", "failed", "passed"]
        scenarios = [
            replace(
                item, nodeid=f"{class_id}::test_{n}", outcome=outcome, contract=class_id, scenario_count=6
            )
            for n, (outcome, item) in enumerate(zip(outcomes, self.items(4), strict=True))
        ]

        found = Read(page([*scenarios, *self.items(1)]))

        assert [row[:2] for row in found.rows[1:]] == [
            ["failed", f"{class_id} 4 of 6 scenarios ran: 1 failed, 2 passed, 1 skipped"],
            ["passed", "test_it.py::test_0"],
        ]
        passing = Read(page([item for item in scenarios if item.outcome != "failed"]))
        assert passing.rows[1][0] == "passed"


HOSTILE = [
    "</pre></title><script>alert(1)</script>",
    "\"' onmouseover='alert(2)",
    "&lt;b&gt;<!--",
    "]]></svg><img src=x>",
    "line\nbreak\ttab",
    "pässwörd",
    '{"username": "app", "password": "s3cr3t<&>\\"quote"}',
]


class TestSecrecy:
    @pytest.mark.parametrize("value", HOSTILE)
    def test_no_value_is_on_the_page(self, fakesecrets, client, value):
        forms = (str, repr, ascii, json.dumps)

        def leaks(event, context):
            well_behaved(event, context)
            if event["Step"] == "testSecret":
                raise ValueError(" and ".join(f"not {form.__name__} {form(value)}" for form in forms))

        client.create_secret(Name="db", SecretString=value)
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", leaks)
        secrets = secret_parts(fakesecrets)
        values = [value, fakesecrets.secret("db").value("AWSPENDING"), "s3cr3t"]

        text = page([ItemPart(nodeid="t", outcome="failed", location="", started=0.0, secrets=secrets)])
        found = Read(text)

        assert "ValueError: not str ***" in found.text
        for form in forms:
            assert re.search(rf"not {form.__name__} ['\"]?\*\*\*", found.text), form
        everything = "\n".join([text, found.text, *filter(None, (value for _, value in found.attributes))])
        assert [value for value in values if value in everything] == []

    def test_what_a_test_says_in_place_of_aws_is_rid_of_values_too(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="hunter2-old")
        events = fakesecrets._service.history._events
        events[0] = replace(events[0], error="Oops", message="is hunter2-old", hint="not hunter2-old")

        text = "\n".join([str(secret_parts(fakesecrets)), shown(secret_parts(fakesecrets)).text])

        assert "hunter2-old" not in text
        assert "is ***" in text
        assert "not ***" in text

    def test_an_error_is_left_out_where_a_value_is_gone(self, fakesecrets, client):
        client.create_secret(Name="gone", SecretString="hunter2-gone")
        client.create_secret(Name="db", SecretString="hunter2-old")
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("setSecret", ConnectionError("no login with hunter2-gone")))
        client.delete_secret(SecretId="gone", ForceDeleteWithoutRecovery=True)

        text = shown(secret_parts(fakesecrets)).text

        assert "hunter2" not in text
        assert "ConnectionError" in text
        assert "Its text is left out" in text

    def test_a_value_among_the_parameters_of_a_test_is_left_out(self, run):
        run(
            source="""
            import pytest


            @pytest.mark.parametrize("value", ["hunter2-old", "pässwörd"])
            def test_it(fakesecrets_client, value):
                fakesecrets_client.create_secret(Name="db", SecretString=value)
                raise LookupError(value)
            """
        )

        found = read("report.html")
        assert [row[1].partition("::")[2] for row in found.rows[1:3]] == ["test_it[***]"] * 2
        assert "hunter2" not in Path("report.html").read_text("utf-8")
        assert "ssw" not in found.text

    def test_other_parameters_stay(self):
        assert redacted_nodeid(
            "test_it.py::test_value[a-1]", [lambda text: text.replace("value", "***")]
        ) == ("test_it.py::test_value[a-1]")

    @pytest.mark.parametrize("name", [*HOSTILE, "\ud800 half", "\x00\x1b[31m"])
    def test_whatever_a_function_or_a_test_is_called_stays_text(self, fakesecrets, client, name):
        client.create_secret(Name="db", SecretString="value")
        error = type(name.replace("\x00", "\x01").encode("ascii", "replace").decode(), (Exception,), {})
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("createSecret", error(name)))

        expected = page(
            [ItemPart(nodeid="x", outcome="x", location="x", started=0.0, secrets=secret_parts(fakesecrets))],
            notes=["x"],
        )
        text = page(
            [
                ItemPart(
                    nodeid=name, outcome=name, location=name, started=0.0, secrets=secret_parts(fakesecrets)
                )
            ],
            notes=[name],
        )

        assert Read(text).elements == Read(expected).elements
        text.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f]", text)

    def test_an_error_that_cannot_be_printed_does_no_harm(self, fakesecrets, client):
        class Unprintable(Exception):
            def __str__(self):
                raise LookupError

        client.create_secret(Name="db", SecretString="value")
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("createSecret", Unprintable()))

        assert "Unprintable" in shown(secret_parts(fakesecrets)).text


class TestLength:
    @pytest.mark.long
    def test_the_last_events_of_many_are_shown_with_a_note(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="value")
        for value in ("second", "third", "fourth"):
            client.put_secret_value(SecretId="db", SecretString=value)
        for _ in range(collector.ROWS + 1):
            client.describe_secret(SecretId="db")

        (part,) = secret_parts(fakesecrets)
        found = shown([part])

        assert (len(part.rows), part.left_out) == (collector.ROWS, 5)
        assert part.rows[0].aliases == {"AWSCURRENT": "v4", "AWSPREVIOUS": "v3"}
        assert "5 earlier events are left out." in found.text
        assert "(5 earlier events are left out)" in found.text
        assert "(empty)" not in found.text

    def test_many_rotations_secrets_and_long_texts_are_cut(self, fakesecrets, client, monkeypatch):
        monkeypatch.setattr(collector, "ROTATIONS", 2)
        monkeypatch.setattr(collector, "STEPS", 1)
        monkeypatch.setattr(collector, "SECRETS", 3)
        for number in range(5):
            client.create_secret(Name=f"db{number}", SecretString="value")
        for _ in range(3):
            fakesecrets.rotate("db0", well_behaved)
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db1", raising_in("createSecret", ValueError("x" * 10_000)))

        secrets, left_out = secrets_of(fakesecrets._service, fakesecrets._rotations.all())
        text = shown(secrets, secrets_left_out=left_out).text

        assert left_out == 3  # two, and the calls that name none
        assert "3 more secrets are left out." in text
        assert "1 earlier rotations are left out." in text
        assert "3 earlier steps are left out" in text
        assert "x" * 10_000 not in text
        assert "xxx …" in text

    def test_many_tests_are_listed_and_those_that_went_wrong_drawn(self, monkeypatch):
        monkeypatch.setattr(html_page, "TESTS", 2)
        outcomes = ["passed", "passed", "failed", "passed"]
        items = [
            ItemPart(nodeid=f"t{number}", outcome=outcome, location="", started=0.0, secrets=[])
            for number, outcome in enumerate(outcomes)
        ]

        found = Read(page(items))

        assert [row[1] for row in found.rows[1:]] == ["t2", "t0", "t1", "t3"]
        assert found.elements["details"] == 2
        assert "Details are shown for 2 of 4 tests." in found.text


class TestContract:
    def test_the_sentences_of_a_failure_are_not_redacted_a_second_time(self):
        sentence = "The target has another password for 'app'."

        def fails():
            raise ScenarioFailed(Failure("work-skipped", sentence, "", ()))

        with pytest.raises(AssertionError) as raised:
            Scenarios()._run_series([(1, fails)], 1, "killed after")
        failed = failure_of(raised.value, "call")

        shown = failed.redacted([lambda text: text.replace("other", "***")])

        assert sentence in shown.message

    @pytest.mark.parametrize(
        ("message", "outcome", "contract", "number"),
        [
            ("error-swallowed: It was rejected.", "failed", "test_it.py::TestMine", "2"),
            ("untested: It returned.\nWhat to do", "failed", "test_it.py::TestMine", "1"),
            ("error-swallowed: It was rejected.", "skipped", "test_it.py::TestMine", "1"),
            ("error-swallowed: It was rejected.", "failed", "", "1"),
            ("no-code: It is so.", "failed", "test_it.py::TestMine", "1"),
        ],
    )
    def test_the_finding_of_a_failed_scenario_counts_once(
        self, fakesecrets, client, monkeypatch, message, outcome, contract, number
    ):
        finding = Finding(code="untested", text="It returned.", advice="Log in.", step="testSecret")
        monkeypatch.setattr(Rotation, "findings", (finding,), raising=False)
        client.create_secret(Name="db", SecretString="value")
        fakesecrets.rotate("db", well_behaved)

        found = shown(secret_parts(fakesecrets), message=message, outcome=outcome, contract=contract)

        assert found.rows[1][-1] == number
        assert f"\n{number}\nfinding{'' if number == '1' else 's'}\n" in found.text

    def test_a_contract_is_one_row_and_its_scenarios_are_inside(self, run):
        run(
            "-k",
            "a_rotation_succeeds or two_rotations or alternating or a_test_of_its_own",
            source="""
            from rotation_functions import raising_in, well_behaved

            from pytest_fakesecrets import RotationContract


            class TestGood(RotationContract):
                rotation_function = staticmethod(well_behaved)
                secret_value = "value"

                def test_a_test_of_its_own(self, fakesecrets): pass


            class TestBad(RotationContract):
                rotation_function = staticmethod(raising_in("setSecret", LookupError("no database")))
                secret_value = "value"
                without = {"test_alternating_users_come_back_after_two_rotations": "one user"}
            """,
        )

        found = read("report.html")
        rows = [(row[0], row[1].partition("::")[2]) for row in found.rows[1:4]]
        total = sum(name.startswith("test_") for name in dir(RotationContract))
        assert [row[0] for row in rows] == ["failed", "passed", "passed"]
        assert rows[0][1].startswith(f"TestBad 3 of {total} scenarios ran: ")
        assert rows[1][1].startswith(f"TestGood 3 of {total} scenarios ran: 2 passed, 1 skipped")
        assert rows[2][1] == "TestGood::test_a_test_of_its_own"
        assert {"test_a_rotation_succeeds", "one user"} <= set(found.text.splitlines())
        assert "LookupError: no database at rotation_functions.py" in found.text


#: Contracts of a function that takes each error of createSecret for a missing value, and of one that stores a value in
#: each delivery of createSecret. The first one writes to the log, to stdout and to stderr, as AWS's templates do.
SERIES = f"""
import logging
import sys

{FUNCTION}

good = rotate


def swallows(event, context):
    logging.getLogger().info("%s begins", event["Step"])
    print(f"{{event['Step']}} is printed")
    sys.stderr.write(f"{{event['Step']}} is an error\\n")
    good(event, context)


def create(client, arn, token):
    client.get_secret_value(SecretId=arn)
    try:
        client.get_secret_value(SecretId=arn, VersionId=token)
    except Exception:
        put(client, arn, token)


class TestSwallowing(RotationContract):
    rotation_function = staticmethod(swallows)
    secret_value = "old-password"


def stores_twice(event, context):
    if event["Step"] == "createSecret":
        put(secrets_manager(), event["SecretId"], event["ClientRequestToken"])
    else:
        good(event, context)


class TestEager(RotationContract):
    rotation_function = staticmethod(stores_twice)
    secret_value = "old-password"
"""


@pytest.mark.long
class TestRunsOfAScenario:
    """A scenario has many runs, and resets the fake before each. The page shows the one that its message is about."""

    ran = SimpleNamespace()

    @pytest.fixture
    def shared(self, run):
        if not vars(self.ran):
            output = run(
                "-p",
                "no:xdist",
                "--log-level=INFO",
                "-k",
                "TestSwallowing and (throttling or server_error) or TestEager and (delivered or unknown_token)",
                source=SERIES,
            )
            self.ran.outcomes, self.ran.lines = output.parseoutcomes(), output.outlines
            self.ran.text = read("report.html").text
        return self.ran

    def scenario(self, shared, name):
        """The text of the details of a scenario."""
        return shared.text.partition("Details\n")[2].partition(f"\n{name}\n")[2].partition("Back to top")[0]

    def test_the_page_shows_the_run_that_failed_and_not_the_last_one(self, shared):
        text = self.scenario(shared, "test_throttling_of_any_call_is_survived")

        assert "GetSecretValue in createSecret was rejected with ThrottlingException (call 3 of" in text
        faults = text.partition("Failed API calls and injected faults")[2].partition(" events\n")[0]
        assert set(re.findall(r"(\w+) rejected\n+(\w+)\n", faults)) == {("GetSecretValue", "createSecret")}
        assert "This scenario runs the rotation several times, " in text

    def test_the_page_shows_the_run_of_a_scenario_that_is_skipped_because_its_cause_is_reported(self, shared):
        text = self.scenario(shared, "test_a_server_error_on_any_call_is_survived")

        assert "It fails for the same cause as test_throttling_of_any_call_is_survived." in text
        faults = text.partition("Failed API calls and injected faults")[2].partition(" events\n")[0]
        assert set(re.findall(r"(\w+) rejected\n+(\w+)\n", faults)) == {("GetSecretValue", "createSecret")}

    def test_the_page_shows_the_second_delivery_of_a_step_in_the_table_in_the_events_and_as_text(
        self, shared
    ):
        text = self.scenario(shared, "test_each_step_may_be_delivered_twice")

        assert "createSecret was delivered twice, and raised the second time" in text
        assert "\ncreateSecret, delivered again\n1\n" in text
        raised = "createSecret, delivered again, raised ResourceExistsException"
        assert f"\n{raised}\n" in text
        assert f"  {raised}: An error occurred" in text
        assert "This scenario runs the rotation several times, " not in text

    def test_the_page_shows_an_event_that_belongs_to_no_rotation_in_a_table_of_its_own(self, shared):
        text = self.scenario(shared, "test_an_unknown_token_is_refused")

        table = text.partition("\nEvents outside of a rotation\n")[2].partition(" events\n")[0]
        assert re.findall(r"^\w+Secret$", table, re.MULTILINE) == ["createSecret"]
        assert "\nreturned\n" in table

    def test_the_captured_log_and_output_are_those_of_the_run_that_failed(self, shared):
        after = shared.lines[[line.strip(" -") for line in shared.lines].index("Captured stdout call") :]
        captured = list(takewhile(lambda line: not line.startswith("E "), after))
        note = r"\(\d\d+ lines of other runs of this scenario are left out\.\)"
        lines_of_create_secret = {
            "stdout": "createSecret is printed",
            "stderr": "createSecret is an error",
            "log": "INFO .* createSecret begins",
        }
        for name, line in lines_of_create_secret.items():
            start = captured.index(f" Captured {name} call ".center(80, "-"))
            assert re.fullmatch(note, captured[start + 1])
            assert re.fullmatch(line, captured[start + 2])
            assert sum(bool(re.fullmatch(line, each)) for each in captured) == 1
        for step in ("setSecret", "testSecret", "finishSecret"):
            assert shared.lines.count(f"{step} is printed") == 1


class TestOtherScopes:
    def test_a_shared_fake_has_a_part_for_each_test_with_its_own_calls(self, run):
        run(
            "-p",
            "no:randomly",
            source="""
            import pytest

            from pytest_fakesecrets import FakeSecrets


            @pytest.fixture(scope="module")
            def fake():
                with FakeSecrets() as fake:
                    yield fake


            def test_1(fake):
                fake.client().create_secret(Name="db", SecretString="hunter2-old")


            def test_2_does_nothing(fake): pass


            def test_3(fake):
                fake.client().put_secret_value(SecretId="db", SecretString="hunter2-new")
                fake.client().create_secret(Name="api", SecretString="hunter2-api")


            def test_4_begins_anew(fake):
                fake.reset()
                fake.client().create_secret(Name="other", SecretString="hunter2-other")
            """,
        ).assert_outcomes(passed=4)

        found = read("report.html")
        assert [(row[1].partition("::")[2], row[2]) for row in found.rows[1:4]] == [
            ("test_1", "1"),
            ("test_3", "2"),
            ("test_4_begins_anew", "1"),
        ]
        assert "1 earlier events are left out." in found.text

    def test_a_failed_test_that_used_a_shared_fake_has_its_timeline_and_is_on_the_page(self, run):
        ran = run(
            "-p",
            "no:randomly",
            source="""
            import pytest

            from pytest_fakesecrets import FakeSecrets


            @pytest.fixture(scope="module")
            def fake():
                with FakeSecrets() as fake:
                    yield fake


            @pytest.fixture(scope="module")
            def database(fake):
                fake.add_secret("db", "hunter2-old")


            def test_1_makes_a_call(fake, database):
                fake.client().describe_secret(SecretId="db")
                assert not "1 calls"


            def test_2_reads_a_view(fake):
                assert fake.secret("db").value == "3"


            def test_3_has_it_through_a_fixture(database):
                assert not "3 fixture"


            def test_3_names_it(request):
                assert request.getfixturevalue("fake").history == ()


            def test_4_does_not_use_it():
                assert not "4 nothing"


            def test_5_passes(fake): pass


            class TestOfItsOwn:
                @pytest.fixture
                def another(self): pass

                def test_6(self, another):
                    assert not "6 nothing"
            """,
        )

        ran.assert_outcomes(failed=6, passed=1)
        found = read("report.html")
        assert [row[1].partition("::")[2] for row in found.rows[1:5]] == [
            "test_1_makes_a_call",
            "test_2_reads_a_view",
            "test_3_has_it_through_a_fixture",
            "test_3_names_it",
        ]
        assert "test_4" not in found.text
        assert "test_5" not in found.text
        assert ran.stdout.str().count("-- fakesecrets --") == 4
        ran.stdout.fnmatch_lines(["* AWSCURRENT*", "*DescribeSecret*"])

    def test_a_test_with_many_fakes_shows_the_last_ones(self, run):
        run(
            source=f"""
            from pytest_fakesecrets import FakeSecrets


            def test_it():
                client = None
                for number in range({pytest_hooks.FAKES} + 3):
                    with FakeSecrets() as fake:
                        client = client or fake.client()
                        client.create_secret(Name=f"db{{number}}", SecretString="value")
                with fake:
                    client.describe_secret(SecretId=f"db{{number}}")
            """
        ).assert_outcomes(passed=1)

        text = read("report.html").text
        assert f"It used {pytest_hooks.FAKES + 3} fakes; these are the last {pytest_hooks.FAKES}." in text
        assert f" in fake {pytest_hooks.FAKES} of {pytest_hooks.FAKES}" in text
        assert "db2" not in text.splitlines()
        assert "db14" in text.splitlines()


@pytest.mark.long
class TestRun:
    def test_workers_hand_their_parts_to_the_controller(self, run):
        pytest.importorskip("xdist")
        ran = run(
            "-n2",
            source="""
            import pytest


            @pytest.mark.parametrize("number", range(6))
            def test_it(fakesecrets_client, number):
                fakesecrets_client.create_secret(Name=f"db{number}", SecretString="hunter2-old")
            """,
        )

        ran.assert_outcomes(passed=6)
        found = read("report.html")
        assert [row[1].partition("::")[2] for row in found.rows[1:7]] == [f"test_it[{n}]" for n in range(6)]
        assert {f"db{number}" for number in range(6)} <= set(found.text.splitlines())

    INTERRUPTED = """
        import pytest


        def test_1(fakesecrets_client):
            fakesecrets_client.create_secret(Name="first", SecretString="hunter2-old")


        def test_2(fakesecrets_client):
            fakesecrets_client.create_secret(Name="second", SecretString="hunter2-old")
            raise KeyboardInterrupt


        def test_3(fakesecrets): pass
        """

    def test_an_interrupted_run_shows_how_far_it_came(self, run):
        ran = run("-p", "no:randomly", source=self.INTERRUPTED, no_reraise_ctrlc=True)

        assert ran.ret == pytest.ExitCode.INTERRUPTED
        found = read("report.html")
        assert [(row[0], row[1].partition("::")[2]) for row in found.rows[1:3]] == [
            ("interrupted", "test_2"),
            ("passed", "test_1"),
        ]
        assert "This run was interrupted. Tests that had not run by then are missing." in found.text
        assert {"first", "second"} <= set(found.text.splitlines())
        assert "test_3" not in found.text

    def test_an_interrupted_worker_shows_how_far_it_came(self, run):
        pytest.importorskip("xdist")

        ran = run("-n1", "-p", "no:randomly", source=self.INTERRUPTED, no_reraise_ctrlc=True)

        assert ran.ret == pytest.ExitCode.INTERRUPTED
        found = read("report.html")
        assert {"first", "second"} <= set(found.text.splitlines())
        assert "This run was interrupted. Tests that had not run by then are missing." in found.text

    def test_a_run_that_is_killed_leaves_no_page_of_an_earlier_one(self, pytester, run):
        pytester.path.joinpath("report.html").write_text("of yesterday")
        pytester.makepyfile("def test_it(fakesecrets): import os; os._exit(3)")

        pytester.runpytest_subprocess("--fakesecrets-report=report.html")

        assert (
            "This run has not ended yet, or was killed: its tests are not here." in read("report.html").text
        )

    @pytest.mark.parametrize("path", ["a_file/report.html", "a_file/deeper/report.html", "."])
    def test_a_path_that_cannot_be_written_is_refused_before_anything_runs(self, pytester, path):
        pytester.path.joinpath("a_file").touch()
        pytester.makepyfile("def test_it(): open('ran', 'w')")

        ran = pytester.runpytest(f"--fakesecrets-report={path}")

        assert ran.ret == pytest.ExitCode.USAGE_ERROR
        ran.stderr.fnmatch_lines(
            [
                "ERROR: --fakesecrets-report: * cannot be written: *. "
                "Choose a file in a directory that can be written."
            ]
        )
        assert not pytester.path.joinpath("ran").exists()

    def test_a_page_that_cannot_be_written_at_the_end_does_not_change_the_outcome(self, run):
        ran = run(
            source="""
            import os


            def test_it(fakesecrets):
                os.remove("report.html")
                os.mkdir("report.html")
            """
        )

        ran.assert_outcomes(passed=1)
        assert ran.ret == 0
        ran.stdout.fnmatch_lines(["fakesecrets report: *report.html cannot be written: Is a directory."])

    def test_directories_are_made_and_the_tests_may_go_elsewhere(self, pytester):
        pytester.makepyfile("def test_it(fakesecrets, monkeypatch, tmp_path): monkeypatch.chdir(tmp_path)")

        pytester.runpytest("--fakesecrets-report=out/of/report.html").assert_outcomes(passed=1)

        assert "test_it" in read(pytester.path / "out/of/report.html").text

    @pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--fixtures-per-test", "--help"])
    def test_what_only_lists_writes_none(self, pytester, run, option):
        run(option, source="def test_it(fakesecrets): pass")

        assert not pytester.path.joinpath("report.html").exists()

    def test_nothing_listens_any_more_after_a_run(self, run):
        run(source="def test_it(fakesecrets): pass")
        before = len(pytest_hooks.listeners)
        run()

        assert len(pytest_hooks.listeners) == before

    def test_none_is_written_without_the_option(self, pytester):
        pytester.makepyfile("def test_it(fakesecrets): pass")
        pytester.makeconftest(
            """
            import sys


            def pytest_unconfigure():
                print([name for name in sys.modules if name.endswith(("._report_plugin", "._page", "._chart"))])
            """
        )

        ran = pytester.runpytest_subprocess("-s", "-p", "no:pytester")

        ran.assert_outcomes(passed=1)
        ran.stdout.fnmatch_lines(["[[]]"])


@pytest.fixture(scope="session")
def chromium():
    """A browser without a screen: `chromium(page, "--dump-dom")` is what it prints."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        end = pytest.fail if os.environ.get(MUST_RUN) else pytest.skip
        end(f"none of {', '.join(BROWSERS)} is on the PATH")

    def call(path, *arguments):
        profile = path.parent / "profile"
        options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}")
        ran = subprocess.run(
            [found, *options, "--window-size=1400,1800", *arguments, path.as_uri()],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return call


@pytest.mark.long
class TestBrowser:
    def test_shows_the_page(self, pytester, run, chromium):
        run(source=RICH).assert_outcomes(failed=1)
        path, picture = pytester.path / "report.html", pytester.path / "report.png"

        rendered = chromium(path, "--dump-dom")
        chromium(path, f"--screenshot={picture}")

        found = Read(rendered)
        assert {line for line in read(path).text.splitlines() if line.strip()} <= set(found.text.splitlines())
        assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?\s*(https?:|//)", rendered)
        assert "hunter2" not in rendered
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 50_000

    def test_a_choice_hides_the_other_tests(self, tmp_path, chromium):
        secrets = [
            SecretPart(
                arn=name,
                fake_number=1,
                rows=[Row(at="", seconds=0.0, kind="call", description="x", aliases={})],
                left_out=0,
                with_value=[],
                rotations=[],
                rotations_left_out=0,
                timeline_text="",
            )
            for name in ("api", "db")
        ]
        item = {"location": "", "started": 0.0}
        items = [
            ItemPart(nodeid="both", outcome="failed", secrets=secrets, **item),
            ItemPart(nodeid="api", outcome="passed", secrets=secrets[:1], **item),
        ]
        path, text = tmp_path / "report.html", page(items)
        script = (
            "<script>const shown = () => [...document.querySelectorAll('.row')]"
            ".filter(row => row.checkVisibility()).map(row => row.cells[1].textContent).join('+');"
            "const seen = [shown()]; for (const select of document.querySelectorAll('select')) {"
            "for (let i = 1; i < 3; i++) { select.selectedIndex = i; seen.push(shown()); } select.selectedIndex = 0; }"
            "document.body.dataset.seen = seen.join(' ');</script></body>"
        )
        without_policy = re.sub("<meta http-equiv[^>]*>", "", text)
        path.write_text(without_policy.replace("</body>", script), encoding="utf-8")

        assert 'data-seen="both+api both api both+api both"' in chromium(path, "--dump-dom")

    def test_the_pictures_of_the_readme_can_be_made(self, tmp_path, monkeypatch, chromium):
        script = Path(__file__).parent.parent / "examples" / "make_pictures.py"
        spec = spec_from_file_location("make_pictures", script)
        pictures = module_from_spec(spec)
        spec.loader.exec_module(pictures)
        monkeypatch.setattr(pictures, "PICTURES", tmp_path)

        pictures.main()

        names = ["contract-dark.png", "contract.png", "report-dark.png", "report.png"]
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        for path in tmp_path.iterdir():
            assert path.read_bytes().startswith(b"\x89PNG")
            assert 10_000 < path.stat().st_size < 150_000


@pytest.mark.long
def test_a_page_of_a_thousand_events_is_limited_in_size():
    with FakeSecrets() as fake:
        client = fake.client()
        client.create_secret(Name="db", SecretString="hunter2-old")
        fake.clock.move_to("2030-01-01")
        fake.rotate("db", well_behaved, RotationRules={"ScheduleExpression": "rate(30 days)"})
        fake.clock.tick(timedelta(days=2_000))

        (part, *_) = secret_parts(fake)

    assert part.left_out > 900
    assert len(part.rotations) == collector.ROTATIONS
    assert (
        len(page([ItemPart(nodeid="t", outcome="passed", location="", started=0.0, secrets=[part])]))
        < 500_000
    )
