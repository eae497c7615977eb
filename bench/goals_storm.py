# SPDX-License-Identifier: Apache-2.0
"""Goal 15: outgoing calls beside wrk. Goal 17: ten times the capacity, with entitlement-devsim as the devices."""
import json
import os
import re
import resource
import subprocess
import time

from lab import LOAD_CPU, SERVER_CPU, CpuShare, pin, run_time_ns
from measure import Row, at_least, at_most, info, median, rounds


# ---- 15: outgoing calls ----

def outgoing(b, port, http2):
    done = subprocess.run([b.lab.tool("bench_neighbour"), f"https://localhost:{b.nginx.ports[port]}/file", b.lab.path("local.crt"),
                           str(len(b.document)), "16", str(b.seconds), "2" if http2 else "1"], capture_output=True, text=True,
                          timeout=60, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
    if done.returncode:
        raise RuntimeError(f"bench_neighbour: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)


def wrk(b, port):
    """wrk's rate for one core, from its own CPU time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["wrk", "-t1", "-c16", f"-d{max(1, round(b.seconds))}s", f"https://localhost:{b.nginx.ports[port]}/file"],
                          capture_output=True, text=True, timeout=60, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = re.search(r"(\d+) requests in", done.stdout)
    if not total or "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk: {done.stdout} {done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_us": cpu * 1e6 / int(total[1])}


def goal_15(b):
    ours, h2, peer = rounds(b.rounds, lambda: outgoing(b, "local", False), lambda: outgoing(b, "local", True), lambda: wrk(b, "local"))
    note = (f"CPU {median([o['cpu_us'] for o in ours]):.1f} us a call by HTTP/1.1, {median([o['cpu_us'] for o in h2]):.1f} us by HTTP/2, "
            f"{median([p['cpu_us'] for p in peer]):.1f} us of wrk")
    yield at_least("15", "outgoing calls per core, 16 in flight, kept connections, HTTP/1.1: relative to wrk",
                   [p["cpu_us"] / o["cpu_us"] for o, p in zip(ours, peer)], 0.45, [note])
    yield at_least("15", "the same by one HTTP/2 connection: calls per core relative to HTTP/1.1",
                   [o["cpu_us"] / h["cpu_us"] for o, h in zip(ours, h2)], 1.0)


# ---- 17: storm ----

def devsim(b, daemon, *options):
    command = [str(b.lab.build / "src/tools/devsim/entitlement-devsim"), "load", "--no-table", "--own-sources", "--insecure", "--url",
               f"https://127.0.0.1:{daemon.ports['ec']}/ts43", "--subscribers", b.lab.path("storm.csv")]
    for app in ("ap2003", "ap2004", "ap2005"):
        command += ["--app", app]
    pids = daemon.pids() + b.lab.postgres_pids()
    cpu = run_time_ns(pids)
    done = subprocess.run(command + [str(o) for o in options], capture_output=True, text=True, timeout=120,
                          preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"entitlement-devsim load: {done.stderr[-300:]}")
    figures = json.loads(done.stdout)
    figures["server_cpu_s"] = (run_time_ns(pids) - cpu) / 1e9
    return figures


def good_of(figures):
    return figures["jobs"] / figures["seconds"]


def latencies(b, name):
    """The daemon's own histogram of requests, from the last byte in to the answer: bucket bound in ms -> requests so far."""
    text = subprocess.run(["curl", "-s", "--unix-socket", b.lab.path(f"{name}-ec.sock"), "http://daemon/metrics"],
                          capture_output=True, text=True, timeout=10).stdout
    found = {}
    for kind, bound, count in re.findall(r'ecs_request_duration_seconds_bucket\{(?:kind="(\w+)",)?le="([^"]+)"\} (\d+)', text):
        found[float(bound) * 1000] = found.get(float(bound) * 1000, 0) + int(count)
    if not found:
        raise RuntimeError("no histogram in /metrics")
    return found


def p99_ms(before, after):
    """Upper bound of the bucket that holds the 99th of 100 requests in between."""
    total = after[float("inf")] - before[float("inf")]
    return next(bound for bound in sorted(after) if after[bound] - before[bound] >= 0.99 * total)


SHARE = 0.3


def goal_17(b):
    """Cold phones: handshake and full EAP-AKA each. First as many as there is room for (the capacity), then ten times as
    many begin per second, whatever becomes of them. Daemon and PostgreSQL are held to a part of one processor: else the
    load, which has the other, could not make ten times what they can serve."""
    with open(b.lab.path("main.cards")) as cards, open(b.lab.path("storm.csv"), "w") as out:
        out.writelines(",".join(line.split()[:3]) + "\n" for line in cards)
    daemon = b.lab.daemon("storm")
    seconds = 8 if b.quick else 16
    pin(b.lab.postgres_pids(), {SERVER_CPU})
    share = CpuShare(SHARE)
    share.hold(daemon.pids() + b.lab.postgres_pids())
    quiet, storm, p99 = [], [], []
    try:
        for _ in range(min(b.rounds, 5)):
            quiet.append(devsim(b, daemon, "--mode", "cold-eap", "--connections", 32, "--in-flight", 32, "--seconds", seconds))
            before = latencies(b, "storm")
            storm.append(devsim(b, daemon, "--mode", "cold-eap", "--connections", 9000, "--rate", round(10 * good_of(quiet[-1])),
                                "--job-limit", 5000, "--seconds", seconds))
            p99.append(p99_ms(before, latencies(b, "storm")))
            time.sleep(17)  # what the devices of the storm left open is given up
            if not daemon.alive():
                raise RuntimeError("the daemon has ended")
        after = devsim(b, daemon, "--mode", "cold-eap", "--connections", 32, "--in-flight", 32, "--seconds", seconds)
    finally:
        share.close()
        pin(b.lab.postgres_pids(), {LOAD_CPU})
        b.lab.end(daemon)
    refused = [s["errors"]["connect"] + s["errors"]["tls"] + s["errors"]["status"] + s["errors"]["timeout"] for s in storm]
    load = median([s["client_cpu_seconds"] / s["seconds"] for s in storm]) * 100
    yield at_least("17", "ten times the capacity in cold EAP-AKA: exchanges finished per CPU second of daemon and PostgreSQL, relative "
                   "to the capacity", [s["jobs"] / s["server_cpu_s"] / (q["jobs"] / q["server_cpu_s"]) for q, s in zip(quiet, storm)], 0.9)
    yield at_least("17", "the same per second of time", [good_of(s) / good_of(q) for q, s in zip(quiet, storm)], 0.9,
                   [f"{median([good_of(s) for s in storm]):,.0f}/s against {median([good_of(q) for q in quiet]):,.0f}/s",
                    f"daemon and PostgreSQL have {share.share:.0%} of a processor", f"the devices' own processor was busy to {load:.0f} %",
                    f"{median(refused):,.0f} attempts were refused or gave up"])
    yield at_most("17", "p99 of requests in the daemon during the storm (upper bound of the bucket)", p99, 1000, unit=" ms")
    yield info("17", "p99 from request to answer as the devices saw it", [s["answer"]["p99_us"] / 1000 for s in storm],
               [f"p50 {median([s['answer']['p50_us'] for s in storm]) / 1000:.0f} ms, without storm p99 "
                f"{median([q['answer']['p99_us'] for q in quiet]) / 1000:.0f} ms"], " ms")
    yield info("17", "p99 of their handshakes as the devices saw it", [s["handshake"]["p99_us"] / 1000 for s in storm], unit=" ms")
    yield at_least("17", "capacity right after the storms relative to before", [good_of(after) / good_of(quiet[0])], 0.9)


GOALS = [("15", goal_15), ("17", goal_17)]
