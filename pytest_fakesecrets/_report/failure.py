"""The error of a failed test as the report shows it: the user's line and the message, without secret values."""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from traceback import walk_tb

from pytest_fakesecrets._service.hints import PREFIX
from pytest_fakesecrets._service.reporting_errors import PACKAGE, text_of
from pytest_fakesecrets._service.user_code import CodeLine, is_installed, raising_line

#: A value that a library has shortened, of which a part could not be found and redacted.
_SHORTENED = re.compile(r"\S(?:\.\.\.|…)\S|\[\d+ chars\]")

#: The dots of a fixed text of this package, such as "CredentialTarget(...)" or "(handler=...)", which shorten no value.
_PLACEHOLDER = re.compile(r"(?<=[({=])\.\.\.(?=[)},])")

#: The first line of pytest's explanation of an assert statement, which may follow the message of the test's author.
_EXPLANATION = re.compile(r"^assert ", re.MULTILINE)

#: The maximum length of a message. That of a contract lists all invocations of the function.
CHARACTERS = 6_000

_WITHHELD = "(The message is withheld, since a secret value in it might be overlooked.)"

RedactText = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Failure:
    """
    The error of a test.

    Attributes:
        location: its type, the phase of the test, and the user's line.
        message: its message, or "".
        source: the source code of the user's line, or "".
    """

    location: str = ""
    message: str = field(default="", repr=False)
    source: str = field(default="", repr=False)
    #: Whether the message is that of a scenario, which has redacted its variable parts.
    is_redacted: bool = False

    def redacted(self, redactors: Sequence[RedactText]) -> Failure:
        message, source = self.message, self.source
        for redact in redactors:
            message, source = message if self.is_redacted else redact(message), redact(source)
        if len(message) > CHARACTERS:
            message = f"{message[:CHARACTERS]} …"
        return replace(self, message=message, source=source)

    def withheld(self) -> Failure:
        return replace(self, message=self.message and _WITHHELD, source="")


NO_FAILURE = Failure()


def failure_of(error: BaseException, phase: str) -> Failure:
    """
    Describe the error of a test. The result is not redacted yet.

    Args:
        error: the error.
        phase: the phase of the test: "setup", "call" or "teardown".
    """
    line = raising_line(error)
    if line is not None and is_installed(line.file):
        line = None
    hints = [note for note in getattr(error, "__notes__", ()) if str(note).startswith(PREFIX)]
    message = "\n".join([_message(error, line).strip(), *hints])
    if line is None:
        location = "" if _is_assertion_of_ours(error) else f"{type(error).__name__} in {phase}"
        return Failure(location, message, "", getattr(error, "has_the_story", False))
    source = linecache.getline(line.file, line.number).strip()
    return Failure(
        f"{type(error).__name__} in {phase} at {line}",
        message,
        source,
        getattr(error, "has_the_story", False),
    )


def _message(error: BaseException, line: CodeLine | None) -> str:
    """
    Return the message of an error without values that a library has shortened, which cannot be redacted.

    pytest and unittest explain assertions with parts of the compared values.
    """
    text = text_of(error)
    if _is_assertion_of_ours(error):
        return text
    if _deepest_file(error).startswith(PACKAGE):
        return _WITHHELD if _SHORTENED.search(_PLACEHOLDER.sub("", text)) else text
    if isinstance(error, AssertionError):
        is_own = line is not None and os.path.normpath(_deepest_file(error)) == os.path.normpath(line.file)
        text = _EXPLANATION.split(text, maxsplit=1)[0] if is_own else ""
    return _WITHHELD if _SHORTENED.search(text) else text


def _is_assertion_of_ours(error: BaseException) -> bool:
    """Whether a scenario of a contract, or a check of the fake, has failed."""
    return isinstance(error, AssertionError) and _deepest_file(error).startswith(PACKAGE)


def _deepest_file(error: BaseException) -> str:
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return files[-1] if files else ""
