# SPDX-License-Identifier: Apache-2.0
"""Rounds, ratios and rows of the result table."""
import os
import re
import statistics
import subprocess
from dataclasses import dataclass, field

from lab import LOAD_CPU, TOP, run_time_ns


@dataclass
class Row:
    """One line of the table. met None: for information."""
    goal: str
    what: str
    target: str
    values: list
    met: object = None
    unit: str = ""
    notes: list = field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.values)


def at_least(goal, what, values, bound, notes=(), unit=""):
    row = Row(goal, what, f">= {bound:g}{unit}", list(values), unit=unit, notes=list(notes))
    row.met = row.median >= bound
    return row


def at_most(goal, what, values, bound, notes=(), unit=""):
    row = Row(goal, what, f"<= {bound:g}{unit}", list(values), unit=unit, notes=list(notes))
    row.met = row.median <= bound
    return row


def info(goal, what, values, notes=(), unit=""):
    return Row(goal, what, "", list(values), None, unit, list(notes))


def median(values):
    return statistics.median(values)


def rounds(n, *functions):
    """Calls the functions in turn, n times, every other round in reverse order; one list of results for each."""
    results = [[] for _ in functions]
    for i in range(n):
        order = list(enumerate(functions))
        for at, function in (order if i % 2 == 0 else reversed(order)):
            results[at].append(function())
    return results


def ratios(ours, theirs, key, cheaper=True):
    """Per-round ratios, above 1 when we are better: theirs / ours for costs, ours / theirs for rates."""
    return [(t[key] / o[key]) if cheaper else (o[key] / t[key]) for o, t in zip(ours, theirs)]


def cost_note(ours, theirs, peer="nginx"):
    return f"CPU {median([r['cpu_us'] for r in ours]):.1f} us against {median([r['cpu_us'] for r in theirs]):.1f} us of {peer}"


def rate_note(ours, theirs, peer="nginx"):
    return f"{median([r['rate'] for r in ours]):,.0f}/s against {median([r['rate'] for r in theirs]):,.0f}/s of {peer}"


def wrk(server, seconds, connections, targets, non_2xx=False, cpus=(LOAD_CPU,)):
    """wrk as an independent load; it checks the status of every answer, not the body."""
    pids = server.pids()
    cpu = run_time_ns(pids)
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(TOP / "bench/tokens.lua"),
                           f"https://127.0.0.1:{server.ports['ec']}"], capture_output=True, text=True, timeout=seconds + 30,
                          env=dict(os.environ, BENCH_TARGETS=targets), preexec_fn=lambda: os.sched_setaffinity(0, set(cpus)))
    cpu = run_time_ns(pids) - cpu
    total = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout)
    if not total or not rate or int(total[1]) == 0:
        raise RuntimeError(f"wrk on {server.name}: {done.stdout} {done.stderr}")
    if int(wrong[1] if wrong else 0) != (int(total[1]) if non_2xx else 0):
        raise RuntimeError(f"wrk on {server.name}: {wrong[0] if wrong else 'no'} of {total[1]}")
    if errors and any(int(e) for e in errors.groups()):
        raise RuntimeError(f"wrk on {server.name}: {errors[0]}")
    return {"rate": float(rate[1]), "cpu_us": cpu / 1000 / int(total[1])}
