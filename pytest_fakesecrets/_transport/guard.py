"""The guard for calls while no fake is active: it rejects or records them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_fakesecrets._core.errors import FakeSecretsError

from . import state
from .state import Departure

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest

_LOOPBACK = re.compile(r"https?://(localhost|127\.[\d.]+|\[::1\])(:\d+)?/")

#: The packages whose responses come over the network.
_HTTP_CLIENTS = {"urllib3", "aiohttp", "httpx"}
#: The base classes of the exceptions that botocore raises if a request gets no response.
_HTTP_ERRORS = {"HTTPClientError", "ConnectionError"}

_IS_ON = " was called while no fake was active, and fakesecrets_guard is on."


def is_of_guard(error: BaseException) -> bool:
    """Whether an exception is that of a call that the guard has rejected."""
    return type(error) is FakeSecretsError and _IS_ON in str(error)


def check_may_leave(operation: str, url: str) -> None:
    """
    Reject a call that would reach AWS by accident.

    Raises:
        FakeSecretsError: the guard is on, or the fake is active in the parent process.
    """
    if _is_sent_to_parent(url):
        return
    owner = os.environ.get(state.HOME)
    if owner and owner != str(os.getpid()):
        raise FakeSecretsError(
            f"{operation} was called in process {os.getpid()}, and the fake is in its parent process {owner}. Request the "
            "fixture fakesecrets_server, and set its variables in this process: "
            "os.environ.update(fakesecrets_server.environ)."
        )
    if state.guarded:
        _record(operation, url, is_rejected=True)
        raise FakeSecretsError(
            f"{operation}{_IS_ON} The call has not left "
            "this machine. Request the fixture fakesecrets, or fakesecrets_client, in the test; or mark a "
            'unittest.TestCase with @pytest.mark.usefixtures("fakesecrets"), or enter FakeSecrets() in its setUp().'
        )


def record_departure(operation: str, request: AWSRequest) -> None:
    """Record a call that leaves this process, unless it is sent to the server of a parent process."""
    url = str(request.url)
    if not _is_sent_to_parent(url):
        request.context[state.DEPARTURE] = _record(operation, url, is_rejected=False)


def _is_sent_to_parent(url: str) -> bool:
    owner = os.environ.get(state.HOME)
    return owner is not None and owner != str(os.getpid()) and _LOOPBACK.match(url) is not None


def remove_departure(context: dict[str, Any]) -> None:
    """Remove a call from the record, since it was answered by a stub or never sent."""
    with suppress(ValueError):  # the record has been cleared since
        state.departures.remove(context.pop(state.DEPARTURE))


def is_network_response(response: object) -> bool:
    return type(getattr(response, "raw", None)).__module__.partition(".")[0] in _HTTP_CLIENTS


def is_network_error(error: BaseException) -> bool:
    return any(kind.__name__ in _HTTP_ERRORS for kind in type(error).__mro__)


def _record(operation: str, url: str, *, is_rejected: bool) -> Departure:
    address = urlsplit(url)
    endpoint = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"  # without user name and password
    departure = Departure(operation, endpoint, is_rejected)
    state.departures.append(departure)
    return departure
