"""The scenarios of `RotationContract`: happy path, recovery, invalid events, and bystanders."""

from __future__ import annotations
