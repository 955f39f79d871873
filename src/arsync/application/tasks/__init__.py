"""What people are to do: tasks and the worklist."""
