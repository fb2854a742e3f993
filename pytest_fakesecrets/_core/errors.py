"""
The errors of the service, and the errors of the fake itself.

This module imports no module that raises them, so that every other module can import it.
"""

from __future__ import annotations

from typing import ClassVar

from .exported import exported


@exported
class FunctionTimedOut(Exception):
    """A rotation function exceeded its timeout, and Lambda stopped it."""


@exported
class InvocationRefused(Exception):
    """An injected fault: Lambda rejected the invocation of a rotation function."""


class FunctionFailed(Exception):
    """A rotation function that runs as a process has sent an error, or its process has failed."""


class FunctionStopped(BaseException):
    """
    Raised inside a rotation function at the point where Lambda stops it.

    It derives from BaseException, so that `except Exception` in a function does not catch it.
    """

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class ServiceError(Exception):
    """An answer from Secrets Manager, not a fault in the fake."""

    status: ClassVar[int] = 400
    #: The member of the body that holds the message. It has a capital letter in errors that the service model
    #: declares (LocalStack snapshot test_no_client_request_token).
    message_member: ClassVar[str] = "Message"

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        """
        Args:
            message: the message, in AWS's words.
            hint: the cause in a test, or what to do, if the message does not say it. It is not in the response.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        return type(self).__name__


class InvalidNextTokenException(ServiceError): ...


class InvalidParameterException(ServiceError): ...


class InvalidRequestException(ServiceError): ...


class LimitExceededException(ServiceError): ...


class MalformedPolicyDocumentException(ServiceError): ...


class PublicPolicyException(ServiceError): ...


class ResourceExistsException(ServiceError): ...


class ResourceNotFoundException(ServiceError): ...


class UnmodelledError(ServiceError):
    """An error of the common framework in front of the service, which the model does not declare."""

    message_member = "message"


class AccessDeniedException(UnmodelledError): ...


class SerializationException(UnmodelledError): ...


class InvalidSignatureException(UnmodelledError): ...


class UnknownOperationException(UnmodelledError): ...


class ValidationException(UnmodelledError): ...


def add_optional_note(error: BaseException, note: str) -> None:
    """Add a note to an exception where Python has notes. Elsewhere its message stays as it is."""
    if hasattr(error, "add_note"):
        error.add_note(note)


def secret_not_found() -> ServiceError:
    return ResourceNotFoundException("Secrets Manager can't find the specified secret.")


def label_not_found(label: str) -> ServiceError:
    return ResourceNotFoundException(
        f"Secrets Manager can't find the specified secret value for staging label: {label}"
    )


def version_not_found(version_id: str) -> ServiceError:
    return ResourceNotFoundException(
        f"Secrets Manager can't find the specified secret value for VersionId: {version_id}"
    )


def marked_for_deletion() -> ServiceError:
    return InvalidRequestException(
        "You can't perform this operation on the secret because it was marked for deletion.",
        hint="The secret was deleted with a recovery window. Call restore_secret() first.",
    )


def managed_by_service() -> ServiceError:
    return InvalidRequestException(
        "This secret is managed by an AWS service, and you must use that service to update it."
    )


def not_on_a_replica() -> ServiceError:
    return InvalidParameterException(
        "Operation not permitted on a replica secret. Call must be made in primary secret's region."
    )


def needs_customer_key() -> ServiceError:
    return InvalidRequestException(
        "You can't access a secret from a different AWS account if you encrypt the secret with the "
        "default KMS service key."
    )


def token_in_use(token: str, arn: str) -> str:
    """Return only the message: RotateSecret has no ResourceExistsException in its model."""
    return (
        f"You can't use ClientRequestToken {token} because that value is already in use "
        f"for a version of secret {arn}."
    )


def no_rotation_function(hint: str) -> ServiceError:
    return InvalidRequestException(
        "No Lambda rotation function ARN is associated with this secret.", hint=hint
    )


#: A hint for a RotationLambdaARN that is not the ARN of a function.
TAKES_AN_ARN = "RotationLambdaARN takes an ARN. Pass the ARN that add_rotation_function(handler) returns."

TOKEN_MISSING = "You must provide a ClientRequestToken value. We recommend a UUID-type value."


@exported
class FakeSecretsError(Exception):
    """Incorrect use of the fake, not an error of AWS. The message says what to do."""


class PendingVersionRejected(FakeSecretsError):
    """The value of a rotation's pending version was not stored by the rotation function, so the rotation fails."""


@exported
class ReportingFailedWarning(UserWarning):
    """A warning, a report, a finding or an explanation could not be made. The run continued without it."""


@exported
class RotationFailedWarning(UserWarning):
    """
    A rotation failed after its call had returned, as on AWS. The message contains the function's traceback.

    To fail the test instead, call `fakesecrets.check(rotation)`. A warning filter cannot do it.
    """


@exported
class UnusedFaultWarning(UserWarning):
    """No call met a fault that a test injected with `fail()`, so the fault had no effect."""


@exported
class CredentialRefused(PermissionError):
    """The target rejected a login or a new password. The message contains no secret value."""


@exported
class TargetDown(ConnectionError):
    """The target is down. The call has done nothing."""


#: The constant parts of the messages of `TargetDown`: around the name of a call, and in a contract.
TARGET_DOWN = ("The target is down, so ", " did nothing.", " Set is_down to False.")
CONNECTION_LOST = "The connection to the target was lost."
