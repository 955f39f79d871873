"""Warnings about rules that can be read and still make no sense."""
