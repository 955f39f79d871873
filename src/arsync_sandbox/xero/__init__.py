"""An accounting organisation at Xero, as an app sees it."""

from .book import XeroBook

__all__ = ["XeroBook"]
