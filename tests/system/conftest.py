# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. See harness.py for what they give; run with: ECS_BUILD=build/sanitize pytest tests/system"""
import os
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

import client
import harness


def pytest_configure(config):
    """A time limit around pytest ends it by SIGTERM: the fixtures shall still stop what they have started."""
    def interrupt(*_):
        raise KeyboardInterrupt
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def pytest_runtest_makereport(item, call):
    """Remembers that a test has failed, so that teardown does not add faults of its own."""
    if call.excinfo is not None and call.when in ("setup", "call"):
        item.stash[FAILED] = True


FAILED = pytest.StashKey()


@pytest.fixture(scope="session")
def build():
    found = harness.Build()
    for program in (found.daemon, found.ctl):
        assert os.access(program, os.X_OK), f"{program} is missing: build first, or set ECS_BUILD"
    return found


@pytest.fixture(scope="session")
def area():
    """The temporary directory of the session; short, because Unix sockets lie in it."""
    path = tempfile.mkdtemp(prefix="ecs-")
    os.chmod(path, 0o755)  # PostgreSQL runs as another user when the tests run as root
    yield path
    if os.environ.get("ECS_KEEP"):
        print(f"kept: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def keys(area):
    return harness.Keys(area)


@pytest.fixture(scope="session")
def certs(area):
    return harness.Certificates(area)


@pytest.fixture(scope="session")
def cluster(area):
    """The private PostgreSQL, running; its schema is made by the fixture lines."""
    found = harness.Cluster(area)
    yield found
    found.remove()


@pytest.fixture(scope="session")
def base_settings(area, cluster, keys, certs):
    """Settings that every configuration of these tests begins with; no address yet."""
    return {
        "server": {"mode": "lab", "workers": 2, "log_target": "json", "log_level": "info", "drain": "5s"},
        "device": {"jitter_percent": 0},
        "limits": {"device_per_minute": 0},
        "tls": {"ticket_key": keys.ticket},
        "certificates": [certs.default],
        "database": {"conninfo": cluster.conninfo},
        "auth": {"plmns": [harness.PLMN], "token_keys": keys.token, "subscriber_keys": keys.subscriber,
                 "source_per_minute": 0},
        "policy": {"directory": os.path.join(harness.ROOT, "conf", "policy.d"),
                   "messages": os.path.join(harness.ROOT, "conf", "messages"),
                   "portal_url": "https://portal.example.net/vowifi"},
        "admin": {},
    }


@pytest.fixture(scope="session")
def settings_for(area, base_settings):
    """Function: settings with free addresses and a directory of their own, overrides put over them: (directory, settings)."""
    count = iter(range(1, 100000))

    def make(**overrides):
        where = os.path.join(area, f"d{next(count)}")
        os.mkdir(where)
        addresses = {
            "device": {"listen": [f"127.0.0.1:{harness.free_port()}"], "plain_listen": [os.path.join(where, "http.sock")]},
            "admin": {"socket": os.path.join(where, "admin.sock"), "metrics_listen": f"127.0.0.1:{harness.free_port()}"},
        }
        return where, harness.merge(harness.merge(base_settings, addresses), overrides)
    return make


@pytest.fixture(scope="session")
def ctl(build, settings_for):
    """Function: runs entitlementctl with a configuration of the cluster; the finished process, its status checked."""
    where, settings = settings_for()
    daemon = harness.Daemon(build, where, settings)

    def run(*arguments, check=True, conf=daemon.conf_path, **how):
        done = subprocess.run([build.ctl, "-c", conf, *arguments], capture_output=True, text=True, timeout=120,
                              env=harness.environment(), **how)
        assert not harness.SANITIZER.search(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, f"entitlementctl {' '.join(arguments)}: {done.returncode}\n{done.stderr}{done.stdout}"
        return done
    return run


@pytest.fixture(scope="session")
def lines(cluster, ctl, area):
    ctl("db", "upgrade")
    return harness.Lines(cluster, ctl, area)


@pytest.fixture
def subscriber(lines):
    """Function: a fresh line, see harness.Lines.take. device_model() and device_identity() stand on it."""
    def take(**what):
        return lines.take(**what)
    return take


@pytest.fixture
def device_model(lines):
    """Function: puts a TAC with these capability words into the model table."""
    def add(tac, *capabilities, category="phone", vendor="ACME", model="One"):
        lines.cluster.sql("INSERT INTO device_model (tac, vendor, model, category, capabilities) VALUES (%s, %s, %s, %s, %s) "
                          "ON CONFLICT (tac) DO UPDATE SET capabilities = excluded.capabilities, category = excluded.category",
                          tac, vendor, model, category, list(capabilities))
        return tac
    return add


@pytest.fixture
def device_identity(lines):
    """Function: marks one device allow, deny or stolen."""
    def mark(terminal_id, state):
        lines.cluster.sql("INSERT INTO device_identity (terminal_id, state) VALUES (%s, %s) ON CONFLICT (terminal_id) DO UPDATE "
                          "SET state = excluded.state", terminal_id.lower(), state)
    return mark


@pytest.fixture(scope="session")
def daemon_for(build, settings_for, lines):
    """Function: a daemon object with these overrides, not started and not stopped by anybody."""
    def make(env=None, **overrides):
        where, settings = settings_for(**overrides)
        return harness.Daemon(build, where, settings, env)
    return make


@pytest.fixture
def make_daemon(daemon_for, request):
    """Function: starts a daemon with these overrides, make_daemon(auth={"session": "10s"}); stopped by SIGTERM behind the
    test, which fails when the exit status is wrong or a sanitizer has reported."""
    made = []

    def make(start=True, ready=True, env=None, **overrides):
        daemon = daemon_for(env, **overrides)
        made.append(daemon)
        return daemon.start(ready) if start else daemon
    yield make
    end_all(made, request.node)


@pytest.fixture(scope="module")
def make_module_daemon(daemon_for):
    """As make_daemon, for daemons that live as long as the module."""
    made = []

    def make(**overrides):
        daemon = daemon_for(**overrides)
        made.append(daemon)
        return daemon.start()
    yield make
    end_all(made, None)


def end_all(daemons, node):
    failures = []
    for daemon in daemons:
        try:
            daemon.stop()
        except AssertionError as fault:
            failures.append(str(fault))
        finally:
            daemon.kill()
    if failures and not (node and node.stash.get(FAILED, False)):
        pytest.fail("\n".join(failures), pytrace=False)
    for text in failures:
        print(text)


class Site:
    """A database of its own, for tests that stop it: cluster, lines, daemon(...) (not started)."""

    def __init__(self, build, settings_for, where):
        self.build, self.settings_for = build, settings_for
        self.cluster = harness.Cluster(where)
        self.daemons = []

    def fill(self, where, count):
        daemon = self.daemon()

        def ctl(*arguments):
            done = subprocess.run([self.build.ctl, "-c", daemon.conf_path, *arguments], capture_output=True, text=True,
                                  timeout=120, env=harness.environment())
            assert done.returncode == 0, done.stderr
        ctl("db", "upgrade")
        self.lines = harness.Lines(self.cluster, ctl, where, count)

    def daemon(self, **overrides):
        where, settings = self.settings_for(**harness.merge({"database": {"conninfo": self.cluster.conninfo}}, overrides))
        self.daemons.append(harness.Daemon(self.build, where, settings))
        return self.daemons[-1]

    def phone(self, daemon, plain=False, **what):
        line = self.lines.take(**what)
        made = client.Phone(daemon.plain if plain else daemon.device, line.imsi, line.ki, line.opc, self.lines.imei())
        made.line = line
        return made


@pytest.fixture(scope="module")
def own_site(build, settings_for, area):
    where = tempfile.mkdtemp(prefix="s", dir=area)
    os.chmod(where, 0o755)
    site = Site(build, settings_for, where)
    try:
        site.fill(where, 60)
        yield site
    finally:
        for daemon in site.daemons:
            daemon.kill()
        site.cluster.remove()


@pytest.fixture(scope="session")
def odsa_site(build, settings_for, area):
    """A database of the eSIM tests: a daemon that knows nothing of their SM-DP+ shall not work on their procedures."""
    where = tempfile.mkdtemp(prefix="o", dir=area)
    os.chmod(where, 0o755)
    made = Site(build, settings_for, where)
    try:
        made.fill(where, 1200)
        yield made
    finally:
        made.cluster.remove()


@pytest.fixture
def site(own_site, request):
    """A database that the test may stop, with its lines; site.daemon(...) makes a daemon at it, stopped behind the test."""
    own_site.cluster.start()
    before = len(own_site.daemons)
    yield own_site
    own_site.cluster.start()
    end_all(own_site.daemons[before:], request.node)


@pytest.fixture
def clock(build, tmp_path):
    """A movable time of day; make_daemon(env=clock.env)."""
    return harness.Clock(str(tmp_path), build.daemon)


@pytest.fixture(scope="session")
def session_daemon(daemon_for):
    daemon = daemon_for().start()
    yield daemon
    try:
        daemon.stop()
    finally:
        daemon.kill()


@pytest.fixture
def daemon(session_daemon):
    """The daemon that most tests share, with the default settings. A test in which it dies fails with its last words."""
    if not session_daemon.alive():
        session_daemon.start()
    yield session_daemon
    if not session_daemon.alive():
        words = session_daemon.text()[-8000:]
        session_daemon.wait()
        session_daemon.log_path += ".again"
        session_daemon.start()
        pytest.fail(f"the daemon died:\n{words}", pytrace=False)


@pytest.fixture
def phone(lines, daemon):
    """Function: a phone with a fresh line (or the given one) at the shared daemon (or at=...)."""
    def make(line=None, at=None, terminal_id=None, plain=False, realm="nai.epc", sqn=0, **what):
        if line is None:
            line = lines.take(**what)
        server = at or daemon
        made = client.Phone(server.plain if plain else server.device, line.imsi, line.ki, line.opc,
                            terminal_id or lines.imei(), realm=realm, sqn=sqn)
        made.line = line
        return made
    return make
