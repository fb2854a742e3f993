"""What a test pays before its first call: start-up, entering and leaving, clients; and what a large world holds."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import boto3
from interleaved import race
from moto import mock_aws
from worlds import KEYS, REGION, SESSION, Floor, Moto, Ours

from pytest_fakesecrets import FakeSecrets


def entering(rounds: int) -> dict[str, float]:
    """Seconds of entering and leaving, with nothing between."""

    def ours(_):
        with FakeSecrets():
            pass

    def moto(_):
        with mock_aws():
            pass

    return race({"ours": _plain(ours), "moto": _plain(moto)}, rounds=rounds, repeats=5)


def one_test(rounds: int) -> dict[str, float]:
    """Seconds of a whole small test that makes its client, creates a secret and reads it."""

    def ours(_):
        with FakeSecrets() as fake:
            _create_and_read(fake.client())

    def moto(_):
        with mock_aws():
            _create_and_read(boto3.client("secretsmanager", region_name=REGION))

    return race({"ours": _plain(ours), "moto": _plain(moto)}, rounds=rounds, repeats=2)


def _create_and_read(client) -> None:
    client.create_secret(Name="db", SecretString="value")
    client.get_secret_value(SecretId="db")


def clients(rounds: int) -> dict[str, float]:
    """Seconds of making a client: ours, botocore's from a session that is kept, boto3's from a new one."""

    @contextmanager
    def ours():
        with FakeSecrets() as fake:
            yield lambda _: fake.client()

    def kept(_):
        SESSION.create_client("secretsmanager", region_name=REGION, **KEYS)

    def new(_):
        boto3.Session().client("secretsmanager", region_name=REGION, **KEYS)

    variants = {"ours": ours, "a kept session": _plain(kept), "a new session": _plain(new)}
    return race(variants, rounds=rounds, repeats=2)


def pages(rounds: int, secrets: int = 10_000) -> dict[str, float]:
    """Seconds of one page of 100, on the way through all pages of that many secrets."""

    def through_all(world):
        @contextmanager
        def variant():
            with world.entered() as client:
                listed = client.get_paginator("list_secrets")
                yield lambda _: sum(1 for _ in listed.paginate(PaginationConfig={"PageSize": 100}))

        return variant

    hundred = Ours(100)
    with hundred.entered() as client:
        page = client.list_secrets(MaxResults=100)
    floor = Floor({"ListSecrets": page}, parsed=True)

    @contextmanager
    def on_the_floor():
        with floor.entered() as client:
            yield lambda _: [client.list_secrets(MaxResults=100) for _ in range(secrets // 100)]

    variants = {"floor that parses": on_the_floor, "ours": through_all(Ours(secrets))}
    variants["ours, a tenth of them"] = through_all(Ours(secrets // 10))
    variants["moto"] = through_all(Moto(secrets))
    seconds = race(variants, rounds=rounds, repeats=1)
    count = {"ours, a tenth of them": secrets // 1000}
    return {name: total / count.get(name, secrets // 100) for name, total in seconds.items()}


def pages_after_writes(rounds: int, secrets: int = 10_000) -> dict[str, float]:
    """Seconds of a new value for one of that many secrets, and of the first secret of the list then."""

    def written_and_listed(world):
        @contextmanager
        def variant():
            with world.entered() as client:
                client.list_secrets(MaxResults=1)
                yield lambda number: write_and_list(client, number)

        return variant

    def write_and_list(client, number):
        client.put_secret_value(SecretId=f"other-{secrets // 2}", SecretString=f"{number}")
        client.list_secrets(MaxResults=1)

    variants = {"ours": written_and_listed(Ours(secrets)), "moto": written_and_listed(Moto(secrets))}
    return race(variants, rounds=rounds, repeats=20)


def starting(rounds: int) -> dict[str, float]:
    """Seconds of a pytest that collects one test which uses no fake, and of what is imported for it."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")

        def collecting(*arguments):
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "--collect-only",
                "-p",
                "no:cacheprovider",
                *arguments,
            ]
            return lambda _: subprocess.run(command, cwd=directory, capture_output=True, check=True)

        seconds = race(
            {"with it": _plain(collecting()), "without it": _plain(collecting("-p", "no:fakesecrets"))},
            rounds=rounds,
            repeats=1,
        )
    for name, module in {
        "import of the plugin": "pytest_fakesecrets.plugin",
        "import of moto": "moto",
    }.items():
        seconds[name] = statistics.median(_import(module) for _ in range(rounds))
    return seconds


def _import(module: str) -> float:
    """Seconds of an import in a fresh process, after that of pytest."""
    script = (
        "import pytest, time; start = time.perf_counter(); "
        f"from {module} import {'mock_aws' if module == 'moto' else 'fakesecrets'}; print(time.perf_counter() - start)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(ran.stdout)


def memory(secrets: int = 10_000) -> dict[str, float]:
    """Bytes of resident memory for so many secrets of 100 bytes, each side in a process of its own."""
    script = """
import sys
sys.path.insert(0, {folder!r})
import worlds
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
worlds.{side}(200)
before = resident()
world = worlds.{side}({secrets})
print(resident() - before)
"""
    folder = str(Path(__file__).parent)
    seconds = {}
    for name, side in {"ours": "Ours", "moto": "Moto"}.items():
        source = script.format(folder=folder, side=side, secrets=secrets)
        ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
        seconds[name] = float(ran.stdout)
    return seconds


def _plain(call):
    @contextmanager
    def variant():
        call(0)
        yield call

    return variant
