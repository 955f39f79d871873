"""`python -m arsync` is `arsync`."""

from arsync.cli import main

main()
