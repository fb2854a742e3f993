"""
Fresh interpreters for many scripts: forks of one process, which has imported what botocore and this package need, but
neither of them. Half of the time of a script of its own went into those imports.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import NamedTuple

SECONDS_OF_A_SCRIPT = 60

FORKS = f"""
import gc, importlib, json, os, signal, sys, tempfile, traceback, types

for name in {{names}}:
    importlib.import_module(name)

own = ("aiobotocore", "boto3", "botocore", "pytest_fakesecrets")
assert not [name for name in sys.modules if name.partition(".")[0] in own]
gc.freeze()
gc.disable()  # it would write to the pages that the forks share


def run(script, arguments, errors):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    signal.alarm({SECONDS_OF_A_SCRIPT})
    sys.argv[:] = ["-c", *arguments]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    try:
        exec(compile(script, "<string>", "exec"), vars(main))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


for line in sys.stdin:
    with tempfile.TemporaryFile() as written:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                code = run(*json.loads(line), written.fileno())
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        written.seek(0)
        print(json.dumps([code, written.read().decode()]), flush=True)
"""

#: What the scripts would import with botocore, boto3 and this package.
NAMES = (
    *(
        "concurrent.futures",
        "croniter",
        "dateutil.parser",
        "dateutil.tz",
        "email.utils",
        "freezegun",
        "http.client",
    ),
    *(
        "jmespath",
        "logging.config",
        "pytest",
        "ssl",
        "urllib3.connectionpool",
        "uuid",
        "xml.etree.ElementTree",
    ),
)


class Ran(NamedTuple):
    """How a script has ended, and what it has written to its standard output and error."""

    returncode: int
    written: str


OPTIONS = ("-W", "error", "-W", "ignore::ImportWarning")


def in_a_process_of_its_own(script, *arguments):
    """The same where processes cannot be forked."""
    ran = subprocess.run(
        [sys.executable, *OPTIONS, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_OF_A_SCRIPT,
    )
    return Ran(ran.returncode, ran.stdout)


@contextmanager
def interpreters(names=NAMES):
    """What runs a script with arguments in an interpreter of its own, with warnings as errors."""
    if not hasattr(os, "fork"):
        yield in_a_process_of_its_own
        return
    command = [sys.executable, *OPTIONS, "-c", FORKS.format(names=names)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def run(script, *arguments):
            process.stdin.write(json.dumps([script, arguments]) + "\n")
            process.stdin.flush()
            return Ran(*json.loads(process.stdout.readline()))

        try:
            yield run
        finally:
            process.stdin.close()
