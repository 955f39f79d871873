"""The command line."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """Credit control for Xero and QuickBooks Online."""
