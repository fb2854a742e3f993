"""An application in a Lambda function that reads its secret through the AWS Parameters and Secrets Lambda Extension."""

from __future__ import annotations

import json
import os
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from inventory_database import DATABASE

SECRET = "inventory/database"


def read_secret(*, refresh_now: bool = False) -> dict[str, str]:
    """
    Return the secret from the cache of the extension, or from Secrets Manager.

    Raises:
        urllib.error.HTTPError: the extension or Secrets Manager rejects the request.
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
    Return the number of articles, queried with the password that the extension has cached.

    Raises:
        PermissionError: the database rejects the password, for up to five minutes after a rotation.
    """
    return query_stock(read_secret())


def stock_with_refresh() -> int:
    """Return the same number; if the password is rejected, refresh the cache once."""
    try:
        return stock()
    except PermissionError:
        return query_stock(read_secret(refresh_now=True))


def query_stock(login: dict[str, str]) -> int:
    DATABASE.log_in(login["username"], login["password"])
    return 42
