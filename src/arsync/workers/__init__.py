"""Scheduling: what runs without being asked, again and again."""
