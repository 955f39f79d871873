"""Pages from a connector into the store."""
