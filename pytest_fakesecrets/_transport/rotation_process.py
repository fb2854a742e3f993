"""`RotationProcess`: a rotation function in any language, as a process that speaks Lambda's runtime API."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from threading import Event, Lock, RLock, Thread
from typing import IO, Any
from weakref import WeakSet

from pytest_fakesecrets._core.errors import (
    FakeSecretsError,
    FunctionFailed,
    FunctionStopped,
)
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._service.clock import milliseconds_outside, peek
from pytest_fakesecrets._service.code_folder import found_folder
from pytest_fakesecrets._service.dummy_credentials import SESSION_TOKEN
from pytest_fakesecrets._service.environment_variables import child_environ
from pytest_fakesecrets._service.function_timeout import has_process_timed_out, process_timed_out
from pytest_fakesecrets._service.functions import LambdaContext, Runner, checked_environ

from . import state
from .runtime_api import Broken, Invocation, Mailbox, Raised, Returned, RuntimeListener
from .state import HOME, Backend

#: The seconds that a process has until it asks for an event, or the function's timeout if that is longer. Lambda's
#: init phase has 10 seconds, and then another try within the timeout.
_INIT_TIMEOUT = 10.0
#: The seconds between two looks at the clock and at the process.
_POLL = 0.05
#: The polls that a process has, after its answer, to ask for the next event: what it wrote before is of this step.
_POLLS_AFTER = 10

#: The number of characters of the last output that are kept, and that are shown with a failure.
_KEPT, _SHOWN = 20_000, 2_000
#: The number of bytes of output that are read ahead. Then the process waits, as with a slow terminal.
_MOST_OUTPUT = 16 * 1024 * 1024

_NAME = "The process of the rotation function"


@exported
class RotationProcess:
    """
    A rotation function in any language: a process that speaks Lambda's runtime API.

    It goes where a handler goes:

        fakesecrets.add_rotation_function(RotationProcess(["node", "runtime.mjs"], cwd="functions/rotation"))

    The process is started at the first step, with the environment variables of a Lambda function, with
    AWS_LAMBDA_RUNTIME_API, and with the endpoint of the fake. It serves step after step, and is ended with the test.
    What it writes is shown with the output of the test, and searched for secret values.

    Args:
        command: the program and its arguments.
        cwd: its working directory, relative to pytest's rootdir or to the working directory.
        environ: further environment variables.

    Raises:
        FakeSecretsError: the command is not a sequence of str, or a variable cannot be set.
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._command = _checked_command(command)
        self._cwd = cwd
        self._environ = checked_environ(environ or {})

    def __repr__(self) -> str:
        return f"<RotationProcess {' '.join(self._command)}>"


def _checked_command(command: object) -> tuple[str, ...]:
    words: list[object] = (
        list(command) if isinstance(command, Sequence) and not isinstance(command, str | bytes) else []
    )
    found = [os.fspath(word) if isinstance(word, str | os.PathLike) else word for word in words]
    texts = tuple(word for word in found if isinstance(word, str) and "\0" not in word)
    if not texts or not texts[0] or len(texts) < len(found):
        raise FakeSecretsError(
            f"RotationProcess takes a program and its arguments as a list of str, such as ['node', 'runtime.mjs'], not "
            f"{command!r}."
        )
    return texts


class ProcessRunner(Runner):
    """
    The processes of one function: one at a time, or more if a step of the function runs within another one.

    Args:
        bases: the directories to which the working directory of the process may be relative.

    Raises:
        FakeSecretsError: its working directory does not exist, or the system has no process groups.
    """

    def __init__(self, process: RotationProcess, bases: Sequence[str], backend: Backend) -> None:
        if os.name != "posix":
            raise FakeSecretsError(
                "RotationProcess needs the process groups and the pipes of a POSIX system, and this one has none. Run "
                "these tests on Linux or macOS."
            )
        self._process = process
        self._directory = os.getcwd() if process._cwd is None else found_folder("cwd", process._cwd, bases)
        self._backend = backend
        self._lock = RLock()
        self._idle: list[_ProcessEnvironment] = []
        self._all: set[_ProcessEnvironment] = set()
        self.__name__ = os.path.basename(os.path.splitext(process._command[-1])[0])

    def __repr__(self) -> str:
        return repr(self._process)

    def take(self, environ: Mapping[str, str], timeout: timedelta, *, is_cold: bool) -> _ProcessEnvironment:
        """
        Return an execution environment that waits for an event: a warm one, unless *is_cold*, or else a new one.

        Raises:
            FunctionFailed: the process did not start, or did not ask for an event.
            FakeSecretsError: the fake is not active.
        """
        if state.active is not self._backend:  # it would be left behind
            raise FakeSecretsError(state.NOT_ACTIVE)
        variables = {**environ, **self._process._environ}
        warm = self._warm(variables, is_cold)
        if warm is not None:
            try:
                if warm.waits_for_an_event(timeout):
                    return warm
            except BaseException:
                self._end(warm)
                raise
            self._end(warm)
        started = _ProcessEnvironment(self._process._command, self._directory, variables, self._backend)
        with self._lock:
            self._all.add(started)
        try:
            started.start(timeout)
        except BaseException:
            self._end(started)
            raise
        return started

    def _warm(self, variables: Mapping[str, str], is_cold: bool) -> _ProcessEnvironment | None:
        with self._lock:
            found = self._idle.pop() if self._idle else None
        if found is not None and (is_cold or found.variables != variables):
            self._end(found)
            return None
        return found

    def give_back(self, environment: object) -> None:
        """Keep an environment for the next step, if its process still runs. It may be called again."""
        if not isinstance(environment, _ProcessEnvironment):
            return
        with self._lock:
            is_kept = environment.is_usable
            if is_kept and environment in self._all and environment not in self._idle:
                self._idle.append(environment)
        # Without the lock: the end waits for calls in progress, which may have started steps of this function.
        if not is_kept:
            self._end(environment)

    def _end(self, environment: _ProcessEnvironment) -> None:
        environment.end()
        with self._lock:
            self._all.discard(environment)
            if environment in self._idle:
                self._idle.remove(environment)

    def close(self) -> None:
        """End all processes. It may be called again."""
        for environment in list(self._all):
            environment.kill()  # all of them first: a step in one may wait for a step in another
        for environment in list(self._all):
            self._end(environment)


class _ProcessEnvironment:
    """One process, the endpoint that it uses, and the threads that read what it writes."""

    def __init__(
        self, command: Sequence[str], directory: str, variables: Mapping[str, str], backend: Backend
    ) -> None:
        self.variables = variables
        self._command = command
        self._directory = directory
        self._backend = backend
        self._mailbox = Mailbox()
        self._listener = RuntimeListener(backend, self._mailbox, self)
        self._popen: subprocess.Popen[bytes] | None = None
        self._output: _Output | None = None
        self._stopped: FunctionStopped | None = None
        self._is_ended = False
        self._start_error = "it has been ended meanwhile"
        #: Held while the process starts.
        self._spawning = Lock()
        self._ending = RLock()
        self._owner = os.getpid()

    def __repr__(self) -> str:
        return f"<process {'not started' if self._popen is None else self._popen.pid}>"

    @property
    def is_usable(self) -> bool:
        return not self._is_ended and self._popen is not None and self._popen.poll() is None

    def start(self, timeout: timedelta) -> None:
        """
        Start the process, and wait until it asks for an event.

        Raises:
            FunctionFailed: it does not start, exits, or does not ask in time.
        """
        self._listener.open()
        _RUNNING.add(self)
        # In a thread, which no signal handler interrupts: an exception in Popen would leave a process behind.
        starter = Thread(target=self._spawn, name="fakesecrets_process_start", daemon=True)
        starter.start()
        starter.join()
        if self._popen is None:
            raise FunctionFailed(f"{_NAME} did not start: {self._start_error.removesuffix('.')}.")
        self._output = _Output(self._popen, self._mailbox.notify)
        self._output.start()
        try:
            if not self.waits_for_an_event(timeout):
                raise self._failure(f"{self._exit_text()} before it requested an event")
        finally:
            self._show_output()

    def _spawn(self) -> None:
        with self._spawning:
            if self._is_ended:
                return
            try:
                self._popen = subprocess.Popen(
                    self._command,
                    cwd=self._directory,
                    env=self._variables(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except Exception as error:
                self._start_error = str(error)

    def _variables(self) -> dict[str, str]:
        """The environment variables of the process, without those of AWS that the test has."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "_HANDLER"))}
        region = self.variables.get("AWS_REGION", "us-east-1")
        url = f"http://{self._listener.address}"
        return {
            **own,
            **child_environ(url, self._listener.address.partition(":")[0], region),
            HOME: "",
            "AWS_SESSION_TOKEN": SESSION_TOKEN,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.variables.get('AWS_LAMBDA_FUNCTION_NAME', '')}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
            "LAMBDA_TASK_ROOT": self._directory,
            "LANG": "en_US.UTF-8",
            "PYTHONUNBUFFERED": "1",  # else Python keeps what it writes until the process ends
            "TZ": ":UTC",
            "_HANDLER": self._command[-1],
            **self.variables,
            # Last: a variable of the function must not lead the process to the real AWS.
            "AWS_LAMBDA_RUNTIME_API": self._listener.address,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "SECRETS_MANAGER_ENDPOINT": url,
        }

    def waits_for_an_event(self, timeout: timedelta) -> bool:
        """
        Wait until the process asks for an event. Return False if it has ended.

        Raises:
            FunctionFailed: it does not ask in time, or has sent an error of its start.
        """
        allowed = max(_INIT_TIMEOUT, timeout.total_seconds())
        mailbox = self._mailbox
        for _ in range(int(allowed / _POLL)):
            if mailbox.wait(_POLL, lambda: mailbox.is_asking or self._has_broken_down()):
                break
            if self._stopped is not None or not self.is_usable:
                return False
        if isinstance(mailbox.outcome, Broken):
            raise self._failure(mailbox.outcome.problem)
        if not mailbox.is_asking:
            raise self._failure(
                f"did not request an event within {allowed:g} seconds, with GET "
                "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
            )
        return True

    def _has_broken_down(self) -> bool:
        return isinstance(self._mailbox.outcome, Broken)

    def invoke(self, event: Mapping[str, str], context: LambdaContext, timeout: timedelta) -> object:
        """
        Run one step, and return the result of the function.

        Raises:
            FunctionFailed: the function has failed, or its process has.
            FunctionTimedOut: it has run longer than its timeout. The process is killed.
            FunctionStopped: a call of the function was to end it. The process is killed.
        """
        __tracebackhide__ = True
        self._mailbox.put(_invocation(event, context))
        try:
            outcome = self._wait_for_outcome(context, timeout)
            self._wait_for_the_next_request()
        except BaseException:
            self.kill()
            raise
        finally:
            self._show_output()
        if isinstance(outcome, Raised):
            raise FunctionFailed(outcome.text)
        return outcome.value

    def _wait_for_outcome(self, context: LambdaContext, timeout: timedelta) -> Returned | Raised:
        __tracebackhide__ = True
        mailbox = self._mailbox
        polls = polls_after_end = 0
        while not mailbox.wait(_POLL, lambda: mailbox.outcome is not None or self._stopped is not None):
            polls += 1
            if has_process_timed_out(context.deadline, peek(), polls * _POLL, timeout):
                raise process_timed_out(timeout, _NAME, self._last_output())
            if not self.is_usable:
                polls_after_end += 1
                if polls_after_end > 2:  # an answer that was sent just before the end has been read by now
                    raise self._failure(f"{self._exit_text()} without an answer to the event")
        if self._stopped is not None:
            raise self._stopped
        outcome = mailbox.outcome
        assert outcome is not None
        if isinstance(outcome, Broken):
            raise self._failure(outcome.problem)
        return outcome

    def _wait_for_the_next_request(self) -> None:
        for _ in range(_POLLS_AFTER):
            if self._mailbox.wait(_POLL, lambda: self._mailbox.is_asking) or not self.is_usable:
                return

    def stop(self, stopped: FunctionStopped) -> None:
        """Kill the process, and end its step with *stopped*. The thread that answers a call of the process calls it."""
        if self._stopped is None:
            self._stopped = stopped
        self.kill()
        self._mailbox.notify()

    def kill(self) -> None:
        """Kill the process and its child processes. It may be called again."""
        if self._owner != os.getpid():
            return  # this is a fork of the process of the test
        self._is_ended = True
        with self._spawning:
            pass  # from now on there is a process, or there will be none
        if self._popen is not None:
            _kill_group(self._popen)
            self._popen.wait()
        self._mailbox.close()

    def end(self) -> None:
        """Kill the process, and close its endpoint and its output. It may be called again."""
        with self._ending:
            ensured(self._end, self._end)

    def _end(self) -> None:
        self.kill()
        self._listener.end()
        if self._output is not None:
            self._output.close()
            self._show_output()
        for pipe in (self._popen.stdout, self._popen.stderr) if self._popen is not None else ():
            if pipe is not None:
                pipe.close()
        _RUNNING.discard(self)

    def _show_output(self) -> None:
        """Write what the process has written to the streams of the test, where it is captured."""
        if self._output is not None:
            for name, text in self._output.take():
                with suppress(OSError, ValueError):  # a closed stream, or one that cannot encode the text
                    getattr(sys, name).write(text)

    def _exit_text(self) -> str:
        status = None if self._popen is None else self._popen.poll()
        if status is not None and status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"exited with status {status}"

    def _failure(self, problem: str) -> FunctionFailed:
        return FunctionFailed(f"{_NAME} {problem.removesuffix('.')}.{self._last_output()}")

    def _last_output(self) -> str:
        self._show_output()
        text = "" if self._output is None else self._output.last.rstrip()
        shown = self._backend.redact(text)[-_SHOWN:]
        output = f" Its last output:\n{shown}" if shown else " It has written nothing."
        rejection = self._backend.redact(self._mailbox.rejection)
        return f" The fake has rejected its request {rejection}{output}" if rejection else output


class _Output:
    """Reads what a process writes to stdout and stderr, in a thread: else the process would wait for a reader."""

    def __init__(self, popen: subprocess.Popen[bytes], when_closed: Callable[[], None]) -> None:
        self._pipes = {
            name: pipe
            for name, pipe in (("stdout", popen.stdout), ("stderr", popen.stderr))
            if pipe is not None
        }
        self._open: dict[str, IO[bytes]] = dict(self._pipes)
        self._when_closed = when_closed
        self._lock = Lock()
        self._read: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._closing = Event()
        self._thread = Thread(target=self._follow, name="fakesecrets_process_output", daemon=True)
        #: The last of what was taken.
        self.last = ""

    def start(self) -> None:
        for pipe in self._pipes.values():
            os.set_blocking(pipe.fileno(), False)
        self._thread.start()

    def _follow(self) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe in self._pipes.values():
                selector.register(pipe, selectors.EVENT_READ)
            while self._open and not self._closing.is_set():
                if self._size > _MOST_OUTPUT:
                    self._closing.wait(_POLL)
                elif selector.select(_POLL):
                    self._drain()
                still_open = list(self._open.values())  # a copy: take() may shorten it meanwhile
                for key in list(selector.get_map().values()):
                    if key.fileobj not in still_open:
                        selector.unregister(key.fileobj)
        self._when_closed()

    def _drain(self) -> None:
        with self._lock:
            for name, pipe in list(self._open.items()):
                while self._size <= _MOST_OUTPUT:
                    try:
                        chunk = os.read(pipe.fileno(), 65_536)
                    except BlockingIOError:
                        break
                    except (OSError, ValueError):
                        chunk = b""
                    if not chunk:
                        del self._open[name]
                        break
                    self._read.append((name, chunk))
                    self._size += len(chunk)

    def take(self) -> list[tuple[str, str]]:
        """What the process has written since the last call, as pairs of the name of the stream and the text."""
        self._drain()
        with self._lock:
            taken, self._size = list(self._read), 0
            self._read.clear()
        texts: dict[str, bytes] = {}
        for name, chunk in taken:
            texts[name] = texts.get(name, b"") + chunk
        found = [(name, text.decode("utf-8", "backslashreplace")) for name, text in texts.items()]
        self.last = (self.last + "".join(text for _, text in found))[-_KEPT:]
        return found

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        self._drain()
        with self._lock:
            self._open.clear()


def _invocation(event: Mapping[str, str], context: LambdaContext) -> Invocation:
    remaining = context.get_remaining_time_in_millis()
    return Invocation(
        request_id=context.aws_request_id,
        event=json.dumps(event).encode(),
        headers={
            "Lambda-Runtime-Aws-Request-Id": context.aws_request_id,
            "Lambda-Runtime-Deadline-Ms": str(milliseconds_outside() + remaining),
            "Lambda-Runtime-Invoked-Function-Arn": context.invoked_function_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{context.aws_request_id.replace('-', '')[:24]};Sampled=0",
        },
    )


def _kill_group(popen: subprocess.Popen[Any]) -> None:
    """Kill a process and its children, which are in its process group."""
    with suppress(ProcessLookupError, PermissionError):  # they have ended
        os.killpg(popen.pid, signal.SIGKILL)


#: The processes that run. The interpreter ends them if a fake was not left.
_RUNNING: WeakSet[_ProcessEnvironment] = WeakSet()


def _end_all() -> None:
    for environment in list(_RUNNING):
        environment.kill()


atexit.register(_end_all)
