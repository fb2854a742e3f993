"""The exceptions behind an exception, and notes on exceptions in all versions of Python."""

from __future__ import annotations

from collections.abc import Iterator


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its causes and contexts, and the members of exception groups, each one once."""
    seen: dict[int, BaseException] = {}
    remaining: list[BaseException | None] = [error]
    while remaining:
        each = remaining.pop()
        if each is not None and id(each) not in seen:
            seen[id(each)] = each
            yield each
            behind = (each.__cause__, each.__context__, *getattr(each, "exceptions", ()))
            remaining += reversed(behind)


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception, unless it has that note. Without notes, before Python 3.11, its message gets a line."""
    if not hasattr(error, "add_note"):
        error.args = (f"{str(error).partition(note)[0].rstrip()}\n{note}",)
    elif note not in getattr(error, "__notes__", ()):
        error.add_note(note)
