"""What every use case is handed: the container, and one organisation now."""
