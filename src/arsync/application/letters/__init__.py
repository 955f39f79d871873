"""Letters before they leave, and after: listed, looked at, copied, checked, tried, registered."""
