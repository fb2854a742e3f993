"""The scenarios of `RotationContract`, by what they ask: rotate, recover, refuse, and mind the others."""

from __future__ import annotations
