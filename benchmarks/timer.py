"""Run one command and print its cost as JSON: `python timer.py LOG COMMAND [ARGUMENT]...`

A process of its own and as small as Python gets: the kernel counts a child's peak memory from what
its parent occupied.
"""

import json
import os
import sys
import time

log, *command = sys.argv[1:]
began = time.perf_counter()
child = os.fork()
if child == 0:
    for name, number in ((os.path.splitext(log)[0] + ".out", 1), (log, 2)):  # noqa: PTH122
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    os.execvp(command[0], command)
_, status, usage = os.wait4(child, 0)
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1024**2,
            "code": os.waitstatus_to_exitcode(status),
        }
    )
)
