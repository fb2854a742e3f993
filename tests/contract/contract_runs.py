"""Runs of a contract: of one scenario by a plain call, or of a test module in an inner run of pytest."""

from __future__ import annotations

import pytest

from pytest_fakesecrets import FakeSecrets, RotationContract


def failure_of(function, attributes, scenario):
    """The text with which one scenario fails for a rotation function."""
    contract = contract_class(function, attributes)()
    with FakeSecrets() as fake, pytest.raises(AssertionError) as failed:
        getattr(contract, scenario)(fake)
    return str(failed.value)


def contract_class(function, attributes):
    members = {"rotation_function": staticmethod(function), **attributes}
    return type("TestFunction", (RotationContract,), members)


def passes(function, attributes, scenario):
    """Run one scenario, which has to pass, by a plain call."""
    contract = contract_class(function, attributes)()
    with FakeSecrets() as fake:
        getattr(contract, scenario)(fake)


def outcomes(contract, scenarios):
    """The messages with which scenarios of one class fail or are skipped."""
    messages = []
    with FakeSecrets() as fake:
        for name in scenarios:
            contract._scenario = f"test_{name}"
            try:
                getattr(contract, f"test_{name}")(fake)
            except (AssertionError, pytest.skip.Exception) as ended:
                messages.append(str(ended))
    return messages


def run(pytester, module, *arguments):
    """
    Run a test module in this process.

    Args:
        module: its source, without the imports of pytest_fakesecrets.
        arguments: further ones of pytest's command line; "::name" at first chooses one scenario.
    """
    imported = "from pytest_fakesecrets import RotationContract\n"
    path = pytester.makepyfile(test_contract_of_a_function=imported + module)
    chosen = [f"{path.name}::TestFunction{name}" for name in arguments if name.startswith("::")]
    options = [option for option in arguments if not option.startswith("::")]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q", *options, *(chosen or [path.name]))


def contract_of(function, attributes):
    """The source of a contract class, where function and attributes are expressions."""
    return (
        "TestFunction = type('TestFunction', (RotationContract,), {\n"
        f"    '__module__': __name__, 'rotation_function': staticmethod({function}), **{attributes}\n"
        "})\n"
    )


def failures(result):
    return result.parseoutcomes().get("failed", 0)
