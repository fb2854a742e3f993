"""The calls of a rotation function that name another secret than the event of their step does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_fakesecrets._core.arn import parse_secret_arn
from pytest_fakesecrets._core.displayed_names import looks_like_a_value
from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionTimedOut
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._service.hints import OTHER_REGION
from pytest_fakesecrets._service.history import Call, LabelMoved, ValueStored
from pytest_fakesecrets._service.service import INJECTED
from pytest_fakesecrets._service.user_code import missing_variable

from .companions import current_members, is_derived
from .harness import Harness

#: What a name of an environment variable, or of a member of a value, contains if it holds the name of a secret.
_HOLDS_A_NAME = re.compile("arn|secret", re.IGNORECASE)

#: The operations that read the value of another secret on purpose, and those that change a secret.
_READS = frozenset({"BatchGetSecretValue", "GetSecretValue"})
_CHANGES = frozenset({"PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"})


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
        region, _ = harness.fake._service.locate(first.arn)
        self._first = replace(first, last_accessed_on=None)
        self._is_configured = _is_configured(harness, self._first.name, self._first.arn)
        harness.fake._service.transact(region, lambda context: context.save(self._first))

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
        return _described(self._harness, call)

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


def advice_about_another_secret(harness: Harness, rotation: Rotation) -> str | None:
    """
    Return what to do where the last step of a rotation has failed at a call about another secret, or None.

    Another secret that the function reads, such as that of a master user, is not the cause if the reading worked.
    """
    error = rotation.steps[-1].error
    is_explained = isinstance(error, FunctionTimedOut) or missing_variable(error) is not None
    if is_explained or any(finding.code == "other-secret-changed" for finding in rotation.findings):
        return None
    calls = [event for event in harness.last_events if isinstance(event, Call) and event.secret_id]
    others = [call for call in calls if _is_of_another_secret(harness, call)]
    has_own = len(others) < len(calls)
    wrong = next((call for call in others if _may_be_the_cause(call, call is calls[-1], has_own)), None)
    return None if wrong is None else harness.redacted_quotations(_advice(harness, wrong))


def _may_be_the_cause(call: Call, is_last: bool, has_own: bool) -> bool:
    """
    Whether a call about another secret may be the cause of a failure.

    Args:
        is_last: whether the step made no call after it.
        has_own: whether the step made a call about the secret of its event.
    """
    is_read = call.operation in _READS and call.error is None
    return (is_last and call.error is not None) or call.operation in _CHANGES or not (has_own or is_read)


def _advice(harness: Harness, call: Call) -> str:
    name = _requested_name(call)
    advice = (
        f"The rotation is of {harness.name!r}, and {_described(harness, call)} used {name!r}: use event['SecretId'], or set "
        "secret_name."
    )
    if call.operation in _READS and _found(harness, call) is None:
        advice += (
            f" If the function needs both secrets, create {name!r} in prepare(), with fake.add_secret()."
        )
    return advice


def _is_of_another_secret(harness: Harness, call: Call) -> bool:
    """Whether a call names a secret that is not that of the event, nor derived from it, a companion, or configured."""
    id, name = call.secret_id or "", _requested_name(call)
    if is_derived(name, harness.name) or id in {companion.arn for companion in harness.companions}:
        return False
    is_unclear = call.hint == INJECTED or (call.hint or "").startswith(OTHER_REGION) or looks_like_a_value(id)
    return not is_unclear and not _is_configured(harness, name, id, os.environ)


def _requested_name(call: Call) -> str:
    """The name in the id of a call."""
    arn = parse_secret_arn(call.secret_id or "")
    return (call.secret_id or "") if arn is None else arn.name


def _found(harness: Harness, call: Call) -> Secret | None:
    try:
        return harness.fake._service.locate(call.secret_id or "")[1]
    except FakeSecretsError:
        return None


def _described(harness: Harness, call: Call) -> str:
    """A call with its step and its line, if they are known."""
    rejected = "" if call.error is None else f" rejected ({call.error})"
    step = f" in {call.step}" if call.step else ""
    line = harness.lines_of_other_secrets.get(call.request_id)
    return f"{call}{rejected}{step}{f' at {line}' if line else ''}"


def _configurations(harness: Harness) -> Iterator[Mapping[str, Any]]:
    """Yield what a function may know the name of another secret from: environment, value, companions."""
    yield harness.environ()
    secrets = [harness.secret, *(each.read(harness.fake) for each in harness.companions)]
    yield from (current_members(secret) for secret in secrets if secret is not None)


def _is_configured(harness: Harness, name: str, arn: str, *more: Mapping[str, str]) -> bool:
    """Whether a configuration has the ARN of a secret, or its name where this is not the name of something else."""
    return any(
        (arn != name and arn in value) or (value == name and ("/" in name or _HOLDS_A_NAME.search(key)))
        for configuration in (*_configurations(harness), *more)
        for key, value in configuration.items()
        if isinstance(value, str)
    )


def listed(calls: Sequence[str]) -> str:
    """The calls as an enumeration, without those that are made again, and without more than three."""
    different = list(dict.fromkeys(calls))
    more = f", and {len(different) - 3} more" if len(different) > 3 else ""
    return f"{', '.join(different[:3])}{more}"
