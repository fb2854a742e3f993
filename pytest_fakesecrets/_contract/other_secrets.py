"""The calls of a rotation function that name another secret than the event of their step does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._service.history import Call, LabelMoved, ValueStored

from .companions import current_members
from .harness import Harness

#: What a name of an environment variable, or of a member of a value, contains if it holds the name of a secret.
_HOLDS_A_NAME = re.compile("arn|secret", re.IGNORECASE)


class OtherSecretUses:
    """
    The calls about other secrets in a rotation of a second secret, beside which that of the other scenarios exists.

    A rotation may read secrets such as that of a master user, whose name is in its configuration. The first secret is
    not one of them, so a call that names it has the name from the code, or from an earlier event.
    """

    def __init__(self, harness: Harness, first: Secret) -> None:
        """
        Args:
            harness: its secret is the second one. Its rotation has not begun.
            first: the secret of the other scenarios.
        """
        self._harness = harness
        self._arn = harness.secret.arn
        self._lines: dict[str, str | None] = {}
        region, _ = harness.fake._service.locate(first.arn)
        self._first = replace(first, last_accessed_on=None)
        self._is_configured = any(map(self._is_named_in, self._configurations()))
        harness.fake._service.transact(region, lambda context: context.save(self._first))
        harness.hooks.append(self._note_line)

    def _note_line(self, index: int) -> None:
        history = self._harness.fake._service.history
        call = next((event for event in reversed(history) if isinstance(event, Call)), None)
        if call is not None and call.secret_id != self._arn:
            self._lines[call.request_id] = self._harness.running_line()

    def changed(self) -> Mapping[str, str]:
        """
        The names of the secrets that the rotation has changed, each with the first call that did so, or "".

        Companions are not among them.
        """
        allowed = {self._arn, *(companion.arn for companion in self._harness.companions)}
        changed: dict[str, str] = {}
        call: Call | None = None
        for event in self._harness.step_events:
            if isinstance(event, Call):
                call = event
            elif isinstance(event, LabelMoved | ValueStored) and event.secret_id not in allowed:
                changed.setdefault(
                    self._name_of(event.secret_id), "" if call is None else self._described(call)
                )
        now = self._now()
        if (now.versions.keys(), now.labels) != (self._first.versions.keys(), self._first.labels):
            changed.setdefault(self._first.name, "")
        return changed

    def of_the_first(self) -> list[str]:
        """The calls about the secret of the other scenarios, unless the configuration of the function names it."""
        if self._is_configured:
            return []
        calls = [event for event in self._harness.step_events if isinstance(event, Call)]
        is_read = self._now().last_accessed_on is not None
        return [
            self._described(call)
            for call in calls
            if call.secret_id == self._first.arn or (is_read and call.operation == "BatchGetSecretValue")
        ]

    def _described(self, call: Call) -> str:
        """A call with its step and its line, if they are known."""
        rejected = "" if call.error is None else f" rejected ({call.error})"
        step = f" in {call.step}" if call.step else ""
        line = self._lines.get(call.request_id)
        return f"{call}{rejected}{step}{f' at {line}' if line else ''}"

    def _now(self) -> Secret:
        """The first secret in its present state."""
        try:
            return self._harness.fake._service.locate(self._first.arn)[1]
        except FakeSecretsError:  # the rotation has deleted it
            return replace(self._first, labels={})

    def _name_of(self, arn: str) -> str:
        try:
            return self._harness.fake._service.locate(arn)[1].name
        except FakeSecretsError:
            return arn

    def _configurations(self) -> Iterator[Mapping[str, Any]]:
        """Yield what a function may know the name of another secret from: environment, value, companions."""
        yield self._harness.environ()
        secrets = [
            self._harness.secret,
            *(each.read(self._harness.fake) for each in self._harness.companions),
        ]
        yield from (current_members(secret) for secret in secrets if secret is not None)

    def _is_named_in(self, configuration: Mapping[str, Any]) -> bool:
        """Whether it has the ARN of the first secret, or its name where this is not the name of something else."""
        name = self._first.name
        return any(
            self._first.arn in value or (value == name and ("/" in name or _HOLDS_A_NAME.search(key)))
            for key, value in configuration.items()
            if isinstance(value, str)
        )


def listed(calls: Sequence[str]) -> str:
    """The calls as an enumeration, without those that are made again, and without more than three."""
    different = list(dict.fromkeys(calls))
    more = f", and {len(different) - 3} more" if len(different) > 3 else ""
    return f"{', '.join(different[:3])}{more}"
