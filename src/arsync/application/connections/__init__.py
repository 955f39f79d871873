"""Connecting organisations, and what their connections are set to."""
