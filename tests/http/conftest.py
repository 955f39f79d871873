"""The organisations at the sandbox that several processes call at once."""

from tests.connectors.conftest import (
    quickbooks,
    running_sandbox,
    sandbox,
    xero,
    xero_contract,
    xero_settings,
)

__all__ = ["quickbooks", "running_sandbox", "sandbox", "xero", "xero_contract", "xero_settings"]
