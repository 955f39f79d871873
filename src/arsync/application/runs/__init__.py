"""Runs: when, what each reads and writes, and taking back what it did."""
