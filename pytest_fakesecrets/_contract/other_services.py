"""Calls to other services of AWS inside of a contract, which must not reach AWS."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionStopped
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._transport.unanswered import unanswered_calls_rejected


def other_services_rejected(
    fake: FakeSecrets, on_rejection: Callable[[FakeSecretsError], None] = lambda error: None
) -> AbstractContextManager[None]:
    """
    Reject the calls to other services that nothing in this process answers, while the block runs.

    The rotation function is stopped there, so that it cannot take the rejection for an answer of the service.

    Args:
        on_rejection: called with the error of each rejected call of the function, which may lose it in a thread.
    """

    def reject(service: str, operation: str | None, url: str) -> None:
        invocation = fake._service.running_steps.current()
        error = FakeSecretsError(
            f"{'The contract' if invocation is None else invocation.step} called {operation or 'an operation'} of "
            f"{service}, and nothing in this process answers it, so the call would have reached {url}. Let moto answer it: "
            "enter mock_aws() in a fixture of the class and prepare the service there. Or replace the call by a stub: "
            "botocore's Stubber for the client, or a patch of the function that makes the call."
        )
        if invocation is None:
            raise error
        on_rejection(error)
        raise FunctionStopped(error)

    return unanswered_calls_rejected(reject)
