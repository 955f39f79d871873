"""Collecting: what people do about debts, and what comes of it."""
