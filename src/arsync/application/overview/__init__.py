"""The state of one connection and of all, on a screen, by mail, as metrics."""
