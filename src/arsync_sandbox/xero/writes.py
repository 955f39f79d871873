"""PUT, POST and DELETE routes."""

from __future__ import annotations

from flask import Blueprint

from .api import Api


def add_writes(blueprint: Blueprint, api: Api) -> None:
    """Serve the writes."""
