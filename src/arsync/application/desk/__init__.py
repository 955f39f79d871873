"""What the desk's pages show, put together from the use cases; each is one reading."""
