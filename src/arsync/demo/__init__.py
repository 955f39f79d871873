"""The demo: 60 days of credit control on both platforms, against a sandbox in its own process."""

from arsync.demo.play import DAYS, Demo, Outcome

__all__ = ["DAYS", "Demo", "Outcome"]
