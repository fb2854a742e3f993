"""Runs of a contract, as those who use it run it: a test module with one class, in a pytest of its own."""

from __future__ import annotations


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
