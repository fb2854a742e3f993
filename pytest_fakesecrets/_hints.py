"""What to do about a refusal: exact on AWS, and a riddle in a test."""

from __future__ import annotations

from ._core.arn import parse_secret_arn
from ._core.errors import AccessDeniedException, ResourceNotFoundException, ServiceError
from ._core.secret import Secret
from ._functions import Functions
from ._operations import Context


def hint_at(
    refused: ServiceError | None, context: Context, secret_id: str | None, functions: Functions
) -> str | None:
    """A hint for the report of a failing test, or None. The answer itself stays AWS's."""
    if refused is None or secret_id is None:
        return None
    if isinstance(refused, AccessDeniedException):
        return _unknown_function(functions)
    secret = context.region.find(secret_id, context.now)
    if isinstance(refused, ResourceNotFoundException) and secret is None:
        return _other_region(context, secret_id)
    if "rotation Lambda ARN" in refused.message and secret is not None:
        return (
            f"The secret is in {secret.region}, and its function has to be there too: "
            f"add_rotation_function(handler, region_name={secret.region!r})."
        )
    if "previous rotation isn't complete" in refused.message and secret is not None:
        return _unfinished(context, secret)
    return None


def _unknown_function(functions: Functions) -> str:
    known = "".join(f"\n- {arn}" for arn in functions.arns)
    return "Add the rotation function with add_rotation_function() and pass the ARN that it returns." + (
        f" The fake knows:{known}" if known else " The fake knows none yet."
    )


def _other_region(context: Context, secret_id: str) -> str | None:
    arn = parse_secret_arn(secret_id)
    name = secret_id if arn is None else arn.name
    elsewhere = sorted(
        region.name
        for region in context.store.store.regions.values()
        if region is not context.region and name in region.secrets
    )
    if not elsewhere:
        return None
    return f"The call went to {context.region_name}; there is a secret {name!r} in {', '.join(elsewhere)}."


def _unfinished(context: Context, secret: Secret) -> str | None:
    rotation = context.home(secret.arn).unfinished_rotation(secret)
    if rotation is None:
        return "AWSPENDING is on a version without AWSCURRENT, though no rotation has put it there."
    if rotation.status == "in progress":
        return f"That rotation waits for {rotation.next_step}: go on with step() or run()."
    return f"That rotation has {rotation.status}: repair its labels, or retry it."
