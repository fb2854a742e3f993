"""`RotationContract`: a test class for rotation functions, whose tests are the scenarios."""

from __future__ import annotations

import difflib
import inspect
import os
import re
import sys
import unittest
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pytest

from pytest_fakesecrets._contract.scenarios.base import FIRST_SCENARIO
from pytest_fakesecrets._contract.scenarios.bystanders import Bystanders
from pytest_fakesecrets._contract.scenarios.happy_path import HappyPath
from pytest_fakesecrets._contract.scenarios.invalid_events import InvalidEvents
from pytest_fakesecrets._contract.scenarios.recovery import Recovery
from pytest_fakesecrets._core.displayed_names import looks_like_a_value, shown_name
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.finding import CODES
from pytest_fakesecrets._core.formatting import did_you_mean
from pytest_fakesecrets._core.moments import check_delay
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations.seeding import stored_value
from pytest_fakesecrets._service.function_timeout import TIMEOUT, check_timeout
from pytest_fakesecrets._service.functions import Handler
from pytest_fakesecrets._service.reporting_errors import PACKAGE, warn
from pytest_fakesecrets._transport.rotation_process import RotationProcess

from .harness import ContractSettings
from .target import CredentialTarget

#: The default of `secret_value`, which every contract class has to set. Any, to fit the attribute's type.
_NOT_SET: Any = None

#: What the two attributes that every contract class has to set are called elsewhere.
_OTHER_NAMES = {
    "rotation_function": {"function", "handler", "lambda_function", "lambda_handler", "rotate", "rotation"},
    "secret_value": {"initial_value", "secret", "secret_string", "value"},
}

#: The name of a function in its module, with dots alone.
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


# pytest runs the tests of the last base first.
@exported
class RotationContract(Bystanders, InvalidEvents, Recovery, HappyPath):
    """
    Tests of a rotation function, one for each scenario that it meets on AWS.

    Derive a test class and set its attributes:

        class TestMyFunction(RotationContract):
            rotation_function = staticmethod(my_app.rotation.handler)
            secret_value = {"username": "app", "password": "old"}

    Attributes:
        rotation_function: the handler; or "package.module:function"; or, with `code`, Lambda's name of a handler, such
            as "lambda_function.lambda_handler"; or a `RotationProcess`.
        code: the folder of the function as it is deployed, as in `add_rotation_function`.
        secret_value: the value before the first rotation: a dict, stored as JSON, or a string.
        secret_name: the name of the secret.
        environ: the environment variables of the function. SECRET_ARN in a value stands for the ARN of the secret.
        timeout: how long each step may run.
        target: the database or service that the credentials open. It is reset each time that a scenario resets the fake.
        target_calls: further functions that the rotation function calls, as "module:Class.method". A
            scenario also kills the rotation function after each of these calls, and after a recovery none that
            changes something may be missing. Calls with an SQL statement are distinguished by its first words.
        zero_downtime: whether the target has to accept the value of AWSCURRENT between any two calls. If
            false, the value of any label will do, because a single-user strategy leaves a gap.
        propagation_delay: how long the target takes to accept a new password. The function has to wait for it.
        without: scenarios to skip: from the name of the test to the reason.
        accepted: findings that do not fail a scenario: from the code to the reason.
        companions: the names of other secrets that the rotation changes on purpose. prepare() creates them.
    """

    #: Any, because a type checker would treat a function as a method.
    rotation_function: ClassVar[Any] = None
    code: ClassVar[str | os.PathLike[str] | None] = None
    secret_value: ClassVar[Mapping[str, Any] | str] = _NOT_SET
    secret_name: ClassVar[str] = "app/db"
    environ: ClassVar[Mapping[str, str]] = {}
    timeout: ClassVar[timedelta] = TIMEOUT
    target: ClassVar[CredentialTarget | None] = None
    target_calls: ClassVar[Sequence[str]] = ()
    zero_downtime: ClassVar[bool] = False
    propagation_delay: ClassVar[timedelta] = timedelta(0)
    without: ClassVar[Mapping[str, str]] = {}
    accepted: ClassVar[Mapping[str, str]] = {}
    companions: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls) -> None:
        __tracebackhide__ = True
        super().__init_subclass__()
        cls._causes, cls._used_acceptances, cls._outcomes = {}, set(), {}
        _check_attributes(cls)
        unknown = [name for name in cls.without if not hasattr(cls, name)]
        if unknown:
            known = _scenarios()
            meant = did_you_mean(unknown[0], known)
            if unknown[0] in CODES:
                meant = f" It is the code of a finding: accept that with accepted = {{{unknown[0]!r}: 'the reason'}}."
            listed = "".join(f"\n- {name}" for name in known)
            raise FakeSecretsError(
                f"{cls.__name__}.without has {unknown[0]!r}.{meant} The scenarios are:{listed}"
            )

    def prepare(self, fake: FakeSecrets) -> None:
        """Set the target up to accept `secret_value`. Called each time that a scenario has reset the fake."""

    def accepts(self, value: Any) -> bool:
        """Return whether the target accepts a value: a dict or a string, like `secret_value`."""
        return True if self.target is None else self.target.accepts(value)

    def target_state(self) -> object:
        """
        Return the state of the target that a rotation must not lose, such as its users and their grants.

        It is compared after each recovery, with the state after a rotation without faults, and where nothing may have
        changed. So it has no passwords or hashes, which differ each time. The default is that of `target`.
        """
        return None if self.target is None else self.target.state()

    @property
    def _has_own_state(self) -> bool:
        return type(self).target_state is not RotationContract.target_state

    @property
    def _settings(self) -> ContractSettings:
        try:
            handler = self._handler()
        except FakeSecretsError as error:
            if self._scenario in (None, FIRST_SCENARIO):
                raise
            pytest.skip(f"{error} See {FIRST_SCENARIO}.")
        return ContractSettings(
            handler=handler,
            code=self.code,
            secret_value=self.secret_value,
            secret_name=self.secret_name,
            environ=self.environ,
            timeout=self.timeout,
            target=self.target,
            target_calls=self.target_calls,
            zero_downtime=self.zero_downtime,
            propagation_delay=self.propagation_delay,
            prepare=self.prepare,
            accepts=self.accepts,
            title=type(self).__name__,
            definition=partial(_definition, type(self)),
            accepted=self.accepted,
            used=self._used_acceptances,
            scenario=self._scenario,
            causes=self._causes,
            companions=self.companions,
            has_own_accepts=type(self).accepts is not RotationContract.accepts,
            has_own_prepare=type(self).prepare is not RotationContract.prepare,
            target_state=None if self.target is None and not self._has_own_state else self.target_state,
            has_own_state=self._has_own_state,
            can_verify=self._can_verify,
        )

    @property
    def _can_verify(self) -> bool:
        return self.target is not None or type(self).accepts is not RotationContract.accepts

    def _handler(self) -> Handler | RotationProcess | str:
        attribute = inspect.getattr_static(self, "rotation_function")
        handler: Handler | RotationProcess | str | None = (
            attribute.__func__ if isinstance(attribute, staticmethod) else attribute
        )
        if handler is None or self.secret_value is _NOT_SET:
            raise FakeSecretsError(
                f"{type(self).__name__} does not say what it tests. Give the class rotation_function = "
                "staticmethod(handler) or 'package.module:function', and secret_value = {...} or a string: what "
                f"the secret holds before its first rotation.{_missing(self)}"
            )
        return handler

    @pytest.fixture(autouse=True)
    def _skip_excluded(self, request: pytest.FixtureRequest) -> None:
        reason = self.without.get(request.node.originalname)
        if reason is not None:
            pytest.skip(reason)

    @pytest.fixture(autouse=True)
    def _name_scenario(self, request: pytest.FixtureRequest) -> None:
        """Let the scenario know its name. Without it, as in a plain call, it does not depend on other scenarios."""
        self._warn_without_target()
        self._scenario = request.node.originalname

    def _warn_without_target(self) -> None:
        cls = type(self)
        if self._can_verify or "_has_warned" in vars(cls):
            return
        cls._has_warned = True
        warn(
            "No target: this contract cannot tell whether new passwords work. Give "
            f"{cls.__name__} a CredentialTarget as target, or define accepts(value).",
            UserWarning,
            *_definition(cls),
        )


def _missing(contract: RotationContract) -> str:
    """Which of the two attributes that every contract has to set is missing, and what the class has in its place."""
    handler = inspect.getattr_static(contract, "rotation_function")
    values = {"rotation_function": handler, "secret_value": contract.secret_value}
    own = [base for base in type(contract).__mro__ if base not in RotationContract.__mro__]
    names = [name for base in own for name in vars(base)]
    sentences = []
    for missing in (name for name, value in values.items() if value is None):
        sentences.append(f"Its {missing} is None." if missing in names else f"It has no {missing}.")
        unknown = [name for name in names if not hasattr(RotationContract, name)]
        sentences += [
            f"No contract knows the attribute {name!r}. Did you mean {missing!r}?"
            for name in unknown
            if name in _OTHER_NAMES[missing] or difflib.get_close_matches(name, [missing], 1, cutoff=0.75)
        ][:1]
    return "".join(f" {sentence}" for sentence in sentences)


def check_is_complete(cls: type[RotationContract]) -> None:
    """
    Reject a class that does not say what it tests.

    Raises:
        FakeSecretsError: it has no rotation_function, or no secret_value.
    """
    cls()._handler()


def note_outcome(cls: type[RotationContract], scenario: str, outcome: str) -> None:
    """
    Note the outcome of a scenario, and warn of entries of `accepted` that no scenario has used when all have run.

    Args:
        outcome: "passed" or "skipped", of the call of the test; or "unknown" for one of which it is not known whether the
            finding of an entry would have occurred. After such an outcome the class has no warning.
    """
    is_repeated = scenario in cls._outcomes
    cls._outcomes[scenario] = "unknown" if cls._outcomes.get(scenario) == "unknown" else outcome
    outcomes = list(cls._outcomes.values())
    if is_repeated or len(outcomes) < len(_scenarios()) or "unknown" in outcomes:
        return
    for code in sorted(cls.accepted.keys() - cls._used_acceptances):
        warn(
            f"{cls.__name__}.accepted names {code!r}, and no finding of it occurred in the {outcomes.count('passed')} "
            "scenarios that ran. Remove the entry.",
            UserWarning,
            *_definition(cls),
        )


def _scenarios() -> list[str]:
    return [name for name in dir(RotationContract) if name.startswith("test_")]


def warn_of_misspelt_scenarios(classes: Iterable[object]) -> None:
    """Issue a warning for each test of a contract class whose name differs from that of a scenario by a letter or two."""
    contracts = [cls for cls in classes if isinstance(cls, type) and issubclass(cls, RotationContract)]
    known = _scenarios()
    for base in dict.fromkeys(base for cls in contracts for base in cls.__mro__):
        names = [] if base in RotationContract.__mro__ else list(vars(base))
        for name in (name for name in names if name.startswith("test") and name not in known):
            similar = difflib.get_close_matches(name, known, 1, cutoff=0.95)
            if similar and not name.startswith(f"{similar[0]}_"):  # as in "..._at_night"
                warn(
                    f"{base.__name__} has {name!r}, which replaces no scenario and runs beside them. Did you mean "
                    f"{similar[0]!r}?",
                    UserWarning,
                    *_definition(base),
                )


def warn_of_uncollected(
    searched: Iterable[pytest.Module | pytest.Class], collected: Container[object]
) -> None:
    """
    Issue a warning for each contract class that pytest does not collect because of its name.

    Args:
        searched: the modules and classes in which pytest has looked for tests.
        collected: the classes of the collected tests.
    """
    for collector in searched:
        # Not the property, which would import a module again that has failed. Doctests are collected from any module.
        container = vars(collector).get("_obj")
        if container is None or type(collector).__name__ == "DoctestModule":
            continue
        names: dict[type[RotationContract], list[str]] = {}
        for name, value in list(vars(container).items()):
            if isinstance(value, type) and issubclass(value, RotationContract):
                names.setdefault(value, []).append(name)
        for cls, known_as in names.items():
            is_named_as_a_test = any(map(collector.classnamefilter, known_as))
            if cls not in collected and not is_named_as_a_test and _is_meant_to_run(cls, container):
                _warn_of_its_name(cls, collector)


def _is_meant_to_run(cls: type[RotationContract], container: Any) -> bool:
    """Whether a class of a module or a class is a whole contract, and not a base of others."""
    is_defined_there = cls.__module__ == (getattr(container, "__module__", None) or container.__name__)
    is_whole = (
        inspect.getattr_static(cls, "rotation_function") is not None
        and inspect.getattr_static(cls, "secret_value") is not _NOT_SET
    )
    is_base = bool(cls.__subclasses__()) or inspect.isabstract(cls) or cls.__name__.startswith("_")
    return is_defined_there and is_whole and not is_base and not hasattr(cls, "__test__")


def _warn_of_its_name(cls: type[RotationContract], collector: pytest.Module | pytest.Class) -> None:
    name = f"Test{cls.__name__}"
    advice = (
        f"Rename it to {name}"
        if collector.classnamefilter(name)
        else "Give it a name that the ini option python_classes matches"
    )
    warn(
        f"pytest does not collect the contract {cls.__name__} because of its name, so none of its scenarios runs. {advice}, "
        "or set __test__ = False in it if it is a base of other classes.",
        UserWarning,
        *_definition(cls),
    )


def _definition(cls: type) -> tuple[str, int]:
    """The file and the line of a class statement, or of its module if the class was made in another way."""
    try:
        return inspect.getsourcefile(cls) or PACKAGE, inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return getattr(sys.modules.get(cls.__module__), "__file__", None) or PACKAGE, 1


def _check_attributes(cls: type[RotationContract]) -> None:
    """
    Reject a class with attributes that would be ignored, or that would fail every scenario.

    Raises:
        FakeSecretsError: an attribute is misspelt, or has the wrong type.
    """
    _check_names(cls)
    if not isinstance(cls.without, Mapping):
        raise FakeSecretsError(
            f"{cls.__name__}.without is a dict of scenarios and reasons, not {cls.without!r}."
        )
    _check_secret(cls)
    _check_accepted(cls)
    _check_companions(cls)
    _check_target_calls(cls)
    _check_environ(cls)
    if not callable(cls.target_state):
        raise FakeSecretsError(
            f"{cls.__name__}.target_state is a method that returns the state of the target, not {cls.target_state!r}."
        )
    if not isinstance(cls.target, CredentialTarget | None):
        raise FakeSecretsError(
            f"{cls.__name__}.target is a CredentialTarget, not a {type(cls.target).__name__}."
        )
    function = inspect.getattr_static(cls, "rotation_function")
    if cls.code is not None and function is not None and not isinstance(function, str):
        raise FakeSecretsError(
            f"{cls.__name__}.code is the folder of a function that is given by its name, and rotation_function is not a "
            "name. Write it as Lambda has it, such as 'lambda_function.lambda_handler', or leave code out."
        )
    check_timeout(f"{cls.__name__}.timeout", cls.timeout)
    check_delay(f"{cls.__name__}.propagation_delay", cls.propagation_delay)
    if issubclass(cls, unittest.TestCase):
        raise FakeSecretsError(f"{cls.__name__} is for pytest: leave unittest.TestCase out.")


def _check_names(cls: type[RotationContract]) -> None:
    known = [name for name in vars(RotationContract) if not name.startswith("_")]
    for name in vars(cls):
        if name in ("region", "region_name", "aws_region"):
            raise FakeSecretsError(
                f"{cls.__name__} has {name!r}, and a contract takes no region: its secret is in that of AWS_DEFAULT_REGION, else "
                "in us-east-1. Set that variable before the module of the function is imported, for example in conftest.py, "
                "or create the client of the function without a region."
            )
        similar = difflib.get_close_matches(name, known, 1, cutoff=0.8)
        if not hasattr(RotationContract, name) and similar and not name.startswith(("_", "test_")):
            raise FakeSecretsError(
                f"{cls.__name__} has {name!r}, which no contract knows. Did you mean {similar[0]!r}?"
            )


def _check_secret(cls: type[RotationContract]) -> None:
    name = inspect.getattr_static(cls, "secret_name")
    if looks_like_a_value(name) or not (isinstance(name, str) or hasattr(name, "__get__")):
        raise FakeSecretsError(
            f"{cls.__name__}.secret_name is a string, such as 'app/db', not {shown_name(name)}."
        )
    value = inspect.getattr_static(cls, "secret_value")
    if value is _NOT_SET or hasattr(value, "__get__"):
        return
    if not isinstance(value, Mapping | str):
        raise FakeSecretsError(
            f"{cls.__name__}.secret_value is a dict, which is stored as JSON, or a string, not an object of type "
            f"{type(value).__name__}."
        )
    try:
        stored_value(value)
    except FakeSecretsError as error:
        raise FakeSecretsError(f"{cls.__name__}.secret_value cannot be stored. {error}") from None


def _check_accepted(cls: type[RotationContract]) -> None:
    if not isinstance(cls.accepted, Mapping):
        raise FakeSecretsError(
            f"{cls.__name__}.accepted is a dict of finding codes and reasons, not {cls.accepted!r}."
        )
    for code, reason in cls.accepted.items():
        if code not in CODES:
            raise FakeSecretsError(
                f"{cls.__name__}.accepted has {code!r}, which is not the code of a finding.{_instead_of_a_code(code)}"
            )
        if not (type(reason) is str and reason.strip()):
            raise FakeSecretsError(
                f"{cls.__name__}.accepted has {code!r} without a reason. Write why it is accepted, as a string."
            )


def _instead_of_a_code(name: object) -> str:
    """A sentence with what a name in `accepted` may be meant as, with a space before it, or ""."""
    scenario = difflib.get_close_matches(name, _scenarios(), 1) if isinstance(name, str) else []
    if scenario:
        return f" It is the name of a scenario: skip that with without = {{{scenario[0]!r}: 'the reason'}}."
    return did_you_mean(name, CODES)


def _check_companions(cls: type[RotationContract]) -> None:
    names: Any = cls.companions
    is_sequence = isinstance(names, Sequence) and not isinstance(names, str)
    if not is_sequence or not all(
        isinstance(name, str) and name and not looks_like_a_value(name) for name in names
    ):
        raise FakeSecretsError(
            f"{cls.__name__}.companions is a tuple of names of secrets, such as ('app/keytab',), not {shown_name(names)}."
        )
    if cls.secret_name in names:
        raise FakeSecretsError(
            f"{cls.__name__}.companions has {cls.secret_name!r}, which is the secret of the contract itself. Name the "
            "other secrets that the rotation changes."
        )


def _check_target_calls(cls: type[RotationContract]) -> None:
    names: Any = cls.target_calls
    is_sequence = isinstance(names, Sequence) and not isinstance(names, str)
    dotted = (
        [name for name in names if isinstance(name, str) and _DOTTED.fullmatch(name)] if is_sequence else []
    )
    if dotted:
        raise FakeSecretsError(
            f"{cls.__name__}.target_calls has {dotted[0]!r}, with a dot where a colon belongs: write {_with_colon(dotted[0])!r}."
        )
    if not is_sequence or not all(isinstance(name, str) and ":" in name for name in names):
        raise FakeSecretsError(
            f"{cls.__name__}.target_calls is a tuple of functions, such as ('psycopg:Connection.execute',), not {names!r}."
        )


def _with_colon(name: str) -> str:
    """Return a dotted name of a function with a colon after the part that is its module."""
    parts = name.split(".")
    prefixes = [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    imported = next((prefix for prefix in prefixes if prefix in sys.modules), None)
    # The name of a class begins with a capital letter, and that of a module does not.
    by_case = next((each for each in prefixes if not re.search(r"(^|\.)[A-Z]", each)), None)
    module = imported or by_case or prefixes[0]
    return f"{module}:{name[len(module) + 1 :]}"


def _check_environ(cls: type[RotationContract]) -> None:
    if not isinstance(cls.environ, Mapping):
        raise FakeSecretsError(
            f"{cls.__name__}.environ is a dict of environment variables, not an object of type "
            f"{type(cls.environ).__name__}."
        )
