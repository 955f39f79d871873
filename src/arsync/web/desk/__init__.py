"""The desk: pages for owners, controllers, accountants and practices."""
