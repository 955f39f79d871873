"""What was agreed with a customer: promises, instalments, disputes, placements."""
