"""The state of Secrets Manager as frozen values, and its rules as pure functions without botocore or a clock."""

from __future__ import annotations
