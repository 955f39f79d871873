"""The normalised copy of an organisation's ledger."""
