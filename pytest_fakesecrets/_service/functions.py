"""The registry of rotation functions, and their invocation as Lambda does it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from threading import Lock
from types import ModuleType
from typing import Any, Protocol

from pytest_fakesecrets._core.arn import SECRET_ARN, FunctionArn, function_arn, parse_function_arn
from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionStopped, FunctionTimedOut
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import did_you_mean, readable_repr

from .code_folder import FolderHandler
from .cold_start import ModuleEntry
from .environment_variables import in_environment
from .function_timeout import TIMEOUT, check_timeout, has_timed_out, is_killed_before, timed_out
from .user_code import did_you_mean_module, import_problem, without_import_frames

Handler = Callable[[Any, Any], Any]


class Loading(Protocol):
    """Where a handler can be loaded from again, without the state of earlier invocations."""

    def load_handler(self) -> Handler: ...


class ExecutionEnvironment(Protocol):
    """An execution environment outside of this process, in which a function runs one step after the other."""

    def invoke(self, event: Mapping[str, str], context: LambdaContext, timeout: timedelta) -> object:
        """Run one step, and return the result of the function, or raise its exception."""

    def stop(self, stopped: FunctionStopped) -> None:
        """End the environment at once, also while a step runs in it. The step then raises *stopped*."""


class Runner(ABC):
    """The handler of a function that runs outside of this process: it has its execution environments."""

    @abstractmethod
    def take(self, environ: Mapping[str, str], timeout: timedelta, *, is_cold: bool) -> ExecutionEnvironment:
        """Return an environment that waits for an event, started if it has to be."""

    @abstractmethod
    def give_back(self, environment: ExecutionEnvironment) -> None:
        """Keep an environment for the next step, or end it if it cannot be used again. It may be called again."""

    @abstractmethod
    def close(self) -> None:
        """End all environments. It may be called again."""

    def __call__(self, event: Mapping[str, str], context: object) -> object:
        raise NotImplementedError("ExecutionEnvironment.invoke() runs the function")


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """The context object of a Lambda function, with the attributes that rotation functions use."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    deadline: datetime
    clock: Callable[[], datetime] = field(repr=False)
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 128
    log_group_name: str = ""
    log_stream_name: str = ""
    identity: None = None
    client_context: None = None

    __repr__ = readable_repr

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the deadline of the function, by the clock of the test."""
        return max(0, (self.deadline - self.clock()) // timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A rotation function that has been added to the fake."""

    arn: str
    handler: Handler
    environ: Mapping[str, str] = field(repr=False)
    timeout: timedelta = TIMEOUT
    #: Where the handler is loaded from for each step, if it starts cold.
    entry: Loading | None = None
    is_cold: bool = False

    @contextmanager
    def environment(self) -> Iterator[ExecutionEnvironment | None]:
        """
        The execution environment of one invocation, or None for a function that runs in this process.

        Raises:
            Exception: the environment cannot be started.
        """
        if not isinstance(self.handler, Runner):
            yield None
            return
        parsed = parse_function_arn(self.arn)
        assert parsed is not None
        variables = lambda_environ(parsed, self.environ)
        environment = self.handler.take(variables, self.timeout, is_cold=self.is_cold)
        try:
            yield environment
        except FunctionStopped as stopped:
            environment.stop(stopped)
            raise
        except FunctionTimedOut as timeout:
            environment.stop(FunctionStopped(timeout))
            raise
        finally:
            self.handler.give_back(environment)

    def invoke(
        self,
        event: Mapping[str, str],
        *,
        invoked_arn: str,
        request_id: str,
        clock: Callable[[], datetime],
        deadline: datetime,
        environment: ExecutionEnvironment | None = None,
    ) -> object:
        """
        Call the handler as Lambda does: with an event decoded from JSON, and with its environment set.

        Returns:
            The return value of the handler, which Secrets Manager ignores.

        Raises:
            FunctionTimedOut: the handler has run longer than its timeout, by the clock of the test.
            Exception: the exception of the handler, unchanged.
        """
        __tracebackhide__ = True
        called = parse_function_arn(invoked_arn)
        assert called is not None
        context = _context(called, invoked_arn, request_id, clock, deadline)
        try:
            if environment is not None:
                returned = environment.invoke(event, context, self.timeout)
            else:
                returned = in_environment(
                    lambda_environ(called, self.environ), partial(self._call_handler, event, context)
                )
        except Exception as error:
            if is_killed_before(error, deadline, clock()):
                raise timed_out(self.timeout) from error
            raise
        if has_timed_out(deadline, clock()):
            raise timed_out(self.timeout)
        return returned

    def _call_handler(self, event: Mapping[str, str], context: LambdaContext) -> object:
        __tracebackhide__ = True
        handler = self.handler if self.entry is None else self.entry.load_handler()
        return handler(json.loads(json.dumps(event)), context)


def _context(
    called: FunctionArn, invoked_arn: str, request_id: str, clock: Callable[[], datetime], deadline: datetime
) -> LambdaContext:
    return LambdaContext(
        function_name=called.name,
        invoked_function_arn=invoked_arn,
        aws_request_id=request_id,
        deadline=deadline,
        clock=clock,
        log_group_name=f"/aws/lambda/{called.name}",
    )


def lambda_environ(function: FunctionArn, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of a function, with the variables that AWS's own rotation functions read."""
    return {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "SECRETS_MANAGER_ENDPOINT": f"https://secretsmanager.{function.region}.amazonaws.com",
        **environ,
    }


class Functions:
    """The rotation functions that Secrets Manager is allowed to invoke."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._lock = Lock()

    @property
    def arns(self) -> tuple[str, ...]:
        return tuple(self._functions)

    def add(
        self,
        handler: Handler | str,
        *,
        name: str | None,
        environ: Mapping[str, str] | None,
        account: str,
        region: str,
        timeout: timedelta = TIMEOUT,
        starts_cold: bool = False,
        code: str | None = None,
    ) -> str:
        """
        Add a function, or replace the function with this name.

        Args:
            code: the folder of the function, or None for a function that is imported like any other module.

        Returns:
            The ARN of the function.

        Raises:
            FakeSecretsError: the name, the environment or the timeout is invalid, or the handler cannot be loaded or called.
        """
        variables = checked_environ(environ or {})
        parsed = parse_function_arn(self._arn(handler, name, account, region))
        if parsed is None or parsed.qualifier:
            raise FakeSecretsError(
                f"{name!r} is not a valid name for a Lambda function. Use letters, digits, '-' and '_', at most "
                "140 of them, or a whole function ARN without a qualifier."
            )
        if code is not None:
            variables = {"LAMBDA_TASK_ROOT": code, **variables}
        found = in_environment(lambda_environ(parsed, variables), partial(_loaded, handler, code))
        _check_callable(found)
        entry = _entry(handler, found) if starts_cold and not isinstance(found, Runner) else None
        check_timeout("The argument timeout", timeout)
        with self._lock:
            arn = self._arn(handler, name, account, region)
            self._functions[arn] = Function(
                arn=arn,
                handler=found,
                environ=variables,
                timeout=timeout,
                entry=entry,
                is_cold=starts_cold,
            )
        return arn

    def _arn(self, handler: Handler | str, name: str | None, account: str, region: str) -> str:
        if name is not None:
            if not isinstance(name, str):
                raise FakeSecretsError(
                    f"The name of a rotation function is a string, such as 'rotate-db', not an object of type "
                    f"{type(name).__name__}."
                )
            return name if name.startswith("arn:") else function_arn(region, account, name)
        base = re.split("[:.]", handler)[-1] if isinstance(handler, str) else getattr(handler, "__name__", "")
        base = re.sub(r"[^A-Za-z0-9_-]", "", base)[:100] or "rotation-function"
        arn = first = function_arn(region, account, base)
        number = 1
        while arn in self._functions and self._functions[arn].handler is not handler:
            number += 1
            arn = f"{first}-{number}"
        return arn

    def knows(self, arn: str) -> bool:
        return _unqualified(arn) in self._functions

    def find(self, arn: str) -> Function:
        """
        The function with an ARN, which may have a qualifier.

        Raises:
            FakeSecretsError: the function has not been added.
        """
        if not self.knows(arn):
            known = "".join(f"\n- {arn}" for arn in self._functions)
            raise FakeSecretsError(
                f"There is no rotation function {arn!r} in the fake. Add it with add_rotation_function()"
                + (f", or use one of:{known}" if known else ".")
            )
        return self._functions[_unqualified(arn)]


def _unqualified(arn: str) -> str:
    parsed = parse_function_arn(arn)
    return arn.removesuffix(parsed.qualifier) if parsed and parsed.qualifier else arn


def _loaded(reference: Handler | str, code: str | None) -> Handler:
    if not isinstance(reference, str):
        if code is not None:
            raise FakeSecretsError(
                f"The argument code is the folder of a function that is given by its name, and {reference!r} is the function "
                "itself. Give its name as Lambda has it, such as 'lambda_function.lambda_handler', or leave code= out."
            )
        return reference
    if code is not None:
        return FolderHandler(code, reference)
    module, colon, name = reference.partition(":")
    if not (module and colon and name) or module.startswith("."):
        raise FakeSecretsError(
            f"{reference!r} does not name a function. Write it as 'package.module:function', or pass the function "
            "itself. For Lambda's spelling, 'file.function', give the folder of the file with code=."
        )
    loaded, failure = _imported(reference, module), f"The rotation function {reference!r} cannot be loaded"
    try:
        found: Handler = getattr(loaded, name)
    except AttributeError as error:
        functions = [each for each, value in vars(loaded).items() if callable(value)]
        raise FakeSecretsError(f"{failure}: {error}.{did_you_mean(name, functions)}") from None
    return found


def _imported(reference: str, module: str) -> ModuleType:
    """
    Import the module of a rotation function.

    Raises:
        FakeSecretsError: the module does not exist or cannot be imported. The exception of the import is the cause.
        Exception: any other exception of the module, unchanged.
    """
    failure = f"The rotation function {reference!r} cannot be loaded"
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{module}.".startswith(f"{missing}."):
            raise FakeSecretsError(f"{failure}: {error}.{did_you_mean_module(missing)}") from None
        raise FakeSecretsError(f"{failure}: {import_problem(error)}") from without_import_frames(error)
    except Exception as error:
        raise without_import_frames(error)  # noqa: B904  # the same exception


def _check_callable(loaded: Handler) -> None:
    handler: object = loaded.__wrapped__ if isinstance(loaded, FolderHandler) else loaded
    if not callable(handler):
        raise FakeSecretsError(
            f"A rotation function has to be callable as handler(event, context), and {handler!r} is not."
        )
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__):
        raise FakeSecretsError(
            f"{handler!r} is a coroutine function, and Lambda does not await coroutines. "
            "Wrap it in a function that calls asyncio.run()."
        )
    try:
        inspect.signature(handler).bind({}, None)
    except TypeError as error:
        raise FakeSecretsError(f"{handler!r} cannot be called as handler(event, context): {error}.") from None
    except ValueError:
        pass  # some built-in callables have no signature


def _entry(handler: Handler | str, loaded: Handler) -> Loading:
    """Where a handler can be loaded from again."""
    if isinstance(loaded, FolderHandler):
        return loaded
    if isinstance(handler, str):
        module_name, _, name = handler.partition(":")
    else:
        module_name = getattr(handler, "__module__", None) or ""
        name = getattr(handler, "__qualname__", "")
    spec = getattr(sys.modules.get(module_name), "__spec__", None)
    if spec is None or spec.loader is None or not _is_found(handler, module_name, name):
        raise FakeSecretsError(
            f"{handler!r} cannot start cold, since it cannot be imported again under its own name. "
            "Pass a function of a module, as 'package.module:function'."
        )
    return ModuleEntry(spec, name)


def _is_found(handler: Handler | str, module_name: str, name: str) -> bool:
    if isinstance(handler, str):
        return True  # it was loaded from there
    try:
        return attrgetter(name)(sys.modules[module_name]) is handler
    except AttributeError:
        return False


def checked_environ(environ: Mapping[str, Any]) -> Mapping[str, str]:
    if not isinstance(environ, Mapping):
        raise FakeSecretsError(
            f"The argument environ is a dict of environment variables, such as {{'STAGE': 'test'}}, not an object of type "
            f"{type(environ).__name__}."
        )
    for name, value in environ.items():
        if not isinstance(value, str):
            # Only numbers are shown, since other objects may contain a secret.
            given = (
                repr(value) if isinstance(value, int | float) else f"an object of type {type(value).__name__}"
            )
            raise FakeSecretsError(f"The environment variable {name} has to be a string, not {given}.")
        if SECRET_ARN in value:
            raise FakeSecretsError(
                f"The environment variable {name} is SECRET_ARN, which a RotationContract alone replaces. Give the ARN "
                "itself: fakesecrets.secret(name).arn."
            )
        if not (name and _can_be_set(name) and "=" not in name and _can_be_set(value)):
            raise FakeSecretsError(
                f"The environment variable {name!r} cannot be set. Its name must not contain '=', and neither its name nor "
                "its value may contain a NUL or half of a surrogate pair."
            )
    return dict(environ)


def _can_be_set(text: object) -> bool:
    try:
        return isinstance(text, str) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False
