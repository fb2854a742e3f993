"""The part of the fake that makes clients, and reaches those that it would miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._service.region import region_or_default
from pytest_fakesecrets._transport import botocore_hooks, state
from pytest_fakesecrets._transport.install import put_handlers, reach

from .looking import Looking

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


class Clients(Looking):
    """The part of the fake that makes clients."""

    @property
    def is_active(self) -> bool:
        return self._world.is_active

    def _check_active(self) -> None:
        if not self.is_active:
            raise FakeSecretsError(state.NOT_ACTIVE)

    def client(self, region_name: str | None = None, **kwargs: Any) -> SecretsManagerClient:
        """
        A botocore client for `secretsmanager`.

        Args:
            region_name: its region; the default one where none is named.
            kwargs: whatever else `botocore.session.Session.create_client` takes.

        Raises:
            FakeSecretsError: the fake is not active, and its client would reach the real AWS; or region_name is not
                the name of a region.
        """
        self._check_active()
        reach()
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client: Any = state.session().create_client(
            "secretsmanager", region_name=region_or_default(region_name), **{**keys, **kwargs}
        )
        client.meta.events.register(*botocore_hooks.NOT_WITHOUT_A_FAKE)
        return client  # type: ignore[no-any-return]  # typed for those who have the stubs

    def attach(self, client: Any) -> None:
        """
        Let this fake answer a client that it does not reach by itself.

        Entering a fake reaches every client and session of botocore's. One that is built by hand, with an event
        emitter that belongs to no session, is reached by this.

        Args:
            client: a client for `secretsmanager`; or a session, such as `boto3.DEFAULT_SESSION`, whose
                clients are then answered when they are made from now on.

        Raises:
            FakeSecretsError: it is neither.
        """
        if state.is_ours(client):
            put_handlers(client.meta.events)
            return
        session = getattr(client, "_session", client)
        if not hasattr(session, "get_component"):
            raise FakeSecretsError(f"attach() takes a secretsmanager client or a session, not {client!r}.")
        put_handlers(session.get_component("event_emitter"))
