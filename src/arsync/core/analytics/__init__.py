"""Measures of a ledger."""
