"""The API: what the desk does, as JSON, for programs of the people who sign in."""
