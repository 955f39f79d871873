"""What arsync costs, measured against the sandbox, raw drivers and other programs.

`python -m benchmarks` runs everything, prints a table and writes docs/benchmarks.md; `--quick` does
it with a tenth of the ledger and writes nothing. Every measured thing is a process of its own, one
after the other.
"""
