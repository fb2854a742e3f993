"""The rotation steps that run, and the calls that belong to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import NamedTuple

from pytest_fakesecrets._core.errors import FunctionStopped

from .function_threads import ignore_starts, is_started_by_a_function, notice_starts
from .function_timeout import TIMEOUT
from .functions import ExecutionEnvironment
from .history import Event


class InvocationContext(NamedTuple):
    """A running rotation step, the account of its secret, and the deadline of its function."""

    step: str
    account: str
    deadline: datetime | None = None
    #: The events and the generated passwords of this step alone, without those of other threads. None: not recorded.
    events: list[Event] | None = None
    passwords: list[str] | None = None
    #: The length of the history when the step began.
    began: int = 0
    #: The ARN of the secret and the token of the rotation, or None outside of a rotation.
    rotation: tuple[str, str] | None = None
    #: Identifies this invocation among the running ones.
    key: object = None
    #: Where the function runs, if not in this process.
    environment: ExecutionEnvironment | None = None
    #: The timeout that leads to the deadline.
    timeout: timedelta = TIMEOUT

    def prepare_recording(self, events: Sequence[Event], passwords: Sequence[str]) -> Callable[[], None]:
        """Return an idempotent function that adds events and passwords."""
        recorded, drawn = self.events, self.passwords
        event_index, password_index = len(recorded or ()), len(drawn or ())

        def record() -> None:
            if recorded is not None:
                recorded[event_index : event_index + len(events)] = events
            if drawn is not None:
                drawn[password_index : password_index + len(passwords)] = passwords

        return record

    def __repr__(self) -> str:
        return f"<InvocationContext {self.step} in account {self.account}>"


#: The step that runs in this thread or task, or None.
CURRENT_INVOCATION: ContextVar[InvocationContext | None] = ContextVar("CURRENT_INVOCATION", default=None)

#: Whether the request that this thread answers came from another process, over HTTP.
FROM_ANOTHER_PROCESS: ContextVar[bool] = ContextVar("FROM_ANOTHER_PROCESS", default=False)

#: The execution environment of a function from which that request came, or None.
CALLING_ENVIRONMENT: ContextVar[object] = ContextVar("CALLING_ENVIRONMENT", default=None)


class RunningSteps:
    """
    The steps that run, and which of them a call belongs to.

    A function may call from threads that it has started, now or in an earlier step, and from a child process that
    reaches the fake over HTTP. Or it runs in an execution environment of its own.
    """

    def __init__(self) -> None:
        self._running: dict[object, InvocationContext] = {}

    def begin(self, invocation: InvocationContext) -> None:
        """Note that a step runs from now on in this thread, or that what is known of it has changed."""
        CURRENT_INVOCATION.set(invocation)
        self._running[invocation.key] = invocation
        notice_starts(invocation.key, _is_in_a_step)

    def end(self, invocation: InvocationContext, before: InvocationContext | None) -> None:
        """Note that a step has ended, and that this thread goes on with *before*. It may be called twice."""
        ignore_starts(invocation.key)
        self._running.pop(invocation.key, None)
        CURRENT_INVOCATION.set(before)

    def current(self, is_about: Callable[[str], bool | None] = lambda arn: None) -> InvocationContext | None:
        """
        The step to which a call belongs that is made now and here, or None.

        Another process may be one of the function or of the application in the test, so its calls about other secrets
        belong to no step.

        Args:
            is_about: whether the call names the secret with an ARN, or None if it names no secret.
        """
        own = CURRENT_INVOCATION.get()
        return self._caller(is_about) if own is None and self._running else own

    def _caller(self, is_about: Callable[[str], bool | None]) -> InvocationContext | None:
        """The step to which a call belongs that is made outside of the threads in which steps run, or None."""
        environment = CALLING_ENVIRONMENT.get()
        if environment is not None:
            running = [each for each in list(self._running.values()) if each.environment is environment]
            return running[0] if running else None
        running = list(self._running.values())
        if FROM_ANOTHER_PROCESS.get():
            running = [each for each in running if each.rotation and is_about(each.rotation[0]) is not False]
        elif not is_started_by_a_function(threading.current_thread()):
            return None
        if len(running) > 1:
            running = [each for each in running if each.rotation and is_about(each.rotation[0])]
        # Lambda stops the function, and not its threads: the function meets its deadline in its own thread.
        return running[0]._replace(deadline=None) if len(running) == 1 else None

    def outside(self) -> InvocationContext | None:
        """The step that runs, if it is only one and runs outside of this process, or None."""
        running = list(self._running.values())
        return running[0] if len(running) == 1 and running[0].environment is not None else None

    def attributed(self, is_about: Callable[[str], bool | None]) -> AbstractContextManager[None]:
        """Return a context manager that treats a call as one of the rotation step that makes it, if any does."""
        if CURRENT_INVOCATION.get() is not None or not self._running:
            return _UNCHANGED
        caller = self._caller(is_about)
        return _UNCHANGED if caller is None else _as_call_of(caller)


#: For nearly all calls, which are made by no step or in the thread of their step.
_UNCHANGED = nullcontext()


@contextmanager
def _as_call_of(caller: InvocationContext) -> Iterator[None]:
    """Let *caller* be the current invocation while a block runs, and then none again."""
    CURRENT_INVOCATION.set(caller)
    try:
        yield
    except FunctionStopped as stopped:
        if caller.environment is not None:
            caller.environment.stop(stopped)
        raise
    finally:
        CURRENT_INVOCATION.set(None)


def _is_in_a_step() -> bool:
    return CURRENT_INVOCATION.get() is not None
