"""What should be: pure functions over records, a rulebook and a date. No I/O, no clock."""
