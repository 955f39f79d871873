"""A rulebook checked, tried, compared and put live."""
