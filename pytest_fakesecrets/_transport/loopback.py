"""Rejects requests that a web page sends to the loopback address under another name (DNS rebinding)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

_HOST = re.compile(r"(?P<name>\[[^\]]*\]|[^:]*)(?::(?P<port>\d+))?")


def header_rejection(
    hosts: Sequence[str], origins: Sequence[str], port: int
) -> tuple[HTTPStatus, str] | None:
    """
    The status and the message with which a request is rejected by its headers, or None.

    A browser sends the host name that a page used, also where DNS resolves that name to the loopback address.

    Args:
        hosts: the values of the header Host. Clients of HTTP/1.0 may omit it; browsers do not.
        origins: the values of the header Origin, which only browsers send.
        port: the port of the endpoint.
    """
    if len(hosts) > 1 or not all(_is_own(host, port) for host in hosts):
        return HTTPStatus.MISDIRECTED_REQUEST, (
            f"The header Host is {', '.join(map(repr, hosts))}, and this endpoint answers only requests to its own "
            f"address: 127.0.0.1:{port}, localhost:{port} or [::1]:{port}. Send them there."
        )
    if not all(map(_is_page_of_this_machine, origins)):
        return HTTPStatus.FORBIDDEN, (
            f"The header Origin is {', '.join(map(repr, origins))}, and this endpoint does not answer pages of other hosts."
        )
    return None


def _is_own(host: str, port: int) -> bool:
    match = _HOST.fullmatch(host.strip())
    return match is not None and is_loopback(match["name"]) and match["port"] in (None, str(port))


def _is_page_of_this_machine(origin: str) -> bool:
    try:
        return is_loopback(urlsplit(origin.strip()).hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a name or an address always means the machine itself (RFC 6761, 6.3)."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
