"""A day of 20,000 ledgers in simulated time: `python -m benchmarks.scale` writes docs/scale.json.

The arithmetic is arsync's own: places in the routine, counts of calls, pauses of an outage, turns
of workers. What is simulated is the world: platforms, sizes of ledgers, how long things take.
"""
