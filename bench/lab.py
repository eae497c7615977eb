# SPDX-License-Identifier: Apache-2.0
"""The lab of the benches: keys, certificates, a private PostgreSQL, daemons and nginx, all on loopback."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
SERVER_CPU, LOAD_CPU = 0, 1
NAME = "aes.bench.example"
DEVICES = 2000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def threads(pids):
    """Directories of all threads; processes that have just ended are left out."""
    for pid in pids:
        try:
            yield from list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        except OSError:
            pass


def run_time_ns(pids):
    """CPU time that the scheduler has given to all threads of the processes."""
    total = 0
    for thread in threads(pids):
        try:
            total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            pass
    return total


def children(pid):
    try:
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory_kb(pids, field, file="smaps_rollup"):
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(field + ":"):
                total += int(line.split()[1])
    return total


def pin(pids, cpus):
    for thread in threads(pids):
        try:
            os.sched_setaffinity(int(thread.name), cpus)
        except OSError:
            pass


class CpuShare:
    """Holds processes, and what they fork, to a share of one processor by the kernel's CPU controller (cgroup 1 or 2), so that one
    processor of load can outnumber them. Needs root; share is 1.0 where that cannot be had."""
    PERIOD_US = 10000

    def __init__(self, share):
        self.share, self.dir, self.old = share, None, None
        quota = str(int(share * self.PERIOD_US))
        v1, v2 = pathlib.Path("/sys/fs/cgroup/cpu"), pathlib.Path("/sys/fs/cgroup")
        try:
            if (v1 / "cpu.cfs_quota_us").exists() or (v1 / "cpu.shares").exists():
                self.open(v1, {"cpu.cfs_period_us": str(self.PERIOD_US), "cpu.cfs_quota_us": quota})
            else:
                (v2 / "cgroup.subtree_control").write_text("+cpu")
                self.open(v2, {"cpu.max": f"{quota} {self.PERIOD_US}"})
        except OSError:
            self.close()
            self.share = 1.0

    def open(self, root, settings):
        self.old, self.dir = root / "cgroup.procs", root / f"ecs-bench-{os.getpid()}"
        self.dir.mkdir()
        for name, value in settings.items():
            (self.dir / name).write_text(value)

    def hold(self, pids):
        if self.share < 1:
            for pid in pids:
                try:
                    (self.dir / "cgroup.procs").write_text(str(pid))
                except OSError:
                    pass

    def close(self):
        if not self.dir or not self.dir.exists():
            return
        for pid in (self.dir / "cgroup.procs").read_text().split():
            try:
                self.old.write_text(pid)
            except OSError:
                pass
        self.dir.rmdir()


# A device list and catalogues of the usual size, so that the planner sees what it would see in production.
CATALOGUES = """
INSERT INTO device_model (tac, vendor, model, category, capabilities)
SELECT lpad(n::text, 8, '0'), 'Bench', 'Model ' || n, 'phone', '{volte,vowifi}' FROM generate_series(36000000, 36049999) n;
INSERT INTO device_identity (terminal_id, state) SELECT '36' || lpad(n::text, 13, '0'), 'deny' FROM generate_series(1, 20000) n;
INSERT INTO brand (brand, name) SELECT 'brand-' || n, 'Brand' FROM generate_series(1, 5) n;
INSERT INTO plan (plan, name, features) SELECT 'plan-' || n, 'Plan', '{volte}' FROM generate_series(1, 50) n;
"""


class Server:
    """A running server: its processes, ports and the targets that it is asked for."""

    def __init__(self, name, process, ports, targets, small, workers_are_children=False):
        self.name, self.process, self.ports = name, process, ports
        self.targets, self.small = targets, small
        self.workers_are_children = workers_are_children

    def pids(self):
        return children(self.process.pid) if self.workers_are_children else [self.process.pid]

    def pin(self, cpus):
        pin(self.pids(), cpus)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


class Lab:
    def __init__(self, directory, build):
        self.dir, self.build = pathlib.Path(directory), pathlib.Path(build)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.servers, self.times = [], {}
        self.pg_dir = self.dir / "pg"
        self.cluster_up = False

    def path(self, name):
        return str(self.dir / name)

    def tool(self, name):
        return str(self.build / "bench" / name)

    def call(self, *command, **kwargs):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kwargs)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed ({done.returncode}): {(done.stderr or done.stdout).strip()[-500:]}")
        return done.stdout

    # ---- keys ----

    def make_keys(self):
        for kind, options in (("ec", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("rsa", ["-newkey", "rsa:2048"])):
            self.call("openssl", "req", "-x509", *options, "-nodes", "-days", "30", "-keyout", self.path(kind + ".key"), "-out",
                      self.path(kind + ".crt"), "-subj", "/CN=" + NAME, "-addext", "subjectAltName=DNS:" + NAME)
        # For clients that check the name: a certificate of localhost.
        self.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-keyout",
                  self.path("local.key"), "-out", self.path("local.crt"), "-subj", "/CN=localhost", "-addext",
                  "subjectAltName=DNS:localhost,IP:127.0.0.1")
        for ring in ("token.keys", "subscriber.keys"):
            self.write(ring, "1 " + os.urandom(32).hex() + "\n")
        (self.dir / "ticket.key").write_bytes(os.urandom(64))
        os.chmod(self.dir / "ticket.key", 0o600)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return str(path)

    # ---- database ----

    def cluster(self, *settings):
        """(Re)starts PostgreSQL on the load's processor."""
        if self.cluster_up:
            self.call(TOP / "tests/pg_cluster.sh", "stop", self.pg_dir)
        self.cluster_up = True
        self.call("taskset", "-c", str(LOAD_CPU), TOP / "tests/pg_cluster.sh", "start", self.pg_dir, *settings)

    def conninfo(self, database):
        return f"host={self.pg_dir} port=5432 dbname={database} user=ecs"

    def psql(self, database, sql):
        return self.call("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.conninfo(database), input=sql).strip()

    def table(self, database, rows):
        """A database with so many subscribers, warm."""
        begin = time.monotonic()
        self.psql("postgres", f"CREATE DATABASE {database}")
        self.call(self.tool("bench_prepare"), "schema", self.conninfo(database))
        self.call(TOP / "scripts/gen-subscribers", str(rows), "--conninfo", self.conninfo(database))
        self.call(self.tool("bench_prepare"), "devices", self.conninfo(database), self.path("token.keys"),
                  self.path("subscriber.keys"), str(min(rows, DEVICES)), self.path(database + ".targets"),
                  self.path(database + ".cards"))
        self.psql(database, CATALOGUES)
        self.psql(database, "VACUUM ANALYZE")
        self.times[database] = time.monotonic() - begin

    def warm(self, database):
        self.psql(database, "SELECT count(*) FROM subscriber; SELECT count(*) FROM subscriber WHERE imsi > '0'")

    def postgres_pids(self):
        pid = int((self.pg_dir / "data/postmaster.pid").read_text().split()[0])
        return [pid] + children(pid)

    # ---- daemon ----

    def daemon_config(self, name, database, workers):
        ec, rsa = free_port(), free_port()
        text = f"""\
server: {{ mode: lab, workers: {workers}, log_target: json, log_level: warning }}
device: {{ listen: ["127.0.0.1:@PORT@"], path: /ts43, offered: [ap2003, ap2004, ap2005, ap2006, ap2009] }}
smdp: [ {{ name: stock, type: pool }} ]
limits: {{ device_per_minute: 0 }}
tls: {{ ticket_key: {self.path("ticket.key")} }}
certificates: [ {{ certificate: {self.dir}/@KIND@.crt, key: {self.dir}/@KIND@.key }} ]
database: {{ conninfo: "{self.conninfo(database)}" }}
auth: {{ plmns: ["00101"], token_keys: {self.path("token.keys")}, subscriber_keys: {self.path("subscriber.keys")},
         attempts: 10000, source_per_minute: 0 }}
policy: {{ directory: {TOP}/conf/policy.d, messages: {TOP}/conf/messages, portal_url: "https://portal.example.net/vowifi" }}
admin: {{ socket: {self.dir}/{name}-@KIND@.sock, metrics_listen: "" }}
"""
        for kind, port in (("ec", ec), ("rsa", rsa)):
            self.write(f"{name}-{kind}.yaml", text.replace("@PORT@", str(port)).replace("@KIND@", kind))
        return {"ec": ec, "rsa": rsa}

    def daemon_command(self, config):
        return [str(self.build / "src/entitlementd"), "-c", self.path(config)]

    def daemon(self, name, database="main", workers=1, kind="ec", cpus=(SERVER_CPU,)):
        ports = self.daemon_config(name, database, workers)
        log = open(self.path(f"{name}-{kind}.log"), "w")
        process = subprocess.Popen(self.daemon_command(f"{name}-{kind}.yaml"), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   preexec_fn=lambda: os.sched_setaffinity(0, set(cpus)))
        server = Server(name, process, {kind: ports[kind]}, self.path(database + ".targets"), self.path("daemon.small"))
        return self.add(server)

    # ---- nginx ----

    def nginx_config(self, name, workers, document, small):
        ports = {"ec": free_port(), "rsa": free_port(), "tuned": free_port(), "local": free_port()}
        site = self.dir / "www"
        site.mkdir(exist_ok=True)
        (site / "file").write_bytes(document)
        escape = small.decode().replace("\\", "\\\\").replace('"', '\\"').replace("$", "")
        server = """
  server {{ listen 127.0.0.1:{port} ssl{http2} reuseport; ssl_certificate {d}/{kind}.crt; ssl_certificate_key {d}/{kind}.key; {extra}
    root {d}/www; default_type application/json;
    location /none {{ default_type text/plain; return 404 "{small}"; }} }}"""
        tuned = ("ssl_prefer_server_ciphers on; ssl_ciphers ECDHE+AESGCM128:ECDHE+AESGCM; "
                 "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384; "
                 "ssl_conf_command Options ServerPreference;")
        temp = "".join(f" {t}_temp_path {self.dir}/{name}-{t};" for t in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root; " if os.geteuid() == 0 else ""
        text = (f"{user}worker_processes {workers}; daemon off; pid {self.dir}/{name}.pid; error_log {self.dir}/{name}.err error;\n"
                f"worker_rlimit_nofile 20000; events {{ worker_connections 15000; }}\n"
                f"http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; ssl_protocols TLSv1.2 TLSv1.3;\n"
                f" {temp}\n")
        for key, kind, extra in (("ec", "ec", ""), ("rsa", "rsa", ""), ("tuned", "ec", tuned), ("local", "local", "")):
            text += server.format(port=ports[key], kind=kind, d=self.dir, extra=extra, small=escape,
                                  http2=" http2" if key == "local" else "")
        self.write(name + ".conf", text + "\n}\n")
        return ports

    def nginx_command(self, name):
        return ["nginx", "-p", str(self.dir), "-c", self.path(name + ".conf"), "-e", self.path(name + ".err")]

    def nginx(self, name, document, small, workers=1, cpus=(SERVER_CPU,)):
        ports = self.nginx_config(name, workers, document, small)
        process = subprocess.Popen(self.nginx_command(name), stdin=subprocess.DEVNULL,
                                   preexec_fn=lambda: os.sched_setaffinity(0, set(cpus)))
        server = Server(name, process, ports, self.path("nginx.targets"), self.path("nginx.small"), workers_are_children=True)
        return self.add(server)

    def add(self, server):
        self.servers.append(server)
        for port in server.ports.values():
            self.wait_port(server, port)
        return server

    def wait_port(self, server, port):
        end = time.monotonic() + 15
        while time.monotonic() < end and server.alive():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{server.name} does not listen on port {port}; see {self.dir}")

    def end(self, server):
        server.stop()
        self.servers.remove(server)

    def close(self, keep):
        for server in list(self.servers):
            server.stop()
        if self.cluster_up:
            subprocess.run([TOP / "tests/pg_cluster.sh", "remove", self.pg_dir], capture_output=True)
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- load ----

    def load(self, server, mode, *options, port="ec", targets=None, expect="ap2005", cpus=(LOAD_CPU,), around=None):
        """One run of bench_load against a server: its figures, and the CPU time of the server and of PostgreSQL within."""
        command = [self.tool("bench_load"), mode, "-a", f"127.0.0.1:{server.ports[port]}", "-f", targets or server.targets]
        if expect:
            command += ["-e", expect]
        p = subprocess.Popen(command + [str(o) for o in options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, set(cpus)))
        try:
            first = p.stdout.readline()
            if first != "ready\n":
                raise RuntimeError(f"bench_load {mode} on {server.name}: {first.strip() or 'no output'}")
            database = self.postgres_pids() if self.cluster_up else []
            cpu, cpu_db = run_time_ns(server.pids()), run_time_ns(database)
            if around:
                around(server)
            p.stdin.write("go\n")
            p.stdin.flush()
            text = p.stdout.readline()
            cpu, cpu_db = run_time_ns(server.pids()) - cpu, run_time_ns(database) - cpu_db
            p.stdin.close()
            p.wait(10)
        finally:
            if p.poll() is None:
                p.kill()
                p.wait()
        result = json.loads(text)
        if result["failed"] or p.returncode or not result["done"]:
            raise RuntimeError(f"bench_load {mode} on {server.name}: {result['failed']} wrong answers: {result['fault']}")
        result["cpu_us"] = cpu / 1000 / result["done"]
        result["db_us"] = cpu_db / 1000 / result["done"]
        return result
