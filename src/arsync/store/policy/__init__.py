"""Policy in the making: drafts of rulebooks, and what trying them showed."""
