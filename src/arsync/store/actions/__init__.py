"""Actions: planned, decided, claimed, done."""
