"""What is planned, why, and what people decide about it."""
