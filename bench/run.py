# SPDX-License-Identifier: Apache-2.0
"""The benches: daemon beside nginx and pgbench in one run, figures as ratios. Started by scripts/bench."""
import argparse
import contextlib
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import goals_core
import goals_http
import goals_odsa
import goals_state
import goals_storm
import report
from lab import LOAD_CPU, SERVER_CPU, TOP, Lab, pin


class Bench:
    """What the goals share: the lab, its servers, lengths and sizes."""

    def __init__(self, lab, quick):
        self.lab, self.quick = lab, quick
        self.rounds = int(os.environ.get("ECS_BENCH_ROUNDS", "3" if quick else "7"))
        self.seconds, self.short = (1.0, 0.6) if quick else (2.0, 1.5)
        self.main_rows = 100000 if quick else 1000000
        self.large_rows = 0 if quick else 10000000
        self.every_cpu = os.sched_getaffinity(0)
        self.cpu_count = len(self.every_cpu)

    @contextlib.contextmanager
    def all_cores(self):
        """PostgreSQL may use every processor meanwhile."""
        pin(self.lab.postgres_pids(), self.every_cpu)
        try:
            yield
        finally:
            pin(self.lab.postgres_pids(), {LOAD_CPU})

    def sample(self, target):
        """Body of a real answer, so that nginx sends just the same bytes."""
        done = subprocess.run(["curl", "-sk", "-H", "Accept: application/json", f"https://127.0.0.1:{self.daemon.ports['ec']}{target}"],
                              capture_output=True, timeout=10)
        if done.returncode or not done.stdout:
            raise RuntimeError("the daemon does not answer")
        return done.stdout

    def prepare(self):
        lab = self.lab
        lab.make_keys()
        settings = ["shared_buffers=2GB" if self.quick else "shared_buffers=6GB", "max_wal_size=8GB"]
        lab.cluster(*settings)
        for database, rows in (("small", 1000), ("main", self.main_rows), ("large", self.large_rows)):
            if rows:
                say(f"loading {rows:,} subscribers")
                lab.table(database, rows)
        lab.cluster(*settings, "fsync=on", "full_page_writes=on")  # the measured part is as in production
        lab.warm("main")
        lab.write("daemon.small", "/none\n")
        lab.write("nginx.small", "/none\n")
        self.daemon = lab.daemon("one")
        self.daemon_rsa = lab.daemon("one", kind="rsa")
        self.daemon_all = lab.daemon("all", workers=self.cpu_count, cpus=self.every_cpu)
        targets = pathlib.Path(lab.path("main.targets")).read_text()
        self.document, self.small = self.sample(targets.split("\n", 1)[0]), self.sample("/none")
        lab.write("nginx.targets", targets.replace("/ts43?", "/file?"))
        self.nginx = lab.nginx("nginx", self.document, self.small)
        self.nginx_all = lab.nginx("nginx-all", self.document, self.small, workers=self.cpu_count, cpus=self.every_cpu)


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def others_share(seconds=2):
    """How busy the machine is before anything of ours runs, in percent of all processors."""
    def idle():
        fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        return fields[3] + fields[4], sum(fields[:8])
    idle_0, all_0 = idle()
    time.sleep(seconds)
    idle_1, all_1 = idle()
    return 100 * (1 - (idle_1 - idle_0) / max(1, all_1 - all_0))


class Stopped(BaseException):
    """The run takes too long, or was asked to end; nothing may swallow it."""


def stop(*_):
    raise Stopped


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 short rounds, small tables: under 6 minutes")
    parser.add_argument("--only", help="goals to run, for example 1,2,6")
    parser.add_argument("--build", default=str(TOP / "build/release"), help="directory with the built programs")
    parser.add_argument("--output", default=str(TOP / "docs/benchmarks.md"), help="where the report goes; - for none")
    parser.add_argument("--keep", action="store_true", help="leave the lab directory (logs, configurations) behind")
    return parser.parse_args()


def check_machine(a):
    if not {SERVER_CPU, LOAD_CPU} <= os.sched_getaffinity(0):
        raise RuntimeError("processors 0 and 1 are needed")
    if not pathlib.Path("/proc/self/schedstat").exists():
        raise RuntimeError("the kernel gives no run times (/proc/PID/schedstat)")
    if not a.quick:
        free = os.statvfs(tempfile.gettempdir())
        if free.f_bavail * free.f_frsize < 12 << 30:
            raise RuntimeError(f"the full run needs 12 GB in {tempfile.gettempdir()}")
    if not pathlib.Path(a.build, "src/entitlementd").exists() or not pathlib.Path(a.build, "bench/bench_load").exists():
        raise RuntimeError(f"{a.build} lacks entitlementd or the bench programs (cmake -DECS_BENCH=ON)")


def run(bench, only):
    rows, faults = [], []
    every = goals_core.GOALS + goals_http.GOALS + goals_odsa.GOALS + goals_state.GOALS + goals_storm.GOALS
    for goal, function in sorted(every, key=lambda g: int(g[0])):
        if only and goal not in only:
            continue
        say(f"goal {goal}: {function.__name__}")
        try:
            for row in function(bench):
                rows.append(row)
                print(report.line(row), flush=True)
        except (RuntimeError, OSError, subprocess.SubprocessError, ValueError, IndexError) as e:
            faults.append(f"goal {goal}: {e}")
            say(f"FAILED {faults[-1]}")
    return rows, faults


def main():
    a = arguments()
    begin = time.monotonic()
    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.alarm(1200 if a.quick else 7200)
    try:
        check_machine(a)
    except RuntimeError as e:
        print(f"bench: {e}", file=sys.stderr)
        return 2
    directory = tempfile.mkdtemp(prefix="ecs-bench-")
    os.chmod(directory, 0o755)  # the database server runs as another user
    lab = Lab(directory, a.build)
    bench = Bench(lab, a.quick)
    bench.others = [others_share()]
    try:
        bench.prepare()
        rows, faults = run(bench, set(a.only.split(",")) if a.only else None)
    except (Stopped, KeyboardInterrupt):
        say("stopped: too long, or asked to end")
        return 3
    except (RuntimeError, OSError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 2
    finally:
        signal.alarm(0)
        lab.close(a.keep)
        if a.keep:
            say(f"lab left in {directory}")
    bench.others.append(others_share())
    text = report.document(rows, faults, bench, datetime.date.today(), time.monotonic() - begin)
    if a.output != "-" and not a.only:
        pathlib.Path(a.output).write_text(text)
    missed = [r for r in rows if r.met is False]
    say(f"{sum(r.met is True for r in rows)} met, {len(missed)} missed, {len(faults)} failed, {time.monotonic() - begin:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
