"""The shipped rulebooks."""
