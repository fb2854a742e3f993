"""
Parses and validates requests by the service model of the installed botocore.

The service model is the only list of shapes and constraints. A rule with an error message of its own, such as the
rule for names of secrets, is in the function of the operation.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import botocore.model  # no names are imported from it: a reload replaces its classes
from botocore import xform_name
from botocore.loaders import create_loader
from botocore.validate import ParamValidator

from pytest_fakesecrets._core.errors import (
    FakeSecretsError,
    SerializationException,
    ServiceError,
    UnknownOperationException,
    ValidationException,
)
from pytest_fakesecrets._operations import OPERATIONS, Response

from .format_hints import format_in

#: Shapes whose length is in bytes: the quota of a secret value (user guide, quotas). The model counts characters.
_MEASURED_IN_BYTES = {"SecretStringType"}

#: Converts a JSON value at a path to a Python value, and appends messages about violated constraints.
Reader = Callable[[Any, str, list[str]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation: the reader of its requests, and the function that executes it."""

    name: str
    read: Reader
    function: Callable[..., Response]
    #: The members of its output in the installed model.
    answers_with: frozenset[str]

    def output(self, response: Response) -> Response:
        """The response without the members that only newer models have."""
        if response.keys() <= self.answers_with:
            return response
        return {name: value for name, value in response.items() if name in self.answers_with}


@lru_cache(maxsize=1)
def service_model() -> botocore.model.ServiceModel:
    loader = create_loader(os.environ.get("AWS_DATA_PATH"))  # needed if botocore is in a zip archive
    model = loader.load_service_model("secretsmanager", "service-2")
    return botocore.model.ServiceModel(model, "secretsmanager")


@cache
def operation(name: str) -> Operation:
    """
    The operation with a name.

    Raises:
        UnknownOperationException: the installed botocore does not have the operation.
        NotImplementedError: the fake does not implement the operation, or one of its members.
    """
    try:
        model = service_model().operation_model(name)
    except botocore.model.OperationNotFoundError:
        raise UnknownOperationException from None
    function = OPERATIONS.get(name)
    if function is None:
        raise NotImplementedError(f"pytest-fakesecrets does not know the operation {name} yet.")
    parameters = inspect.signature(function).parameters
    return Operation(
        name=name,
        read=_structure(model.input_shape, name_as=_parameter(name, parameters)),
        function=function,
        answers_with=frozenset(model.output_shape.members if model.output_shape else ()),
    )


def _parameter(operation_name: str, parameters: Mapping[str, Any]) -> Callable[[str], str]:
    def parameter(member: str) -> str:
        python_name: str = xform_name(member)
        if python_name not in parameters:
            raise NotImplementedError(
                f"pytest-fakesecrets does not know the member {member} of {operation_name} yet."
            )
        return python_name

    return parameter


_parse_json = json.JSONDecoder().decode


def decode(read: Reader, body: bytes) -> Mapping[str, Any]:
    """
    The parameters of a request, by their Python names.

    Raises:
        SerializationException: the body is not a JSON object, or a member has the wrong type.
        ValidationException: members violate constraints of the model. The message lists all violations.
    """
    try:
        document = _parse_json(body.decode("utf-8", "surrogatepass") or "{}")
    except (ValueError, RecursionError):
        raise SerializationException("The body of the request is not JSON.") from None
    violations: list[str] = []
    parameters = read(document, "", violations)
    if violations:
        noun = "error" if len(violations) == 1 else "errors"
        raise ValidationException(f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")
    return parameters  # type: ignore[no-any-return]  # the input shape of an operation is a structure


def member_names(operation_name: str) -> tuple[str, ...]:
    """The members of the requests of an operation that the installed botocore has."""
    shape = service_model().operation_model(operation_name).input_shape
    return () if shape is None else tuple(shape.members)


def check_members(operation_name: str, **members: Any) -> None:
    """
    Check seeded members against the constraints of an operation.

    Raises:
        FakeSecretsError: a member is unknown, or violates a constraint.
    """
    shape = service_model().shape_for(f"{operation_name}Request")
    report = ParamValidator().validate(members, shape)
    if report.has_errors():
        raise FakeSecretsError(_with_format(report.generate_report()))
    try:
        decode(operation(operation_name).read, json.dumps(members).encode())
    except ServiceError as error:
        raise FakeSecretsError(_with_format(error.message)) from None


def _with_format(message: str) -> str:
    """A message of a validation, and the format of the member that it names, if it has one."""
    return " ".join(filter(None, [f"{message.removesuffix('.')}.", format_in(message)]))


def _reader(shape: botocore.model.Shape) -> Reader:
    if isinstance(shape, botocore.model.StructureShape):
        return _structure(shape)
    if isinstance(shape, botocore.model.ListShape):
        return _list(shape)
    return _scalar(shape)


def _structure(shape: botocore.model.StructureShape | None, name_as: Callable[[str], str] = str) -> Reader:
    members = {} if shape is None else shape.members
    readers = [(wire, name_as(wire), _path(wire), _reader(member)) for wire, member in members.items()]
    required = [] if shape is None else [(wire, _path(wire)) for wire in shape.required_members]

    def read(value: Any, path: str, violations: list[str]) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong_type(path, "a structure")
        prefix = f"{path}." if path else ""
        for wire, name in required:
            if value.get(wire) is None:
                violations.append(
                    f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
                )
        return {
            python_name: member(item, prefix + name, violations)
            for wire, python_name, name, member in readers
            if (item := value.get(wire)) is not None  # null means absent; unknown members are ignored
        }

    return read


def _list(shape: botocore.model.ListShape) -> Reader:
    member, (least, most) = _reader(shape.member), _limits(shape)

    def read(value: Any, path: str, violations: list[str]) -> list[Any]:
        if type(value) is not list:
            raise _wrong_type(path, "a list")
        if not least <= len(value) <= most:
            violations.append(_violation(shape, value, path, _limit_text(shape, len(value))))
        return [member(item, f"{path}.{place}.member", violations) for place, item in enumerate(value, 1)]

    return read


def _scalar(shape: botocore.model.Shape) -> Reader:
    python_type, noun = _SCALARS[shape.type_name]
    is_blob = shape.type_name == "blob"
    measure, (least, most), checks = _measure(shape), _limits(shape), _checks(shape)

    def read(value: Any, path: str, violations: list[str]) -> Any:
        if type(value) is not python_type:
            raise _wrong_type(path, noun)
        if is_blob:
            value = _from_base64(value, path)
        size = measure(value)
        if not least <= size <= most:
            violations.append(_violation(shape, value, path, _limit_text(shape, size)))
        for holds, text in checks:
            if not holds(value):
                violations.append(_violation(shape, value, path, text))
        return value

    return read


_SCALARS: Mapping[str, tuple[type[Any], str]] = {
    "string": (str, "a string"),
    "blob": (str, "Base64 text"),
    "boolean": (bool, "a boolean"),
    "integer": (int, "an integer"),
    "long": (int, "an integer"),
}


def _from_base64(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong_type(path, "Base64 text") from None


def _wrong_type(path: str, noun: str) -> ServiceError:
    return SerializationException(f"{path or 'The body of the request'} has to be {noun}.")


def _measure(shape: botocore.model.Shape) -> Callable[[Any], int]:
    if shape.type_name in ("integer", "long", "boolean"):
        return int
    if shape.name in _MEASURED_IN_BYTES:
        return lambda text: len(text.encode("utf-8", "surrogatepass"))
    return len


def _violation(shape: botocore.model.Shape, value: Any, path: str, constraint: str) -> str:
    """The service's message about a constraint of a shape that a value violates."""
    shown = "" if shape.metadata.get("sensitive") else f" '{_quoted(value)}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _limits(shape: botocore.model.Shape) -> tuple[float, float]:
    """The minimum and the maximum of a number, or of the length of another value."""
    return shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)


def _limit_text(shape: botocore.model.Shape, size: int) -> str:
    """The words of the service about the limit that a size violates."""
    least, most = _limits(shape)
    limit = f"less than or equal to {most}" if size > most else f"greater than or equal to {least}"
    what = "value" if shape.type_name in ("integer", "long") else "length"
    return f"Member must have {what} {limit}"


def _checks(shape: botocore.model.Shape) -> list[tuple[Callable[[Any], bool], str]]:
    """The further constraints of a shape: whether a value fulfils them, and their words in the service's message."""
    checks: list[tuple[Callable[[Any], bool], str]] = []
    if "pattern" in shape.metadata:
        pattern = shape.metadata["pattern"]
        matches = re.compile(pattern).fullmatch
        checks.append(
            (
                lambda value: matches(value) is not None,
                f"Member must satisfy regular expression pattern: {pattern}",
            )
        )
    if isinstance(shape, botocore.model.StringShape) and shape.enum:
        allowed = frozenset(shape.enum)
        checks.append(
            (allowed.__contains__, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        )
    return checks


def _quoted(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _path(member: str) -> str:
    return member[0].lower() + member[1:]
