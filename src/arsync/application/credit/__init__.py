"""Applications for credit, what is found out about them, and what becomes of them."""
