"""Everything that happened with one customer, in one list, newest last."""
