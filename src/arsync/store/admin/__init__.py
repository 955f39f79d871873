"""Connections, tokens, runs, limits, privacy, backup."""
