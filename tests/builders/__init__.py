"""What tests are made of: records, actions, rulebooks, ledgers, and the worlds they are played in.

Each builder gives the plainest thing that is valid and takes by keyword what a test is about.
"""
