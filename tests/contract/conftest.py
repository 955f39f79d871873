"""The organisations at the sandbox that the connectors are certified against."""

from tests.connectors.conftest import (
    quickbooks,
    running_sandbox,
    sandbox,
    xero,
    xero_contract,
    xero_settings,
)

__all__ = ["quickbooks", "running_sandbox", "sandbox", "xero", "xero_contract", "xero_settings"]
