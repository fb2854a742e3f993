"""What a test learns of its injected faults: which no call has met, and which the retries of a client have absorbed."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable

from pytest_fakesecrets._core.errors import UnusedFaultWarning
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._service.faults import Fault
from pytest_fakesecrets._service.reporting_errors import PACKAGE, encodable, warn
from pytest_fakesecrets._service.service import Service


def warn_of_unused_faults(service: Service, *, may_raise: bool) -> None:
    """
    Issue an `UnusedFaultWarning` for each fault that no call has met.

    It becomes an exception where a filter names its class, and not by a filter for all warnings.

    Args:
        may_raise: whether it may become one. It must not hide another exception.
    """
    for fault in service.faults.take_unused():
        line = fault.injected_at
        file, number = (PACKAGE, 0) if line is None else (line.file, line.number)
        text = encodable(_text(fault, service))
        if may_raise and _is_named_by_a_filter():
            warnings.warn_explicit(text, UnusedFaultWarning, encodable(file), number)
        else:
            warn(text, UnusedFaultWarning, file, number)


def _is_named_by_a_filter() -> bool:
    return any(category is UnusedFaultWarning for _, _, category, *_ in warnings.filters)


def absorbed_faults(service: Service, message: str) -> str | None:
    """
    A hint for a test that expected an exception, or None where no fault explains that there was none.

    Args:
        message: that of the failed test. pytest's begins with "DID NOT RAISE".
    """
    faults = service.faults.used_up()
    if not message.startswith("DID NOT RAISE") or not faults:
        return None
    lines = "".join(f"\n- {fault}, times={fault.happened}" for fault in faults)
    return (
        f"hint: Calls met these injected faults, and then the next calls succeeded:{lines}\n"
        "botocore retries throttled calls, server errors and failures of the network, so the code under test may have "
        "seen no error. Inject the fault with times=None to let each retry fail too."
    )


def _text(fault: Fault, service: Service) -> str:
    where = "" if fault.injected_at is None else f" at {fault.injected_at}"
    return (
        f"No call met the injected fault {fault}{where}{_misspelling(fault, service)} "
        "Correct the operation, secret_id or step, or remove the fault."
    )


def _misspelling(fault: Fault, service: Service) -> str:
    names = {secret.name for secret in _secrets(service)}
    known = {*names, *(secret.arn for secret in _secrets(service))}
    if fault.secret_id is None or fault.secret_id in known:
        return ", so it had no effect."
    close = difflib.get_close_matches(fault.secret_id, names, 1, cutoff=0.5)
    return f", and there is no secret {fault.secret_id!r}." + (
        f" Did you mean {close[0]!r}?" if close else ""
    )


def _secrets(service: Service) -> Iterable[Secret]:
    return [
        secret for region in list(service.store.regions.values()) for secret in list(region.secrets.values())
    ]
