"""The store's values that use cases hand out, for those who may not reach into the store."""

from arsync.store.models import ActionRow, Later
from arsync.sync.pull import Progress

__all__ = ["ActionRow", "Later", "Progress"]
