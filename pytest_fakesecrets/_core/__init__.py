"""What Secrets Manager's world is made of: values and pure rules, without botocore, clocks or randomness."""

from __future__ import annotations
