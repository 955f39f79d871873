"""What tests build: each builder makes the least that is valid, and takes what matters by name."""
