"""Use cases: what a person, a command or a schedule may ask of arsync, one module each."""
