# SPDX-License-Identifier: Apache-2.0
"""The result table and docs/benchmarks.md."""
import platform
import re
import subprocess

VERDICT = {True: "met", False: "**not met**", None: ""}


def number(value):
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 20 else f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3f}"


def line(row):
    mark = {True: "met ", False: "MISS", None: "    "}[row.met]
    return (f"{mark} {row.goal:>3}  {number(row.median):>8}{row.unit:<7} {row.target:<12} "
            f"[{number(min(row.values))} .. {number(max(row.values))}]  {row.what}" + "".join(f"; {n}" for n in row.notes))


def command(*argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
        return (done.stdout + done.stderr).strip()
    except OSError:
        return ""


def version(package):
    return command("dpkg-query", "-W", "-f", "${Version}", package) or "?"


def machine(others):
    cpu = command("lscpu")

    def of(name):
        found = re.search(rf"^{name}:\s*(.+)$", cpu, re.M)
        return found[1] if found else "?"
    memory = re.search(r"MemTotal:\s*(\d+)", open("/proc/meminfo").read())
    processors, threads = of(r"CPU\(s\)"), of(r"Thread\(s\) per core")
    lines = [f"{of('Model name')}, {processors} processors, {threads} threads per core, hypervisor: {of('Hypervisor vendor')}",
             f"{int(memory[1]) // 1048576} GiB of memory, kernel {platform.release()}"]
    packages = ("nginx", "libmicrohttpd12", "libgnutls30", "libssl3", "postgresql-15", "wrk", "libjansson4", "libxml2", "gcc")
    lines.append(", ".join(f"{p} {version(p)}" for p in packages))
    lines.append(f"other programs on the machine used {others[0]:.0f} % of the processors before the run, {others[1]:.0f} % after it"
                 + (": **not a quiet machine, figures in microseconds and milliseconds are too high**" if max(others) > 10 else ""))
    return lines


HEAD = """\
# Benchmarks

Written by `scripts/bench{quick}` on {date}; {rounds} rounds, {minutes:.0f} minutes. The daemon runs beside nginx and pgbench in the
same run on the same machine; what counts is the ratio, not the absolute figure.

How to read it: the daemon and its peer take turns (the order changes every round), each round gives one ratio, the table shows
their median, least and greatest. A ratio above 1 means that we are better, unless the line says otherwise. CPU is the time that
the scheduler gave to all threads of the daemon or of nginx's workers (`/proc/PID/task/*/schedstat`), divided by the answers. Server
on processor 0; load and PostgreSQL on processor 1, unless a line says all processors. Every answer's status, length and content is
checked; a wrong one fails the run. PostgreSQL writes durably (fsync on). Same certificate, same bytes in the answer; nginx with the
settings of its package, TLS 1.2 and 1.3, no access log.

Machine:

{machine}

| goal | what | target | median | least | greatest | verdict | notes |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def document(rows, faults, bench, date, seconds):
    text = HEAD.format(quick=" --quick" if bench.quick else "", date=date, rounds=bench.rounds, minutes=seconds / 60,
                       machine="\n".join("* " + m for m in machine(bench.others)))
    for row in rows:
        if row.goal == "3":
            text += f"| 3 | {row.what} | >= 0.75 | | | | not applicable | {row.notes[0]} |\n"
            continue
        text += (f"| {row.goal} | {row.what} | {row.target} | {number(row.median)}{row.unit} | {number(min(row.values))} | "
                 f"{number(max(row.values))} | {VERDICT[row.met]} | {'; '.join(row.notes)} |\n")
    if faults:
        text += "\nNot measured, because something went wrong:\n\n" + "".join(f"* {f}\n" for f in faults)
    return text + """
Lines without a verdict are for information. The goals are explained in section 5 of the performance design; 15 (outgoing calls) is not
part of this run.
"""
