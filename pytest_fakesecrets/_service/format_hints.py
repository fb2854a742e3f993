"""The format of members of requests, for errors that name the member and not its format."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TAGS = "Tags is a list of dicts with Key and Value, such as [{'Key': 'team', 'Value': 'payments'}]."

#: By the path of a member in lower case, without the positions in lists.
_FORMATS: Mapping[str, str] = {
    "rotationrules": "RotationRules is a dict, such as {'ScheduleExpression': 'rate(30 days)', 'Duration': '3h'}.",
    "rotationrules.duration": "Duration is a whole number of hours from 1 to 24 and the letter h, such as '3h'.",
    "rotationrules.scheduleexpression": "ScheduleExpression is a string like 'rate(10 days)' or 'cron(0 8 1 * ? *)'.",
    "rotationrules.automaticallyafterdays": "AutomaticallyAfterDays is a whole number of days from 1 to 1000.",
    "tags": _TAGS,
    "tags[]": _TAGS,
    "tagkeys": "TagKeys is a list of the keys of tags, such as ['team'].",
}

#: The name of a member in a message of botocore, "for parameter Tags[0],", or of the service, "at 'tags.1.member'".
_MEMBER = re.compile(r"(?:for parameter |at ')([\w.\[\]]+)")
_POSITION = re.compile(r"\[\d+\]|\.\d+\.member")


def format_in(message: str) -> str:
    """Return a sentence with the format of the first member that a message of a validation names, or ""."""
    for match in _MEMBER.finditer(message):
        if (found := _FORMATS.get(_POSITION.sub("[]", match[1]).lower())) is not None:
            return found
    return ""
