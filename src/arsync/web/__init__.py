"""What listens: webhooks, metrics and health checks, over HTTP."""
