"""arsync: credit control for Xero and QuickBooks Online."""

__version__ = "0.1.0"
