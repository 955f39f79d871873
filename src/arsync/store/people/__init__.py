"""People who sign in, their sessions, and the log of what they did."""
