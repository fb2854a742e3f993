"""An application in a Lambda function, which reads its secret through the AWS Parameters and Secrets Lambda Extension."""

from __future__ import annotations

import json
import os
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from inventory_database import DATABASE

SECRET = "inventory/database"


def read_secret(*, refresh_now: bool = False) -> dict[str, str]:
    """
    The secret out of the cache of the extension, or of Secrets Manager.

    Raises:
        urllib.error.HTTPError: the extension rejects the request, or Secrets Manager does.
    """
    port = os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773")
    query = urlencode({"secretId": SECRET, **({"refreshNow": "true"} if refresh_now else {})})
    request = Request(
        f"http://localhost:{port}/secretsmanager/get?{query}",
        headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]},
    )
    with urlopen(request, timeout=5) as response:
        value: dict[str, str] = json.loads(json.load(response)["SecretString"])
    return value


def stock() -> int:
    """
    The number of articles, read with the password that the extension has cached.

    Raises:
        PermissionError: the database rejects it, as it does for up to five minutes after a rotation.
    """
    return query_stock(read_secret())


def stock_with_refresh() -> int:
    """The same, but a rejected password is read again, past the cache, once."""
    try:
        return stock()
    except PermissionError:
        return query_stock(read_secret(refresh_now=True))


def query_stock(login: dict[str, str]) -> int:
    DATABASE.log_in(login["username"], login["password"])
    return 42
