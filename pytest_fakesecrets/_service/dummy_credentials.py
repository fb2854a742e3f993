"""The dummy credentials of clients, for this process and its child processes: no real key is needed or read."""

from __future__ import annotations

from collections.abc import Mapping

_KEY = "testing"

#: The arguments of a client with dummy credentials.
CLIENT_ARGUMENTS: Mapping[str, str] = {"aws_access_key_id": _KEY, "aws_secret_access_key": _KEY}

#: The variables of a child process with dummy credentials.
KEY_VARIABLES: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": _KEY,
    "AWS_SECRET_ACCESS_KEY": _KEY,
    "AWS_EC2_METADATA_DISABLED": "true",
}

#: The session token of a rotation function that runs as a process: AWS Lambda always sets one.
SESSION_TOKEN = _KEY

#: The variables that an active fake sets: dummy keys, no profile, no metadata service. None unsets a variable.
VARIABLES: Mapping[str, str | None] = {
    **KEY_VARIABLES,
    "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
}
