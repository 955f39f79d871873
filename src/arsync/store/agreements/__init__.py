"""What people agreed with customers."""
