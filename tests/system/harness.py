# SPDX-License-Identifier: Apache-2.0
"""What the system tests stand on: a private PostgreSQL, key files and certificates, lines with SIM cards, and the real
daemon as a process whose log, metrics, exit status and sanitizer reports are looked at. Nothing has a fixed port or place;
everything is below one temporary directory. ECS_BUILD names the build directory."""
import collections
import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import psycopg
import yaml

import client

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLMN = "00101"
FEATURES = ["volte", "volte-roaming", "vonr", "vonr-roaming", "vowifi", "vowifi-roaming", "smsoip"]
SERVICES = ("volte", "vonr", "vowifi", "smsoip")
POOL = 3000
START_S, STOP_S = 30, 30


def policy_files():
    """Names of the delivered policy, one file for each service."""
    return sorted(name for name in os.listdir(os.path.join(ROOT, "conf", "policy.d")) if name.endswith(".yaml"))


class Build:
    """The programs under test. ECS_DAEMON and ECS_CTL name other ones than those of the build directory."""

    def __init__(self):
        base = os.environ.get("ECS_BUILD", os.path.join(ROOT, "build", "sanitize"))
        self.base = os.path.join(ROOT, base)
        self.daemon = os.environ.get("ECS_DAEMON", os.path.join(self.base, "src", "entitlementd"))
        self.ctl = os.environ.get("ECS_CTL", os.path.join(self.base, "src", "tools", "ctl", "entitlementctl"))
        self.devsim = os.path.join(self.base, "src", "tools", "devsim", "entitlement-devsim")


def environment():
    """Of every program: sanitizers that end the process with a status of their own."""
    found = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
    found.setdefault("ASAN_OPTIONS", "exitcode=99:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=0")
    found.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1:exitcode=99")
    found.setdefault("TSAN_OPTIONS", "exitcode=99:halt_on_error=0")
    for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "LISTEN_FDS"):
        found.pop(name, None)
    return found


SANITIZER = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer|runtime error:")

# ---- ports: a lock file per port keeps parallel runs apart, since daemons with several workers share ports silently ----

FILES = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 8192)
HIGH = FILES // 2
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def free_port():
    """Kept for the life of the process, by a descriptor above those that select() can take (psycopg waits by it)."""
    where = f"/tmp/ecs-test-ports-{os.getuid()}"
    os.makedirs(where, mode=0o700, exist_ok=True)
    for _ in range(1000):
        port = random.randint(20000, 31999)
        with open(os.path.join(where, str(port)), "w", encoding="ascii") as file:
            lock = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, HIGH)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        return port
    raise RuntimeError("no free port")


class Load:
    """Threads that call work(number) again and again; counts what it returns (with an exception's text for a failure)."""

    def __init__(self, work, threads=4):
        self.counts, self.stopping = collections.Counter(), False
        self.threads = [threading.Thread(target=self.run, args=(work, i), daemon=True) for i in range(threads)]

    def run(self, work, number):
        while not self.stopping:
            try:
                result = work(number)
            except Exception as fault:  # any failure is a result of the load
                result = f"{type(fault).__name__}: {fault}"
            self.counts[result] += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *what):
        self.stopping = True
        for thread in self.threads:
            thread.join(30)


def wait_for(what, seconds, text, pause=0.02):
    """The first true result of what(); fails with text (or its result) after that time."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {text() if callable(text) else text}")
        time.sleep(pause)


# ---- files ----

class Keys:
    """Key files: token ring, subscriber ring, TLS ticket key."""

    def __init__(self, where):
        self.token, self.subscriber, self.ticket = (os.path.join(where, name)
                                                    for name in ("token.keys", "subscriber.keys", "ticket.key"))
        write_ring(self.token, {1: os.urandom(32)})
        write_ring(self.subscriber, {1: os.urandom(32)})
        with open(self.ticket, "wb") as file:
            file.write(os.urandom(64))


def write_ring(path, keys):
    """keys: id -> 32 bytes; the last one seals."""
    with open(path, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        for number, key in keys.items():
            file.write(f"{number} {key.hex()}\n")


class Certificates:
    """Self-signed certificates of the device interface; make() adds more of them."""

    def __init__(self, where):
        self.where = where
        self.default = self.make("default", ["aes.mnc001.mcc001.pub.3gppnetwork.org", "entitlement.example.net"])

    def make(self, name, names, days=30, rsa=False):
        certificate, key = (os.path.join(self.where, f"{name}.{end}") for end in ("crt", "key"))
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", str(days), "-subj", f"/CN={name}",
                        "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names), "-keyout", key, "-out",
                        certificate], check=True, capture_output=True)
        return {"certificate": certificate, "key": key}


class Clock:
    """A movable time of day for a daemon: env goes into its environment; set(seconds) moves it, from the real time."""

    def __init__(self, where, program):
        self.path = os.path.join(where, "clock")
        library = os.path.join(where, "clock.so")
        self.set(0)
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library,
                        os.path.join(ROOT, "tests", "system", "clock_shim.c"), "-ldl"], check=True)
        linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        runtime = re.findall(r"=> (\S*lib[at]san\.so\S*)", linked)  # a sanitizer's own must stand first
        self.env = {"LD_PRELOAD": ":".join(runtime + [library]), "ECS_TEST_CLOCK": self.path}

    def set(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))


# ---- database ----

class Cluster:
    """A private PostgreSQL with the schema and a pool of lines; its data are shared by the tests of a session."""

    script = os.path.join(ROOT, "tests", "pg_cluster.sh")

    def __init__(self, where):
        self.dir = os.path.join(where, "pg")
        self.connection = None
        self.conninfo = self.control("start", "shared_buffers=32MB", "log_min_messages=fatal").strip()

    def control(self, action, *settings):
        done = subprocess.run([self.script, action, self.dir, *settings], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"pg_cluster.sh {action}: {done.stderr}")
        return done.stdout

    def stop(self, action="stop"):
        self.close()
        self.control(action)

    def start(self):
        self.control("start", "shared_buffers=32MB", "log_min_messages=fatal")

    def remove(self):
        self.close()
        self.control("remove")

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def sql(self, text, *values):
        """Rows of the statement, or None when it gives none."""
        if not self.connection or self.connection.closed:
            self.connection = psycopg.connect(self.conninfo, autocommit=True)
        try:
            cursor = self.connection.execute(text, values or None)
        except psycopg.OperationalError:  # the server was started anew meanwhile
            self.close()
            self.connection = psycopg.connect(self.conninfo, autocommit=True)
            cursor = self.connection.execute(text, values or None)
        return cursor.fetchall() if cursor.description else None

    def one(self, text, *values):
        return self.sql(text, *values)[0][0]


def card_keys(imsi):
    material = hashlib.sha256(b"card " + imsi.encode()).digest()
    return material[:16], material[16:]


class Lines:
    """Lines with cards, made in one import by entitlementctl; each test takes unused ones."""

    def __init__(self, cluster, ctl, where, count=POOL):
        self.cluster, self.next, self.serial = cluster, 0, 0
        cluster.sql("INSERT INTO plan (plan, name, features) VALUES ('full', 'Full', %s) ON CONFLICT DO NOTHING", FEATURES)
        path = os.path.join(where, "lines.csv")
        self.imsis = [f"{PLMN}{4700000000 + 7919 * i:010d}" for i in range(count)]
        with open(path, "w", encoding="ascii") as file:
            file.write("imsi,msisdn,plan,ki,opc\n")
            for i, imsi in enumerate(self.imsis):
                ki, opc = card_keys(imsi)
                file.write(f"{imsi},{self.msisdn(i)},full,{ki.hex()},{opc.hex()}\n")
        ctl("subscriber", "import", path)
        found = cluster.one("SELECT count(*) FROM auc")
        assert found == count, f"{found} of {count} lines were imported"

    @staticmethod
    def msisdn(i):
        return f"49151{20000000 + 6131 * i:08d}"

    def take(self, ready=True, features=None, services=None, **fields):
        """A line; ready: all services provisioned, terms and address settled. services: name -> columns. fields: columns
        of the subscriber; features: a plan of its own with these words."""
        number = self.next
        self.next += 1
        line = Line(self.cluster, self.imsis[number], self.msisdn(number))
        if ready:
            for name in SERVICES:
                settled = {"tc_status": 1, "addr_status": 1} if name == "vowifi" else {}
                line.service(name, prov_status=1, **settled)
        for name, columns in (services or {}).items():
            line.service(name, **columns)
        if features is not None:
            line.features(features)
        if fields:
            line.set(**fields)
        return line

    def imei(self, tac="35999900"):
        """A fresh IMEI; its last digit is right."""
        self.serial += 1
        digits = f"{tac}{self.serial:06d}"
        total = sum(sum(divmod(int(d) * (1 + i % 2), 10)) for i, d in enumerate(digits))
        return digits + str(-total % 10)


class Line:
    def __init__(self, cluster, imsi, msisdn):
        self.cluster, self.imsi, self.msisdn = cluster, imsi, msisdn
        self.ki, self.opc = card_keys(imsi)

    def set(self, **fields):
        parts = ", ".join(f"{name} = %s" for name in fields)
        self.cluster.sql(f"UPDATE subscriber SET {parts} WHERE imsi = %s", *fields.values(), self.imsi)

    def features(self, words, brand=None):
        """A plan of this line's own with these feature words."""
        self.cluster.sql("INSERT INTO plan (plan, name, features, brand) VALUES (%s, %s, %s, %s) ON CONFLICT (plan) DO UPDATE "
                         "SET features = excluded.features", f"p{self.imsi}", "Own plan", list(words), brand)
        self.set(plan=f"p{self.imsi}")

    def service(self, name, **columns):
        names = list(columns)
        self.cluster.sql(
            f"INSERT INTO line_service (imsi, service{''.join(', ' + n for n in names)}) "
            f"VALUES (%s, %s{', %s' * len(names)}) ON CONFLICT (imsi, service) DO "
            + ("UPDATE SET " + ", ".join(f"{n} = excluded.{n}" for n in names) if names else "NOTHING"),
            self.imsi, name, *columns.values())

    def forget(self, name):
        self.cluster.sql("DELETE FROM line_service WHERE imsi = %s AND service = %s", self.imsi, name)

    def revoke(self):
        self.cluster.sql("UPDATE subscriber SET token_generation = token_generation + 1 WHERE imsi = %s", self.imsi)

    def value(self, name, table="subscriber"):
        return self.cluster.one(f"SELECT {name} FROM {table} WHERE imsi = %s", self.imsi)

    def orders(self):
        return [row[0] for row in self.cluster.sql(
            "SELECT service FROM activation_order WHERE imsi = %s AND done_at IS NULL ORDER BY id", self.imsi)]


# ---- daemon ----

def merge(base, change):
    """A copy of base with change put over it, section by section. None removes."""
    found = dict(base)
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = merge(found[name], value)
        else:
            found[name] = value
    return found


class Daemon:
    """A running entitlementd. device (TLS) and plain are its addresses; text() of its log, events() of its JSON lines."""

    def __init__(self, build, where, settings, env=None):
        self.build, self.dir, self.settings = build, where, settings
        self.conf_path = os.path.join(where, "entitlementd.yaml")
        self.log_path = os.path.join(where, "log")
        self.env = env or {}
        self.process, self.log_file, self.status = None, None, None
        self.write()
        self.addresses()

    def addresses(self):
        certificates = self.settings.get("certificates")
        listen = self.settings["device"].get("listen") or []
        plain = self.settings["device"].get("plain_listen") or []
        ca = certificates[0]["certificate"] if certificates else None
        self.device = self.target(listen[0], ca) if listen else None
        self.plain = self.target(plain[0]) if plain else None
        self.metrics_target = self.target(self.settings["admin"]["metrics_listen"])

    @staticmethod
    def target(address, ca=None):
        if address.startswith("/"):
            return client.Target(unix=address)
        host, port = address.rsplit(":", 1)
        return client.Target(host.strip("[]"), int(port), ca)

    def write(self, **change):
        """Writes the configuration file, with a change that stays."""
        self.settings = merge(self.settings, change)
        self.write_text(yaml.safe_dump(self.settings, sort_keys=False))

    def write_text(self, text):
        with open(self.conf_path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.conf_path + ".new", self.conf_path)

    # -- process --

    def start(self, ready=True):
        self.log_file = open(self.log_path, "ab")
        before = os.path.getsize(self.log_path)
        self.status = None
        self.process = subprocess.Popen([self.build.daemon, "-c", self.conf_path], stdin=subprocess.DEVNULL,
                                        stdout=self.log_file, stderr=self.log_file, env=dict(environment(), **self.env),
                                        cwd=self.dir, start_new_session=True)
        if ready:
            workers = self.settings["server"]["workers"]

            def is_ready():
                if self.process.poll() is not None:
                    raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.text()}")
                events = self.events(since=before)
                return (any(e["event"] == "START" for e in events) and
                        sum(e["event"] == "DB_UP" for e in events) >= workers)
            wait_for(is_ready, START_S, lambda: "ready\n" + self.text())
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_S):
        try:
            self.status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGABRT)
            self.process.wait(10)
            raise AssertionError(f"the daemon did not end within {seconds} s:\n{self.text()[-3000:]}") from None
        finally:
            self.log_file.close()
        self.process = None
        return self.status

    def stop(self, number=signal.SIGTERM):
        """Ends it and checks that it ended well."""
        if self.process is None:
            return
        if self.alive():
            self.send(number)
        status = self.wait()
        self.check_sanitizers()
        assert status == 0, f"exit status {status}:\n{self.text()[-3000:]}"

    def kill(self):
        """Ends it without looking (after a test has failed)."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None
            self.log_file.close()

    def check_sanitizers(self):
        match = SANITIZER.search(self.text())
        assert not match, self.text()[max(0, match.start() - 200):match.start() + 6000]

    # -- log --

    def mark(self):
        """A place in the log, for since=."""
        return os.path.getsize(self.log_path)

    def text(self, since=0):
        with open(self.log_path, "rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")

    def events(self, event=None, since=0, **fields):
        """The JSON lines with that event name and these fields."""
        found = []
        for row in self.text(since).splitlines():
            if row.startswith("{"):
                with contextlib.suppress(json.JSONDecodeError):  # a line that is being written
                    entry = json.loads(row)
                    if (event is None or entry["event"] == event) and all(entry.get(k) == v for k, v in fields.items()):
                        found.append(entry)
        return found

    def wait_event(self, event, since=0, text="", seconds=15):
        """The first such line whose msg holds the text."""
        def look():
            return [e for e in self.events(event, since) if text in e["msg"]]
        return wait_for(look, seconds, lambda: f"event {event} with {text!r} in\n{self.text(since)[-3000:]}")[0]

    # -- operator's side --

    def admin(self, method, path, body=None, socket_path=None, headers=()):
        """(status, JSON or text) of a call on the admin socket."""
        target = client.Target(unix=socket_path or self.settings["admin"]["socket"])
        headers = list(headers)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.append(("Content-Type", "application/json"))
        reply = target.request(method, path, headers, data)
        kind = reply.header("Content-Type") or ""
        text = reply.body.decode("utf-8")
        return reply.status, json.loads(text) if "json" in kind and text else text

    def metrics_text(self):
        reply = self.metrics_target.request("GET", "/metrics")
        assert reply.status == 200, reply
        return reply.body.decode("utf-8")

    def metrics(self):
        """name -> list of (labels, value)."""
        found = {}
        for row in self.metrics_text().splitlines():
            match = re.match(r'([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$', row)
            if match:
                labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
                found.setdefault(match.group(1), []).append((labels, float(match.group(3))))
        return found

    def metric(self, name, **labels):
        """Sum of the samples with these labels."""
        return sum(value for found, value in self.metrics().get(name, [])
                   if all(found.get(k) == v for k, v in labels.items()))

    def reload(self, good=True):
        """SIGHUP, and waits for its outcome."""
        before = self.mark()
        self.send(signal.SIGHUP)
        self.wait_event("RELOAD" if good else "RELOAD_FAILED", before, "were taken over" if good else "")
        time.sleep(0.1)  # the workers take it from their mailboxes
        return before
