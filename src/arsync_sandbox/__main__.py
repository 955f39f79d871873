"""`python -m arsync_sandbox`: the sandbox from the command line."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="python -m arsync_sandbox")
