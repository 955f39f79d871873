"""Placeholder until its connector lands."""
