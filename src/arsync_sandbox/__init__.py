"""A local accounting server that behaves like Xero and QuickBooks Online."""
