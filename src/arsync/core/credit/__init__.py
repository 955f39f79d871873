"""Credit: what becomes of applications, and why."""
