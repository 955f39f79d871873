"""Figures of a ledger, each as of any day, and exports."""
