"""People who sign in: who they are, what they may, and what they did."""
