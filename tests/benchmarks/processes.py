"""Measurements of whole processes: start-up, a run of pytest, and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sizes import Sizes

HERE = Path(__file__).parent

_IMPORT_OF_PLUGIN = """
import pytest
import pytest_fakesecrets.plugin
for name in pytest_fakesecrets.plugin.pytest_plugins:
    __import__(name)
import sys
print(*{"botocore", "boto3", "croniter", "freezegun"} & set(sys.modules))
"""

_IMPORT_OF_MOTO = "import pytest\nfrom moto import mock_aws"

_CONTRACT = """
import os
import sys
from functools import cache

import boto3
from pytest_fakesecrets import RotationContract

sys.path.append({here!r})
from rotating import rotate_with

def of_a_new_session():
    return boto3.Session().client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])

kept = cache(of_a_new_session)

class TestFunction(RotationContract):
    secret_value = "old"

    @staticmethod
    def rotation_function(event, context):
        rotate_with({client}(), event)
"""

_MEMORY = """
import sys
sys.path.append({here!r})
import calls
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
{make}
make(200)
before = resident()
kept = make({secrets})
print(resident() - before)
"""

_MAKE_OURS = """
from pytest_fakesecrets import FakeSecrets
def make(secrets):
    with FakeSecrets() as fake:
        calls.create_others(secrets)
    return fake
"""

_MAKE_MOTO = """
import side_moto
from moto import mock_aws
def make(secrets):
    with mock_aws():
        backend = side_moto.secretsmanager_backends[side_moto.ACCOUNT][side_moto.REGION]
        side_moto.fill(backend, secrets)
        return side_moto.copy(backend.secrets)
"""

_TESTS = """
import pytest

def pytest_sessionfinish():
    print("\\nresident", int(open("/proc/self/statm").read().split()[1]) * 4096)

@pytest.fixture
def outer():
    yield

@pytest.fixture
def inner(outer):
    return outer

@pytest.mark.parametrize("number", range({tests}))
def test_it({fixtures}):
    {body}
"""


class Processes:
    """
    The measurements of one checkout, by name; those of moto are the same for all.

    Args:
        environ: environment variables that let its processes import the package of that checkout.
    """

    def __init__(self, environ: Mapping[str, str], sizes: Sizes) -> None:
        # Without byte code each import would compile its modules.
        self._environ = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        }
        self._environ.update(environ)
        self._sizes = sizes
        self.ours = {
            "import": self._import_of_plugin,
            "contract, kept client": lambda: self._contract("kept"),
            "contract, a session in each step": lambda: self._contract("of_a_new_session"),
            "memory": lambda: self._memory(_MAKE_OURS),
            "memory after tests": self._memory_after_tests,
        }
        self.moto = {
            "import": lambda: self._imported(_IMPORT_OF_MOTO),
            "memory": lambda: self._memory(_MAKE_MOTO),
        }

    def _import_of_plugin(self) -> float:
        if slow := self._python("-c", _IMPORT_OF_PLUGIN).stdout.strip():
            raise RuntimeError(f"Loading the plugin has imported {slow}.")
        return self._imported(_IMPORT_OF_PLUGIN)

    def _imported(self, source: str) -> float:
        # importtime reports elapsed time, so the minimum of five runs is closest to the CPU time.
        return min(_imported_after_pytest(self._python("-X", "importtime", "-c", source)) for _ in range(5))

    def _contract(self, client: str) -> float:
        source = _CONTRACT.format(here=str(HERE), client=client)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._pytest(source)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def _memory(self, make: str) -> float:
        source = _MEMORY.format(here=str(HERE), make=make, secrets=self._sizes.in_memory)
        return float(self._python("-c", source).stdout)

    def _memory_after_tests(self) -> float:
        """Return the bytes that the fakes of many tests retain, minus those of pytest for as many fixtures."""
        with_fake = {"fixtures": "number, fakesecrets_client", "body": _CREATE}
        without = {"fixtures": "number, inner", "body": "pass"}
        of_fakes, of_pytest = (
            self._resident(tests=self._sizes.tests, **kind) - self._resident(tests=10, **kind)
            for kind in (with_fake, without)
        )
        return of_fakes - of_pytest

    def _resident(self, **test: object) -> float:
        output = self._pytest(_TESTS.format(**test), "-p", "test_it").stdout
        return float(next(line.split()[1] for line in output.splitlines() if line.startswith("resident")))

    def _pytest(self, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "test_it.py").write_text(source, encoding="utf-8")
            options = ("-q", "-s", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")
            return self._python("-m", "pytest", *options, *arguments, "test_it.py", directory=directory)

    def _python(self, *arguments: str, directory: str | None = None) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [sys.executable, *arguments], cwd=directory, env=self._environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ran.returncode:
            raise RuntimeError(f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
        return ran


_CREATE = 'fakesecrets_client.create_secret(Name="db", SecretString="x")'


def _imported_after_pytest(ran: subprocess.CompletedProcess[str]) -> float:
    """Return the seconds of the imports after pytest, from lines "import time: self [us] | cumulative | package"."""
    lines = [line.removeprefix("import time:").split("|") for line in ran.stderr.splitlines()]
    rows = [(parts[0], parts[2].strip()) for parts in lines if len(parts) == 3]
    last = max(place for place, (_, module) in enumerate(rows) if module == "pytest")
    return sum(int(own) for own, _ in rows[last + 1 :]) / 1e6
