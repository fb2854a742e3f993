"""
The mark `fakesecrets`, which creates secrets before a test begins. Wrong arguments fail the collection.

This is a plugin that is imported and registered when the first test has the mark.
"""

from __future__ import annotations

import inspect
from collections.abc import Container, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fakesecrets._transport import state

from .stash import MARK

if TYPE_CHECKING:
    from pytest_fakesecrets._fake.fake import FakeSecrets

FIXTURE = "fakesecrets"

#: Stands for the default region while arguments are checked.
_DEFAULT_REGION = "default-region-1"

#: Whether the secrets of an item's marks have been created.
_CREATED: pytest.StashKey[bool] = pytest.StashKey()


def check(item: pytest.Item, error: type[Exception]) -> None:
    """
    Try the marks of an item on a fake that no client reaches.

    Raises:
        Exception: an *error* that names the test, where the arguments of a mark are wrong.
    """
    problem = _problem(item)
    if problem is not None:
        raise error(problem)


def prepare(item: pytest.Function) -> None:
    """
    Check the marks of an item, and let it request the fixture.

    Raises:
        UsageError: the arguments of a mark are wrong, of a method that has not been checked when it was collected.
    """
    check(item, pytest.UsageError)
    item.fixturenames = _with_fixture(item)  # a new list: others share the one that is there


def _with_fixture(item: pytest.Function) -> list[str]:
    """The fixtures of an item, with ours before all others of function scope and after those of wider ones."""
    scopes = {name: found[-1].scope for name, found in item._fixtureinfo.name2fixturedefs.items() if found}
    if scopes.get(FIXTURE, "function") != "function":
        return item.fixturenames
    names = [name for name in item.fixturenames if name != FIXTURE]
    place = next((place for place, name in enumerate(names) if scopes.get(name) == "function"), len(names))
    return [*names[:place], FIXTURE, *names[place:]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[_CREATED] = False
    yield
    if item.get_closest_marker(MARK) is not None and not item.stash[_CREATED]:
        raise _not_here(item, f"another fixture stands for {FIXTURE}")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if fixturedef.argname != FIXTURE or fixturedef.scope != "function":
        return (yield)
    item = request.node
    if state.active is not None and item.get_closest_marker(MARK) is not None and not item.stash[_CREATED]:
        raise _not_here(item, "a fake of a wider scope is active")
    result = yield
    _create(result, item)
    return result


def _create(fake: object, item: pytest.Item) -> None:
    """Create the secrets of an item, unless the fixture that this one overrides has done so."""
    from pytest_fakesecrets._fake.fake import FakeSecrets

    if isinstance(fake, FakeSecrets) and not item.stash[_CREATED]:
        for mark in _in_order(item):
            fake.add_secret(*mark.args, **mark.kwargs)
        item.stash[_CREATED] = True


def _not_here(item: pytest.Item, why: str) -> Exception:
    from pytest_fakesecrets._core.errors import FakeSecretsError

    return FakeSecretsError(
        f"The mark {MARK} of {item.nodeid} creates secrets in the fake of one test, as the fixture {FIXTURE} gives it, "
        f"and {why}. Call add_secret() in the fixture of that fake, and remove the mark."
    )


def _in_order(item: pytest.Item) -> Iterator[pytest.Mark]:
    """The marks of the module first, then those of classes, then those of the function, from top to bottom."""
    return reversed(list(item.iter_markers(MARK)))


def _problem(item: pytest.Item) -> str | None:
    """What is wrong with the marks of an item: they are tried on a fake that no client reaches."""
    marks = list(_in_order(item))
    if not marks:
        return None
    from pytest_fakesecrets._core.errors import FakeSecretsError
    from pytest_fakesecrets._fake.fake import FakeSecrets

    scratch, names = FakeSecrets(), set[str | None]()
    for mark in marks:
        where = f"{item.nodeid}: the mark {MARK} has wrong arguments"
        try:
            _try(scratch, mark.args, mark.kwargs)
        except FakeSecretsError as error:
            return f"{where}. {error}{_hint(mark, names)}"
        except Exception as error:  # its message may show a value
            return f"{where}. They are those of add_secret(), which raises {type(error).__name__}."
        names.add(_name(mark))
    return None


def _name(mark: pytest.Mark) -> str | None:
    name = mark.args[0] if mark.args else mark.kwargs.get("name")
    return name if isinstance(name, str) else None


def _hint(mark: pytest.Mark, names: Container[str | None]) -> str:
    """A line about a mark that is rejected, or "". The names are those of the marks before it."""
    if not mark.args and not mark.kwargs:
        return f"\nhint: For the fixture without a secret, write @pytest.mark.usefixtures({FIXTURE!r})."
    if _name(mark) in names:
        return "\nhint: Another mark of this test, of its class or of its module creates that secret already."
    return ""


def _try(scratch: FakeSecrets, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """
    Create a secret as a mark says, but for what depends on the time of the test, or imports modules of the user.

    Raises:
        FakeSecretsError: the arguments are not those of add_secret(), or cannot be together.
    """
    from pytest_fakesecrets._service.clock import moment_of

    given = _bound(inspect.signature(scratch.add_secret), args, kwargs)
    for name in ("created_at", "last_rotated_at"):
        moment = given.pop(name, None)
        if moment is not None:
            moment_of(moment)
    function = given.get("rotation_function")
    if isinstance(function, str) and not function.startswith("arn:"):
        given["rotation_function"] = _stand_in
    # The default region may be another one when the test runs.
    scratch.add_secret(**{"region_name": _DEFAULT_REGION, **given})


def _bound(signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    from pytest_fakesecrets._core.errors import FakeSecretsError
    from pytest_fakesecrets._core.formatting import did_you_mean

    for name in kwargs:
        if name not in signature.parameters:
            meant = did_you_mean(name, signature.parameters)
            raise FakeSecretsError(f"add_secret() has no argument {name!r}.{meant}")
    try:
        return signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise FakeSecretsError(f"add_secret() takes a name and a value, then keywords: {error}.") from None


def _stand_in(event: object, context: object) -> None:
    """Stands for a rotation function whose module is not to be imported yet."""
