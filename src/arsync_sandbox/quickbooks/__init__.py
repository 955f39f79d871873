"""QuickBooks Online as the sandbox serves it."""

from arsync_sandbox.quickbooks.book import QuickBooksBook

__all__ = ["QuickBooksBook"]
