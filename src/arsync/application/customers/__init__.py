"""One customer: found by name, held, paused, and what people recorded about it."""
