"""Where a rulebook comes from: a folder, or a git revision of it."""
