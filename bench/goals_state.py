# SPDX-License-Identifier: Apache-2.0
"""Goals 7, 8, 10 to 14: slow and idle clients, latency, start, the data layer, and the benches inside one process."""
import json
import os
import re
import subprocess
import time

from lab import LOAD_CPU, SERVER_CPU, memory_kb, run_time_ns
from measure import Row, at_least, at_most, cost_note, info, median, ratios, rounds


# ---- 7: a round trip must not cost CPU ----

def goal_7(b):
    options = ("-c", 256, "-n", 512 if b.quick else 1024, "-s", 20, "-d", 100)
    ours, theirs = rounds(b.rounds, lambda: b.lab.load(b.daemon, "cold", *options), lambda: b.lab.load(b.nginx, "cold", *options))
    yield at_most("7", "256 handshakes in flight, 100 ms round trip, one request each: CPU relative to nginx",
                  [1 / r for r in ratios(ours, theirs, "cpu_us")], 1.1, [cost_note(ours, theirs)])
    yield from half_open(b)


def half_open(b):
    d = b.daemon
    honest = ("-c", 50, "-r", 1000, "-s", 3)
    quiet = b.lab.load(d, "open", *honest)
    p = subprocess.Popen([b.lab.tool("bench_load"), "half", "-a", f"127.0.0.1:{d.ports['ec']}", "-c", "1000", "-s", "25"],
                         stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
    try:
        if p.stdout.readline() != "ready\n":
            raise RuntimeError("bench_load half: no connections")
        time.sleep(1.5)  # until all of them were accepted
        cpu, begin = run_time_ns(d.pids()), time.monotonic()
        time.sleep(4)
        share = (run_time_ns(d.pids()) - cpu) / 1e7 / (time.monotonic() - begin)
        busy = b.lab.load(d, "open", *honest)
        gone = json.loads(p.stdout.readline())
    finally:
        p.kill()
        p.wait()
    yield at_most("7", "1,000 half-open handshakes: share of a processor", [share], 2, unit=" %")
    yield at_most("7", "p99 at 1,000 checks/s beside them, relative to without", [busy["p99_us"] / quiet["p99_us"]], 2,
                  [f"p99 {busy['p99_us'] / 1000:.2f} ms, without {quiet['p99_us'] / 1000:.2f} ms"])
    yield at_least("7", "half-open handshakes that are gone after the deadline (limits.handshake 10 s)", [gone["done"]], 1000,
                   [f"the last after {gone['seconds']:.1f} s"])


# ---- 8: the data layer ----

def data(b, mode, waiting, rate=0, seconds=None):
    text = subprocess.run([b.lab.tool("bench_data"), b.lab.conninfo("main"), mode, "2", str(b.main_rows), str(waiting),
                           str(seconds or b.seconds), str(rate)], capture_output=True, text=True, timeout=90)
    if text.returncode:
        raise RuntimeError(f"bench_data {mode}: {text.stdout} {text.stderr}")
    return json.loads(text.stdout)


def pgbench(b):
    done = subprocess.run(["pgbench", "-S", "-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", str(max(1, round(b.seconds))), "-h",
                           str(b.lab.pg_dir), "-p", "5432", "-U", "ecs", "pgbench"], capture_output=True, text=True, timeout=90)
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    if not tps or done.returncode or re.search(r"failed transactions: [1-9]", done.stdout):
        raise RuntimeError(f"pgbench: {done.stdout} {done.stderr}")
    return {"rate": float(tps[1])}


def goal_8(b):
    b.lab.psql("postgres", "CREATE DATABASE pgbench")
    b.lab.call("pgbench", "-i", "-q", "-s", "10", "-h", b.lab.pg_dir, "-p", "5432", "-U", "ecs", "pgbench")
    with b.all_cores():
        single, batch, facts, peer = rounds(b.rounds, lambda: data(b, "single", 64), lambda: data(b, "batch", 64),
                                            lambda: data(b, "facts", 64), lambda: pgbench(b))
        saturated = median([r["rate"] for r in peer])
        late = [data(b, "batch", 4096, rate=saturated) for _ in range(b.rounds)]
        late_facts = [data(b, "facts", 4096, rate=saturated * 0.8) for _ in range(b.rounds)]

    def note(results):
        return f"{median([r['rate'] for r in results]):,.0f}/s against {saturated:,.0f}/s of pgbench"
    yield at_least("8", "single statements, pipelined, 64 waiting, 2 connections: look-ups/s against pgbench -S (16 clients)",
                   ratios(single, peer, "rate", False), 1.3, [note(single)])
    yield at_least("8", "the same row by natural batching, 64 waiting: look-ups/s against pgbench -S",
                   ratios(batch, peer, "rate", False), 3, [note(batch)])
    yield info("8", "the daemon's facts statement (9 joins), 64 waiting: look-ups/s against pgbench -S",
               ratios(facts, peer, "rate", False), [note(facts)])
    yield at_most("8", "p99 of batched look-ups arriving at the rate at which pgbench is saturated",
                  [r["p99_us"] / 1000 for r in late], 3,
                  [f"{saturated:,.0f} arrivals/s, mean batch {median([r['mean_batch'] for r in late]):.1f}"], " ms")
    yield info("8", "p99 of facts arriving at 0.8 of that rate", [r["p99_us"] / 1000 for r in late_facts],
               [f"mean batch {median([r['mean_batch'] for r in late_facts]):.1f}"], " ms")


# ---- 10: idle connections ----

class Idle:
    """Open connections, each after one request, as long as the object is entered."""

    def __init__(self, b, server, count):
        self.b, self.server, self.count = b, server, count

    def __enter__(self):
        self.p = subprocess.Popen([self.b.lab.tool("bench_load"), "idle", "-a", f"127.0.0.1:{self.server.ports['ec']}", "-c",
                                   str(self.count), "-f", self.server.targets, "-e", "ap2005"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
        line = self.p.stdout.readline()
        if line != "ready\n":
            raise RuntimeError(f"bench_load idle on {self.server.name}: {line}")
        return self

    def __exit__(self, *exception):
        text, _ = self.p.communicate("go\n", timeout=60)
        result = json.loads(text.splitlines()[-1])
        if result["failed"] or result["done"] != self.count:
            raise RuntimeError(f"idle connections on {self.server.name}: {result}")


def idle_cost(b, server, count, watch_s):
    with Idle(b, server, 1):
        time.sleep(0.5)
    before = memory_kb(server.pids(), "Pss")
    with Idle(b, server, count):
        time.sleep(4)  # the daemon trims connections that were idle for 2 s
        each = (memory_kb(server.pids(), "Pss") - before) * 1024 / count
        cpu, begin = run_time_ns(server.pids()), time.monotonic()
        time.sleep(watch_s)
        share = (run_time_ns(server.pids()) - cpu) / 1e7 / (time.monotonic() - begin)
    return each, share


def goal_10(b):
    count = 3000 if b.quick else 10000
    daemon, nginx = b.lab.daemon("idle"), b.lab.nginx("nginx-idle", b.document, b.small)
    with Idle(b, daemon, 1000):
        time.sleep(1)
        resident = memory_kb(daemon.pids(), "VmRSS", "status") / 1024
    ours, share = idle_cost(b, daemon, count, 5 if b.quick else 15)
    theirs, nginx_share = idle_cost(b, nginx, count, 5)
    b.lab.end(daemon)
    b.lab.end(nginx)
    yield at_most("10", f"memory of an idle TLS connection ({count:,} open)", [ours / 1000], 20, unit=" kB PSS")
    yield at_most("10", "the same relative to nginx", [ours / theirs], 1.35, [f"nginx {theirs / 1000:.1f} kB"])
    yield at_most("10", f"CPU of {count:,} idle connections", [share], 0.1, [f"nginx {nginx_share:.3f} %"], " %")
    yield at_most("10", "resident memory of the daemon with 1,000 open connections", [resident], 64, unit=" MB")


# ---- 11: latency ----

def goal_11(b):
    options = ("-c", 200, "-r", 5000, "-s", max(2, b.seconds))
    ours, theirs = rounds(b.rounds, lambda: b.lab.load(b.daemon, "open", *options), lambda: b.lab.load(b.nginx, "open", *options))
    yield at_most("11", "5,000 checks/s over 200 connections: p50 above nginx static", [
        (o["p50_us"] - t["p50_us"]) / 1000 for o, t in zip(ours, theirs)], 0.35,
        [f"p50 {median([o['p50_us'] for o in ours]) / 1000:.2f} ms against {median([t['p50_us'] for t in theirs]) / 1000:.2f} ms"], " ms")
    p99 = [o["p99_us"] / 1000 for o in ours]
    bound = max(2.0, 3 * median([t["p99_us"] for t in theirs]) / 1000)
    yield at_most("11", "the same: p99 (allowed: 3 x nginx, at least 2 ms)", p99, round(bound, 2),
                  [f"nginx {median([t['p99_us'] for t in theirs]) / 1000:.2f} ms"], " ms")


# ---- 12: start ----

def start(b, port, command):
    p = subprocess.run([b.lab.tool("bench_load"), "start", "-a", f"127.0.0.1:{port}", "-s", "10", "--", "taskset", "-c", str(SERVER_CPU),
                        *command], input="go\n", capture_output=True, text=True, timeout=30,
                       preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))
    result = json.loads(p.stdout.splitlines()[-1])
    if p.returncode:
        raise RuntimeError(f"start of {command[0]}: {result['fault']} {p.stderr[-300:]}")
    return {"ms": result["p50_us"] / 1000}


def goal_12(b):
    tables = [("main", b.main_rows)] + ([("large", b.large_rows)] if b.large_rows else [])
    nginx_port = b.lab.nginx_config("nginx-start", 1, b.document, b.small)["ec"]
    for database, rows in tables:
        name = "start-" + database
        port = b.lab.daemon_config(name, database, 1)["ec"]
        ours, theirs = rounds(b.rounds, lambda n=name, p=port: start(b, p, b.lab.daemon_command(n + "-ec.yaml")),
                              lambda: start(b, nginx_port, b.lab.nginx_command("nginx-start")))
        yield at_most("12", f"start to the first TLS connection, {rows:,} subscribers, relative to nginx",
                      [o["ms"] / t["ms"] for o, t in zip(ours, theirs)], 3)
        yield at_most("12", "the same in time", [o["ms"] for o in ours], 50, [f"nginx {median([t['ms'] for t in theirs]):.1f} ms"], " ms")


# ---- 13, 14: inside one process ----

def inside(b, tool):
    done = subprocess.run([b.lab.tool(tool)], capture_output=True, text=True, timeout=120,
                          preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CPU}))
    if done.returncode:
        raise RuntimeError(f"{tool}: {done.stderr}")
    return json.loads(done.stdout)


def goal_13(b):
    runs = [inside(b, "bench_crypto") for _ in range(b.rounds)]
    total = [(r["first_ns"] + r["second_ns"]) / 1000 for r in runs]
    yield at_most("13", "cryptography of one EAP-AKA authentication, both requests (the vector is computed in each)", total, 5,
                  [f"first {median([r['first_ns'] for r in runs]) / 1000:.2f} us, second {median([r['second_ns'] for r in runs]) / 1000:.2f} us,"
                   f" unwrapping the keys {median([r['unwrap_ns'] for r in runs]) / 1000:.2f} us each time (not counted)"], " us")
    yield at_least("13", "the bare primitives of it with kept contexts, relative to it",
                   [r["bare_ns"] / (r["first_ns"] + r["second_ns"]) for r in runs], 0.7,
                   [f"bare: random, 2 x (Milenage {median([r['bare_milenage_ns'] for r in runs]):.0f} ns, MK "
                    f"{median([r['bare_mk_ns'] for r in runs]):.0f} ns, MAC {median([r['bare_mac_ns'] for r in runs]):.0f} ns), generator "
                    f"{median([r['bare_prf_ns'] for r in runs]):.0f} ns"])
    yield at_most("13", "opening a sealed token", [r["token_open_ns"] / 1000 for r in runs], 0.5,
                  [f"sealing {median([r['token_seal_ns'] for r in runs]):.0f} ns"], " us")


def goal_14(b):
    if not os.path.exists(b.lab.tool("bench_document")):
        yield Row("14", "writing of answers", "", [0], None, "", ["not run: built without libxml2-dev"])
        return
    runs = [inside(b, "bench_document") for _ in range(b.rounds)]

    def took(key):
        return f"{median([r[key] for r in runs]) / 1000:.2f} us"
    yield at_least("14", f"JSON answer ({runs[0]['json_bytes']} bytes), tree and text, against jansson tree and dump",
                   [r["jansson_ns"] / r["json_ns"] for r in runs], 10,
                   [f"{took('json_ns')} (text alone {took('json_render_ns')}) against {took('jansson_ns')}"])
    yield at_least("14", f"XML answer ({runs[0]['xml_bytes']} bytes), tree and text, against xmlTextWriter (text only)",
                   [r["writer_ns"] / r["xml_ns"] for r in runs], 8,
                   [f"{took('xml_ns')} (text alone {took('xml_render_ns')}) against {took('writer_ns')}"])


GOALS = [("7", goal_7), ("8", goal_8), ("10", goal_10), ("11", goal_11), ("12", goal_12), ("13", goal_13), ("14", goal_14)]
