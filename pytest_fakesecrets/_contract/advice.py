"""What to do about a rotation that failed: advice that fits the exception, the calls and the target."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from pytest_fakesecrets._core.errors import CredentialRefused, FunctionTimedOut, TargetDown
from pytest_fakesecrets._core.finding import Finding, grouped
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._service.function_timeout import LONGEST_TIMEOUT
from pytest_fakesecrets._service.hints import OTHER_REGION, PREFIX
from pytest_fakesecrets._service.reporting_errors import text_of
from pytest_fakesecrets._service.user_code import missing_variable

AFTER_A_DISTURBANCE = "The attempt before may have stopped after any call: find out what it has done already, and do only the rest."

#: How setSecret finds out how far an attempt before has come.
PENDING_FIRST = f"log in with the {PENDING} value first, and return if that works"

#: What the target shows about a step, in the words of the failure.
NOT_SET = "setSecret returned, and the target still rejects the pending value"
IS_SET = "the target accepts the pending value"
LOST_PENDING = "AWSPENDING is not on the new version any more, and AWSCURRENT not yet: AWS does not retry such a rotation"
NO_CALL = "the function raised before any call of the step"
LOCKED_OUT = "the target accepts the value of no version any more (locked-out)"

CURRENT_FIRST = f"Move {CURRENT} first, and remove {PENDING} afterwards: a rotation that stops in between can be resumed then."

TOO_SLOW = "Wait shorter and raise: AWS tries again."


def advice_for(
    rotation: Rotation,
    error: BaseException | None,
    calls: Sequence[str],
    notes: Sequence[str],
    *,
    disturbed: bool,
) -> str:
    """
    Return what to do about a rotation that did not succeed.

    Args:
        error: what the last step raised, or None.
        calls: the calls of the last step, such as "GetSecretValue AWSPENDING (v2)".
        notes: what the target showed in the last attempt, and whether the last step made no call.
        disturbed: whether the scenario injected a fault, or killed the function.
    """
    step = rotation.steps[-1]
    if isinstance(error, FunctionTimedOut):
        return advice_for_timeout(step.name)
    variable = missing_variable(error)
    if variable is not None:
        return f"Give the class the function's environment variables: environ = {{{variable!r}: ...}}."
    causes = [cause for cause, _ in grouped(relevant(rotation.findings, disturbed=disturbed))]
    own = [finding for finding in causes if finding.step == step.name] or causes
    if own:
        return located_advice(own[-1], step.name)
    if (noted := _advice_for_notes(step.name, error, notes)) is not None:
        return noted
    if _asks_for_previous(error, calls):
        return f"Handle a secret without {PREVIOUS}: before its second rotation it has none."
    if disturbed and step.name == "setSecret" and NO_CALL not in notes:
        return (
            f"Look at setSecret: {PENDING_FIRST}. Else log in with the {CURRENT} value, or with "
            f"the {PREVIOUS} one, and change the credential."
        )
    where = f" at {step.raised_at}" if step.raised_at else ""
    if disturbed:
        return f"Look at {step.name}{where}. {AFTER_A_DISTURBANCE}"
    if NO_CALL in notes:
        return f"Look at the exception{where}: the function raised it before it called anything."
    return f"Look at the exception{where}: nothing disturbed this rotation."


def relevant(findings: Sequence[Finding], *, disturbed: bool) -> list[Finding]:
    """
    Return the findings that may be the cause of a failure.

    The event has the same keys in a rotation without faults, which has succeeded. So a KeyError after a disturbance is not
    about the event.
    """
    return [finding for finding in findings if not (disturbed and finding.code == "event-misread")]


def _advice_for_notes(step: str, error: BaseException | None, notes: Sequence[str]) -> str | None:
    """What to do about what the notes of an attempt show, or None."""
    if any(note.startswith(OTHER_REGION) for note in notes):
        return (
            "Create the client without a region, so that it has that of AWS_DEFAULT_REGION, as the secret of the contract "
            "does. Or set that variable to the region of the client before the module of the function is imported."
        )
    if LOST_PENDING in notes:
        return CURRENT_FIRST
    if step == "testSecret" and NOT_SET in notes:
        return (
            f"Set the {PENDING} value at the target in setSecret: the version of event['ClientRequestToken']."
        )
    is_set = next((note for note in notes if note.startswith(IS_SET)), None)
    if step != "testSecret" or is_set is None:
        return None
    if PENDING not in is_set:
        return f"Read the {PENDING} value in testSecret: the version of event['ClientRequestToken']."
    if is_of_a_target(error):
        return f"Log in with the {PENDING} value in testSecret: it has read that value, and the target accepts it."
    return None


def located_advice(finding: Finding, step: str) -> str:
    """The advice of a finding, with the step to look at if that is not the one that failed."""
    return finding.advice if finding.step in (None, step) else f"Look at {finding.step}. {finding.advice}"


def advice_for_timeout(step: str) -> str:
    """Return what to do about a step that has run longer than its function may run."""
    return f"Look at {step}: it takes longer than the function may run (too-slow). {TOO_SLOW}"


def advice_for_delay(
    step: str, delay: timedelta, timeout: timedelta, *, has_timed_out: bool, last_login: timedelta | None
) -> str:
    """
    Return what to do about a function that has not waited for a target that needs its time.

    Args:
        step: the step that failed.
        delay: the `propagation_delay` of the class.
        timeout: how long the function may run.
        has_timed_out: whether the step has run longer than that.
        last_login: the time from the change of the credential to the last login of the step, if that was rejected.
    """
    needed, allowed = f"{delay.total_seconds():g} seconds", f"{timeout.total_seconds():g} seconds"
    if delay >= LONGEST_TIMEOUT:
        return (
            f"Raise in testSecret, and leave propagation_delay out: the target needs {needed}, and Lambda stops each function "
            f"after {LONGEST_TIMEOUT.total_seconds():g} seconds at most. AWS tries again."
        )
    longer = (
        "Raise the function's timeout above propagation_delay (attribute `timeout`), as in its Lambda configuration: it is "
        f"{allowed}"
    )
    if has_timed_out and timeout > delay:
        return (
            f"Look at {step}: try the login again after shorter waits, and go on when it works. The target needs {needed}, and "
            f"the function may run {allowed}."
        )
    if has_timed_out:
        return f"{longer}, and the target needs {needed}."
    last = ""
    if last_login is not None:
        seconds = round(last_login.total_seconds(), 1)
        last = f"its last login was {seconds:g} seconds after the change of the credential, and "
    again = (
        f"Try the login again in {step} for as long as propagation_delay: {last}the target needs {needed}."
    )
    return f"{again} {longer}." if timeout <= delay else again


def advice_for_cold_start(step: str, error: BaseException | None) -> str:
    """Return what to do about a rotation that fails only if each step starts without what is in memory."""
    missing = getattr(error, "name", None) if isinstance(error, NameError) else None
    what = f"uses {missing!r}, which" if missing else "depends on what"
    return (
        f"Look at {step}: it {what} an earlier step has left in memory, and Lambda may run each step in a new process. "
        "Read the values from the secret in each step, and set up there what the step uses."
    )


def advice_for_repetition(step: str, error: BaseException) -> str:
    """Return what to do about a step that raised when it was delivered for the second time."""
    if isinstance(error, FunctionTimedOut):
        return advice_for_timeout(step)
    if "ResourceExistsException" in f"{type(error).__name__} {text_of(error)}":
        return (
            f"Look at {step}: it stores a new value at each delivery. If the version of event['ClientRequestToken'] has a value "
            "already, keep that value."
        )
    if step == "setSecret":
        return f"Look at setSecret: {PENDING_FIRST}."
    return f"Look in {step} how far it has come, and leave alone what is done."


def advice_for_skipped_work(step: str, call: str | None, *, returned_early: bool) -> str:
    """
    Return what to do where a recovery has left out what a rotation without faults does at the target.

    Args:
        step: the step that does it.
        call: the name of the call, or None if only the state of the target shows it.
        returned_early: whether the step changed nothing at the target in the retry.
    """
    if step == "finishSecret":
        return (
            "Do it also when the version of event['ClientRequestToken'] is current already: a retry may begin after the "
            "promotion."
        )
    if call is None or not returned_early:
        what = "what is done" if call is None else f"which of its calls of {call} have been made"
        return f"In {step}, find out in a retry {what}, and do the rest."
    states = {
        "createSecret": f"the version has a value with {PENDING} already",
        "setSecret": "the pending value logs in already",
    }
    also = states.get(step, "an attempt before has come so far")
    return f"In {step}, a retry returns before {call}: do it also if {also}."


def advice_for_lockout(step: str, accepted: Mapping[str, Collection[str]]) -> str:
    """
    Return what to do where the target accepts no value of the labels that count.

    Args:
        step: the step after one of whose calls it is so.
        accepted: the aliases of the versions whose value the target accepts, with their labels.
    """
    labels = {label for attached in accepted.values() for label in attached}
    if PENDING in labels:
        return (
            f"Look at {step}: it ends the old credential before {CURRENT} moves. Let the target accept both until then, with "
            "a second password or a second user, or set zero_downtime = False if readers can bear the gap."
        )
    if labels:
        return (
            f"Look at {step}: it moves {CURRENT} to a value that the target does not accept yet. Set the new credential at the "
            f"target in setSecret, and move {CURRENT} in finishSecret."
        )
    if is_lost_by_finish_secret(step, accepted):
        return CURRENT_FIRST
    if accepted:
        return (
            f"Look at createSecret: the target has the value of {' and '.join(accepted)}, a version without a label. Store "
            f"it with ClientRequestToken=event['ClientRequestToken'] and VersionStages=['{PENDING}'], and keep it at a second "
            "delivery."
        )
    return (
        f"Look at {step}: no version has a value that the target accepts now. Generate the value in createSecret, store it "
        "before the target has it, and let the old one work until the new one does."
    )


def is_lost_by_finish_secret(step: str, accepted: Mapping[str, Collection[str]]) -> bool:
    """Whether the value that the target accepts has lost its label in finishSecret, before it got AWSCURRENT."""
    return step == "finishSecret" and bool(accepted) and not any(accepted.values())


def is_of_a_target(error: BaseException | None) -> bool:
    """Whether a `CredentialTarget` has raised an exception, or one that it was raised for."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, CredentialRefused | TargetDown):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _asks_for_previous(error: BaseException | None, calls: Sequence[str]) -> bool:
    rejected = any(call.startswith("GetSecretValue") and "rejected" in call for call in calls)
    return rejected and error is not None and PREVIOUS in str(error)


def sentence(note: str) -> str:
    """A note as a sentence. The names of steps keep their small letter, and hints are sentences."""
    if note.startswith(PREFIX):
        return note
    first = note.partition(" ")[0]
    return f"{note if first in STEPS else note[0].upper() + note[1:]}."
