"""The steps that bring a store's tables up to date, run by `arsync.store.db.migrate`.

A step that was released is never changed: a change of the tables is a new step, and its revision
goes to the end of `REVISIONS`.
"""
