"""A rulebook read from YAML text: positions, layers, problems as values."""
