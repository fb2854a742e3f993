"""Rotations in progress: what runs their functions, when, and what the functions did wrong."""
