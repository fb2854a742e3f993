"""The service that the API keys are for, kept in memory."""

from __future__ import annotations


class KeyService:
    """
    Holds up to two valid keys for each client, so that one can be replaced while the other works.

    A real service would be called over HTTP; the rotation function needs only these methods.
    """

    MOST_KEYS = 2

    def __init__(self) -> None:
        self._keys: dict[str, list[str]] = {}

    def keys(self, client_id: str) -> list[str]:
        return list(self._keys.get(client_id, ()))

    def add_key(self, client_id: str, key: str) -> None:
        keys = self._keys.setdefault(client_id, [])
        if key not in keys and len(keys) == self.MOST_KEYS:
            raise PermissionError(f"{client_id} has {self.MOST_KEYS} keys already; revoke one first")
        if key not in keys:
            keys.append(key)

    def revoke_key(self, client_id: str, key: str) -> None:
        self._keys[client_id] = [other for other in self.keys(client_id) if other != key]

    def call(self, client_id: str, key: str) -> str:
        """Call the service as an application does."""
        if key not in self.keys(client_id):
            raise PermissionError("unknown API key")
        return "200 OK"


#: The service that the rotation function and the application talk to.
SERVICE = KeyService()
