"""Hooks of the pytest plugin beside its fixtures."""
