# SPDX-License-Identifier: Apache-2.0
"""Quality of service that the network is asked for, by every dialect: CAMARA qos-provisioning and quality-on-demand, T8, N5
over HTTP/2, Diameter Rx at freeDiameter. The doubles refuse what is wrong; what counts in the end is what the network has: one
session for one request, none behind its end."""
import http.client
import itertools
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import conftest
import diameter
import harness
import portal
import wire
from core_network import new_host, peer_row
from diameter_peers import Network, missing
from diameter_roles import Pcrf

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "tools"))
from qos_double import QosDouble  # noqa: E402

OAUTH = ("ecs", "s3cret word: +/%")
EVENTS_TOKEN = "e" * 40
TYPES = {"prov": "camara-provisioning", "session": "camara-session", "t8": "t8", "n5": "n5", "rx": "rx"}
ALL = [pytest.param(name, marks=pytest.mark.skipif(name == "rx" and missing() is not None and "CI" not in os.environ,
                                                   reason="freeDiameter is not installed")) for name in TYPES]
HTTP = ["prov", "session", "t8", "n5"]
ADDRESSED = [param for param in ALL if param.values[0] in ("t8", "n5", "rx")]
FEW = [ALL[0], ALL[3], ALL[4]]  # one of each kind, for what takes its time
numbers = itertools.count(1)


class Trust:
    """The network's certificates and those of the callback listener."""

    def __init__(self, where, certificates):
        self.double = certificates.make("qos", ["localhost"])
        self.ca, self.server = portal.Authority(where), portal.Authority(where, "server")
        self.listener = self.server.issue("callback", usage=ExtendedKeyUsageOID.SERVER_AUTH)
        self.network, self.stranger = self.ca.issue("network"), self.ca.issue("stranger")


class World:
    def __init__(self, site, trust, double, pcrf):
        self.site, self.trust, self.double, self.pcrf = site, trust, double, pcrf
        self.callback = f"127.0.0.1:{harness.free_port()}"
        self.daemons = []

    def settings(self, row=None, profile=None, callback=True, **more):
        """row: over every network."""
        base = {"callback": f"https://{self.callback}", "retry": "1s", "give_up": "20s", "check": "1h", "timeout": "2s",
                "ue_address": "request", "wait_for_event": False, "renewals": 1}
        web = {"url": self.double.url, "ca_file": self.trust.double["certificate"], "auth": "oauth",
               "token_url": self.double.url + "/token", "client_id": OAUTH[0], "client_secret": OAUTH[1]}
        rows = []
        for name, kind in TYPES.items():
            own = {} if kind == "rx" else dict(web)
            if kind == "rx":
                if not self.pcrf:
                    continue
                own = {"realm": self.pcrf.realm}
            if kind.startswith("camara"):
                own["events_token"] = EVENTS_TOKEN
            if kind == "t8":
                own["as_id"] = "ecs-1"
            if kind == "n5":
                own["scope"] = "npcf-policyauthorization"
            rows.append({**base, "name": name, "type": kind, "notifiers": ["CN=network,O=Example"], **own, **(row or {})})
        found = {"qos": rows, "qos_profiles": [{
            "name": "boost", "camara_profile": "QOS_E", "server": "203.0.113.0/24", "qos_reference": "boost10",
            "application": "ecs.databoost", "down": "10 Mbps", "up": "2 Mbps", "dnn": "internet", "duration": "10m",
            "flows": ["permit out ip from 203.0.113.5 to {ue}", "permit in ip from {ue} to 203.0.113.5"], **(profile or {})}]}
        if callback:
            crt, key = self.trust.listener[:2]
            found["callback"] = {"listen": [self.callback], "certificate": crt, "key": key, "client_ca": self.trust.ca.path}
            found["partners"] = [{"name": "local", "token": "p" * 40}]
        if self.pcrf:
            found["diameter"] = {"host": new_host(), "realm": "test"}
            found["diameter_peers"] = [peer_row(self.pcrf)]
            found["diameter_routes"] = [{"realm": self.pcrf.realm, "peer": peer_row(self.pcrf)["name"]}]
        return harness.merge(found, more)

    def start(self, **change):
        daemon = self.site.daemon(**self.settings(**change))
        self.daemons.append(daemon.start())
        return daemon

    # -- requests --

    def phone(self, address=True):
        """A phone that has told its address (or not)."""
        phone = self.site.phone(self.daemons[0])
        phone.address = socket.inet_ntoa(((10 << 24) + int(phone.line.imsi[-7:])).to_bytes(4, "big"))
        phone.login(**({"ipv4_addr": phone.address} if address else {}))
        return phone

    def sql(self, text, *values):
        return self.site.cluster.sql(text, *values)

    def want(self, phone, name, seconds=0, paid=False, origin="boost", reference=None):
        return self.sql("SELECT qos_request_add(%s, %s, 'boost', %s, %s, %s, %s)", phone.line.imsi, name, seconds, origin,
                        reference or f"r{next(numbers)}", paid)[0][0]

    def row(self, key):
        names = ("state", "handle", "reason", "tries", "renewals", "waits", "ends_at")
        return dict(zip(names, self.sql(f"SELECT {', '.join(names)} FROM qos_request WHERE id = %s", key)[0]))

    def until(self, key, state, seconds=15):
        harness.wait_for(lambda: self.row(key)["state"] == state, seconds,
                         lambda: f"{state}; it is {self.row(key)}; faults {self.double.faults} "
                                 f"{self.pcrf.faults if self.pcrf else ''}\n{self.daemons[0].text()[-2500:]}")
        return self.row(key)

    def release(self, key):
        return self.sql("SELECT qos_release(%s, 'enough')", key)[0][0]

    # -- what the network has --

    def sessions(self, name):
        """id -> what it holds, of one dialect."""
        return {"prov": self.double.assignments, "session": self.double.sessions, "t8": self.double.subscriptions,
                "n5": self.double.contexts, "rx": self.pcrf.sessions if self.pcrf else {}}[name]

    def whose(self, name, phone):
        """Ids of this phone's sessions."""
        number = "+" + phone.line.msisdn
        packed = socket.inet_aton(phone.address)

        def is_mine(held):
            if name == "rx":
                return held.get("Framed-IP-Address") == packed
            return {"prov": lambda: held["device"].get("phoneNumber") == number,
                    "session": lambda: held["device"].get("phoneNumber") == number,
                    "t8": lambda: held.get("ueIpv4Addr") == phone.address,
                    "n5": lambda: held["ascReqData"].get("ueIpv4") == phone.address}[name]()
        return [key for key, held in list(self.sessions(name).items()) if is_mine(held)]

    def one(self, name, phone):
        """The id of the one session that the phone has."""
        found = self.whose(name, phone)
        assert len(found) == 1, f"{len(found)} sessions of one request"
        return found[0]

    def posts(self, name):
        place = {"prov": "/qos-provisioning/v0.2/qos-assignments", "session": "/quality-on-demand/v1/sessions",
                 "t8": "/3gpp-as-session-with-qos/v1/ecs-1/subscriptions", "n5": "/npcf-policyauthorization/v1/app-sessions"}
        if name == "rx":
            return self.pcrf.of(diameter.AAR)
        return [entry for entry in self.double.seen("POST") if entry["path"] == place[name]]

    # -- what the network tells --

    def tell(self, name, key, what):
        """Statuses of the network's messages. what: up, ended (by the network), expired, failed."""
        double = self.double
        if name == "rx":
            if what == "up":
                return self.pcrf.event(key, 8).result[0]
            if what == "failed":
                return self.pcrf.event(key, 9).result[0]
            return self.pcrf.abort(key).result[0]
        if name == "prov":
            notice = double.assignment_event(key, "AVAILABLE" if what == "up" else "UNAVAILABLE",
                                             None if what == "up" else "NETWORK_TERMINATED")
            if what != "up":
                del double.assignments[key]
        elif name == "session":
            notice = double.session_event(key, "AVAILABLE" if what == "up" else "UNAVAILABLE",
                                          {"up": None, "expired": "DURATION_EXPIRED"}.get(what, "NETWORK_TERMINATED"))
        elif name == "t8":
            notice = double.t8_event(key, {"up": "SUCCESSFUL_RESOURCES_ALLOCATION", "failed": "FAILED_RESOURCES_ALLOCATION"}.get(
                what, "SESSION_TERMINATION"))
        elif what in ("up", "failed"):
            notice = double.n5_event(key, {"up": "SUCCESSFUL_RESOURCES_ALLOCATION", "failed": "FAILED_RESOURCES_ALLOCATION"}[what])
        else:
            notice = double.n5_terminate(key)
        return self.send(notice)

    def send(self, notice, issued=None, url=None):
        """The status of a notification that is sent to the callback listener."""
        address, headers, body = notice
        crt, key = (issued or self.trust.network)[:2]
        context = ssl.create_default_context(cafile=self.trust.server.path)
        context.check_hostname = False
        context.load_cert_chain(crt, key)
        parts = urllib.parse.urlsplit(url or address)
        assert parts.netloc == self.callback, address
        connection = http.client.HTTPSConnection(self.callback, context=context, timeout=10)
        try:
            connection.request("POST", parts.path + ("?" + parts.query if parts.query else ""), body, dict(headers))
            reply = connection.getresponse()
            reply.read()
            return reply.status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def own_site(build, settings_for, area):
    """As that of conftest.py, with more lines."""
    where = tempfile.mkdtemp(prefix="q", dir=area)
    os.chmod(where, 0o755)
    made = conftest.Site(build, settings_for, where)
    try:
        made.fill(where, 400)
        yield made
    finally:
        for daemon in made.daemons:
            daemon.kill()
        made.cluster.remove()


@pytest.fixture(scope="module")
def trust(tmp_path_factory, certs):
    return Trust(str(tmp_path_factory.mktemp("qos")), certs)


@pytest.fixture(scope="module")
def server(trust):
    with QosDouble(trust.double["certificate"], trust.double["key"], OAUTH) as made:
        yield made


@pytest.fixture(scope="module")
def policy_server():
    if missing():
        yield None
        return
    with Network() as network:
        yield Pcrf(network, "pcrf.home.test").start()


@pytest.fixture
def world(site, trust, server, policy_server):
    server.reset()
    if policy_server:
        policy_server.clear()
        policy_server.bound, policy_server.fail, policy_server.delay_s, policy_server.silent = None, [], 0, False
        policy_server.sessions.clear(), policy_server.ended.clear()
    made = World(site, trust, server, policy_server)
    yield made
    made.sql("DELETE FROM qos_request")  # it shall not be work for the daemon of the next test
    server.check()
    if policy_server:
        policy_server.check()


# ---- in force, and taken back ----

@pytest.mark.parametrize("name", ALL)
def test_a_request_comes_into_force_and_is_taken_back(world, name):
    world.start()
    phone = world.phone()
    key = world.want(phone, name)
    row = world.until(key, "active")
    handle = world.one(name, phone)
    assert handle in row["handle"] and len(world.posts(name)) == 1
    held = world.sessions(name)[handle]
    if name in ("prov", "session"):
        assert held["device"] == {"phoneNumber": "+" + phone.line.msisdn} and held["qosProfile"] == "QOS_E"
        assert held["sinkCredential"]["accessToken"] == EVENTS_TOKEN
    if name == "session":
        assert held["duration"] == 600 and held["applicationServer"] == {"ipv4Address": "203.0.113.0/24"}
    if name == "t8":
        assert held["qosReference"] == "boost10" and held["dnn"] == "internet"
        assert held["flowInfo"][0]["flowDescriptions"][0] == f"permit out ip from 203.0.113.5 to {phone.address}"
    if name == "n5":
        component, = held["ascReqData"]["medComponents"].values()
        assert (component["marBwDl"], component["marBwUl"], component["medType"]) == ("10 Mbps", "2 Mbps", "DATA")
        assert held["ascReqData"].get("supi", "imsi-" + phone.imsi) == "imsi-" + phone.imsi
    if name == "rx":
        component = held.need("Media-Component-Description")
        rates = [held.get(f"Max-Requested-Bandwidth-{way}", component) for way in ("DL", "UL")]
        assert rates == [10000000, 2000000] and held.get("Media-Type", component) == 2
        assert held.get("AF-Application-Identifier") == b"ecs.databoost" and held.get("Called-Station-Id") == "internet"
    assert world.release(key) == "releasing"
    world.until(key, "ended")
    assert world.whose(name, phone) == []


@pytest.mark.parametrize("name", ALL)
def test_the_same_wish_is_one_session(world, name):
    world.start()
    phone = world.phone()
    first = world.want(phone, name, reference="same")
    assert world.want(phone, name, reference="same") == first
    world.until(first, "active")
    assert world.want(phone, name, reference="same") == first
    time.sleep(1.5)
    world.one(name, phone)
    assert len(world.posts(name)) == 1


# ---- events ----

@pytest.mark.parametrize("name", ALL)
def test_what_the_network_tells_decides(world, name):
    """Taken at first, in force by the event; a duplicate changes nothing; an unknown one is not believed."""
    world.double.immediate = False
    world.start(row={"wait_for_event": True})
    phone = world.phone()
    key = world.want(phone, name)
    world.until(key, "requested")
    handle = world.one(name, phone)
    good = 2001 if name == "rx" else 204
    assert world.tell(name, handle, "up") == good
    world.until(key, "active", 3)
    assert world.tell(name, handle, "up") == good
    assert world.row(key)["state"] == "active"
    if name == "rx":
        assert world.pcrf.event(handle.rsplit(";", 1)[0] + ";1", 8).result[0] == 5002
    else:
        double = world.double
        notice = {"prov": lambda: double.assignment_event(handle, "UNAVAILABLE"),
                  "session": lambda: double.event("quality-on-demand.v1.qos-status-changed", {
                      "sessionId": handle, "qosStatus": "UNAVAILABLE", "statusInfo": "NETWORK_TERMINATED"},
                      double.sessions[handle]),
                  "t8": lambda: double.t8_event(handle, "FAILED_RESOURCES_ALLOCATION"),
                  "n5": lambda: double.n5_event(handle, "FAILED_RESOURCES_ALLOCATION")}[name]()
        other = (notice[0], notice[1], notice[2].replace(handle.encode(), b"0" * len(handle)))
        assert world.send(other) in (204, 404), "another session at our address"
        strange = [part if len(part) < 32 else "0" * len(part) for part in notice[0].split("/")]
        assert world.send(notice, url="/".join(strange)) in (401, 403, 404), "an address that was never given"
        try:
            assert world.send(notice, issued=world.trust.stranger) in (401, 403, 404), "somebody else"
        except ssl.SSLError:
            pass
        if name in ("prov", "session"):
            bare = [pair for pair in notice[1] if pair[0] != "Authorization"]
            assert world.send((notice[0], bare, notice[2])) in (401, 403, 404), "without the token"
    assert world.row(key)["state"] == "active"


@pytest.mark.parametrize("name", FEW)
def test_a_session_that_the_network_ends_is_asked_for_again_but_not_for_ever(world, name):
    world.start()
    phone = world.phone()
    key = world.want(phone, name, paid=True)
    world.until(key, "active")
    first = world.one(name, phone)
    good = 2001 if name == "rx" else 204
    assert world.tell(name, first, "ended") == good
    harness.wait_for(lambda: world.row(key)["renewals"] == 1 and world.row(key)["state"] == "active", 15,
                     lambda: f"it is asked for again: {world.row(key)}")
    second = world.one(name, phone)
    assert second != first
    assert world.tell(name, second, "ended") == good
    world.until(key, "failed")
    harness.wait_for(lambda: world.whose(name, phone) == [], 10, "nothing is left at the network")
    assert world.sql("SELECT count(*) FROM qos_compensation WHERE request = %s", key)[0][0] == 1


@pytest.mark.parametrize("name", ["session"])
def test_the_networks_own_end_is_an_end(world, name):
    """A timed session runs out at the network, at the time that was wanted."""
    world.start()
    phone = world.phone()
    key = world.want(phone, name, seconds=5)
    world.until(key, "active")
    held = world.one(name, phone)
    time.sleep(4.2)
    if held in world.double.sessions:
        assert world.tell(name, held, "expired") == 204
    world.until(key, "ended")
    time.sleep(1)
    assert world.whose(name, phone) == [] and len(world.posts(name)) == 1


@pytest.mark.parametrize("name", FEW)
def test_our_own_timer_ends_it(world, name):
    world.start()
    phone = world.phone()
    key = world.want(phone, name, seconds=3)
    world.until(key, "active")
    world.one(name, phone)
    world.until(key, "ended", 12)
    assert world.whose(name, phone) == []


def test_a_session_that_vanished_without_a_word_is_noticed(world):
    """By the check of the network's state."""
    world.start(row={"check": "1s", "renewals": 1})
    for name in HTTP:
        phone = world.phone()
        key = world.want(phone, name)
        world.until(key, "active")
        first = world.one(name, phone)
        del world.sessions(name)[first]
        harness.wait_for(lambda: world.whose(name, phone) not in ([], [first]), 15,
                         lambda: f"{name}: it is there again: {world.row(key)}")
        world.until(key, "active")


def test_a_state_that_changed_without_a_word_is_noticed(world):
    world.double.immediate = False
    world.start(row={"check": "1s", "wait_for_event": True})
    for name in ("prov", "session"):
        phone = world.phone()
        key = world.want(phone, name)
        world.until(key, "requested")
        world.sessions(name)[world.one(name, phone)]["state"] = "AVAILABLE"
        world.until(key, "active")


# ---- failures ----

@pytest.mark.parametrize("rule", [
    {"status": 503, "headers": {"Retry-After": "2"}}, {"mode": "garbage"}, {"status": 429, "headers": {"Retry-After": "2"}},
    {"status": 500}, {"status": 201, "body": "{not JSON"}, {"status": 504}, {"status": 200, "json": {}}])
@pytest.mark.parametrize("name", ["prov", "n5"])
def test_a_failure_that_passes_is_tried_again(world, name, rule):
    path = {"prov": "/qos-provisioning/v0.2/qos-assignments", "n5": "/npcf-policyauthorization/v1/app-sessions"}[name]
    world.double.rule(method="POST", path=path, times=1, **rule)
    world.start()
    phone = world.phone()
    at = time.monotonic()
    key = world.want(phone, name)
    world.until(key, "active")
    if "headers" in rule:
        assert time.monotonic() - at >= 2
    world.one(name, phone)


@pytest.mark.parametrize("name", HTTP)
def test_a_stale_token_is_fetched_anew_at_once(world, name):
    world.start()
    phone, other = world.phone(), world.phone()
    world.until(world.want(phone, name), "active")
    world.double.tokens.clear()
    forms = len(world.double.token_forms)
    world.until(world.want(other, name), "active")
    assert len(world.double.token_forms) == forms + 1
    assert all(form["grant_type"] == "client_credentials" for form in world.double.token_forms)
    if name == "n5":
        assert world.double.token_forms[-1]["scope"] == "npcf-policyauthorization"


@pytest.mark.parametrize("name", ADDRESSED)
def test_a_device_that_is_not_attached_is_waited_for(world, name):
    """PDU_SESSION_NOT_AVAILABLE, 5065: it works when the device comes with its new address."""
    network = world.pcrf if name == "rx" else world.double
    network.bound = set()
    world.start(row={"retry": "30s", "give_up": "1h"})
    phone = world.phone()
    key = world.want(phone, name)
    harness.wait_for(lambda: world.row(key)["waits"], 10, lambda: f"it waits: {world.row(key)}")
    phone.address = "10.99.0.7"
    network.bound = {phone.address, socket.inet_aton(phone.address)}
    assert phone.query(ipv4_addr=phone.address).status == 200
    world.until(key, "active", 10)
    world.one(name, phone)


@pytest.mark.parametrize("name", ADDRESSED)
def test_without_an_address_nothing_is_asked(world, name):
    world.start(row={"retry": "30s", "give_up": "1h"})
    phone = world.phone(address=False)
    key = world.want(phone, name)
    time.sleep(2.5)
    assert world.posts(name) == [] and world.row(key)["state"] == "wanted"
    assert phone.query(ipv4_addr=phone.address).status == 200
    world.until(key, "active", 10)


REFUSALS = {"prov": [(422, "UNSUPPORTED_IDENTIFIER"), (400, "INVALID_ARGUMENT")],
            "session": [(400, "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE"), (422, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE")],
            "t8": [(400, "MANDATORY_IE_INCORRECT")],
            "n5": [(403, "REQUESTED_SERVICE_NOT_AUTHORIZED"), (400, "INVALID_SERVICE_INFORMATION")]}


@pytest.mark.parametrize("name,status,code", [(name, *row) for name, rows in REFUSALS.items() for row in rows])
def test_a_refusal_is_final_and_a_paid_one_is_compensated(world, name, status, code):
    value = {"status": status, "cause" if name in ("t8", "n5") else "code": code, "message": "no", "detail": "no"}
    place = {"prov": "/qos-provisioning/", "session": "/quality-on-demand/", "t8": "/3gpp-", "n5": "/npcf-"}[name]
    world.double.rule(method="POST", prefix=place, status=status, json=value)
    daemon = world.start()
    phone = world.phone()
    paid, free = world.want(phone, name, paid=True), world.want(world.phone(), name)
    row = world.until(paid, "failed")
    world.until(free, "failed")
    assert row["reason"] and phone.imsi not in row["reason"] and phone.line.msisdn not in row["reason"]
    found = world.sql("SELECT request FROM qos_compensation WHERE request IN (%s, %s)", paid, free)
    assert found == [(paid,)]
    assert phone.ask().status("ap2004") == 1
    text = daemon.text()
    for secret in (phone.imsi, phone.line.msisdn, phone.address, OAUTH[1], EVENTS_TOKEN):
        assert secret not in text


# proves: D-025
def test_without_the_network_answers_go_on_and_an_alarm_is_raised(world):
    """The policy double is down: requests wait and fail, entitlement answers do not notice."""
    dead = f"http://127.0.0.1:{harness.free_port()}"
    rows = [dict(row, give_up="3s", **({} if row["type"] == "rx" else {"url": dead, "auth": "none"}))
            for row in world.settings()["qos"]]
    daemon = world.start(qos=rows)
    phone = world.phone()
    mark = daemon.mark()
    keys = [world.want(phone, name, paid=True) for name in HTTP]
    with harness.Load(lambda _: phone.query().status, 2) as load:
        for key in keys:
            world.until(key, "failed", 30)
    assert set(load.counts) == {200}, load.counts
    assert world.sql("SELECT count(*) FROM qos_compensation")[0][0] == len(keys)
    assert daemon.metric("ecs_qos_failed_total") == len(keys)
    assert len(daemon.events("QOS_ALARM", mark)) >= len(keys)


# ---- nobody knows what became of it ----

@pytest.mark.parametrize("name", HTTP)
def test_an_answer_that_was_lost_does_not_make_two_sessions(world, name):
    world.start()
    phone = world.phone()
    world.double.lose = 1
    key = world.want(phone, name)
    world.until(key, "active", 20)
    world.one(name, phone)
    assert world.release(key) == "releasing"
    world.until(key, "ended")
    assert world.whose(name, phone) == []


@pytest.mark.parametrize("name", ALL)
def test_a_kill_in_the_middle_does_not_make_two_sessions(world, name):
    """SIGKILL while the network works on the call: its session is there, the answer never came."""
    # The lease is a multiple of the timeout. A busy machine may miss that: then there are more attempts, not a failure.
    daemon = world.start(row={"timeout": "700ms", "give_up": "10m"})
    phone = world.phone()
    if name == "rx":
        world.pcrf.silent = True
    else:
        world.double.lose, world.double.lose_mode = 1, "hang"
    key = world.want(phone, name)
    harness.wait_for(lambda: world.whose(name, phone), 10, "the network has it")
    daemon.send(signal.SIGKILL)
    daemon.process.wait(10)
    daemon.process, _ = None, daemon.log_file.close()
    world.double.lose = 0
    if name == "rx":
        world.pcrf.silent = False
    daemon.start()  # the lease of the killed one has to run out first
    world.until(key, "active", 60)
    harness.wait_for(lambda: len(world.whose(name, phone)) == 1, 10, lambda: f"one session: {world.whose(name, phone)}")
    assert world.one(name, phone) in world.row(key)["handle"]


@pytest.mark.parametrize("name", FEW)
def test_open_sessions_survive_a_restart(world, name):
    daemon = world.start()
    phone = world.phone()
    key = world.want(phone, name)
    world.until(key, "active")
    held = world.one(name, phone)
    daemon.stop()
    daemon.start()
    time.sleep(1)
    assert world.one(name, phone) == held and len(world.posts(name)) == 1
    assert world.release(key) == "releasing"
    world.until(key, "ended", 20)
    assert world.whose(name, phone) == []


@pytest.mark.parametrize("name", ["prov", "t8", "n5"])
def test_two_nodes_make_one_session_for_each_request(world, name):
    world.start()
    world.start(callback=False)
    phones = [world.phone() for _ in range(8)]
    keys = [world.want(phone, name) for phone in phones]
    for key in keys:
        world.until(key, "active")
    for phone in phones:
        world.one(name, phone)
    assert len(world.posts(name)) == len(phones)


def test_a_session_that_is_there_already_is_ours(world):
    """409 CONFLICT of CAMARA: what the device has is found and used."""
    world.start()
    phone = world.phone()
    key, _ = world.double.add(world.double.assignments, "assignment", {"device": {"phoneNumber": "+" + phone.line.msisdn},
                                                                       "qosProfile": "QOS_E"})
    request = world.want(phone, "prov")
    row = world.until(request, "active")
    assert row["handle"] == key and world.one("prov", phone) == key


def test_the_pcf_may_name_an_equivalent_context(world):
    """303 See Other."""
    world.double.lose = 1
    world.start()
    phone = world.phone()
    key = world.want(phone, "n5")
    world.until(key, "active", 20)
    assert world.one("n5", phone) in world.row(key)["handle"] and len(world.double.created) == 1


def test_a_gateway_may_take_its_time_to_delete(world):
    world.double.asynchronous = True
    world.start()
    phone = world.phone()
    key = world.want(phone, "prov")
    world.until(key, "active")
    world.release(key)
    world.until(key, "ended", 20)


# ---- Rx ----

needs_pcrf = pytest.mark.skipif(missing() is not None and "CI" not in os.environ, reason=f"package {missing()} is not installed")


@needs_pcrf
def test_rx_waits_as_long_as_the_pcrf_says(world):
    world.pcrf.fail, world.pcrf.retry_interval = [4261], 3
    world.start()
    phone = world.phone()
    at = time.monotonic()
    key = world.want(phone, "rx")
    world.until(key, "active")
    assert time.monotonic() - at >= 3 and len(world.posts("rx")) == 2


@needs_pcrf
def test_rx_ends_a_session_that_is_in_the_way(world):
    """5064: STR for the old one, then once more."""
    world.pcrf.fail = [5064]
    world.start()
    phone = world.phone()
    key = world.want(phone, "rx")
    world.until(key, "active")
    world.one("rx", phone)
    assert len(world.posts("rx")) == 2


@needs_pcrf
@pytest.mark.parametrize("code,final", [(5061, True), (5062, True), (5063, True), (5066, True), (5068, False), (3002, False),
                                        (3004, False), (5012, False)])
def test_rx_codes(world, code, final):
    world.pcrf.fail = [code] if not final else [code] * 20
    world.start()
    phone = world.phone()
    key = world.want(phone, "rx")
    world.until(key, "failed" if final else "active")
    if final:
        assert world.whose("rx", phone) == [] and len(world.posts("rx")) <= 2


@needs_pcrf
def test_rx_takes_less_when_that_is_wanted(world):
    world.pcrf.fail = [5063]
    world.start(row={"accept_less": True})
    phone = world.phone()
    key = world.want(phone, "rx")
    world.until(key, "active")
    held = world.pcrf.sessions[world.one("rx", phone)]
    assert held.get("Max-Requested-Bandwidth-DL", held.need("Media-Component-Description")) == 1000000


@needs_pcrf
def test_an_aborted_rx_session_is_closed_by_an_str(world):
    world.start(row={"renewals": 0})
    phone = world.phone()
    key = world.want(phone, "rx")
    world.until(key, "active")
    held = world.one("rx", phone)
    assert world.pcrf.abort(held).result[0] == 2001
    harness.wait_for(lambda: held in world.pcrf.ended, 10, "an STR")
    world.until(key, "failed")


@needs_pcrf
@pytest.mark.skipif(not wire.find_tshark() and "CI" not in os.environ, reason="tshark is not installed")
def test_another_decoder_understands_every_message_of_rx(world, tmp_path):
    world.start(row={"renewals": 0})
    phone = world.phone()
    world.pcrf.wire.clear()
    key = world.want(phone, "rx")
    world.until(key, "active")
    held = world.one("rx", phone)
    assert world.pcrf.abort(held).result[0] == 2001
    harness.wait_for(lambda: held in world.pcrf.ended, 10, "an STR")
    packets = [row for row in list(world.pcrf.wire) if row[0] == "I"]
    codes = {int.from_bytes(data[5:8], "big") for _, data in packets}
    assert {265, 275, 274} <= codes, codes  # AAR, STR, and our answer to the ASR
    assert wire.complaints(tmp_path / "pcap", packets) == []


@needs_pcrf
def test_rx_comes_back_with_its_pcrf(world, policy_server):
    world.start(row={"give_up": "1h"})
    phone = world.phone()
    policy_server.stop(kill=True)
    try:
        key = world.want(phone, "rx")
        time.sleep(2)
        assert world.row(key)["state"] == "wanted"
    finally:
        policy_server.start()
    world.until(key, "active", 30)
    world.one("rx", phone)


# ---- profiles ----

def test_ctl_compares_the_profiles_with_those_of_the_gateway(world, build):
    daemon = world.start()

    def check():
        return subprocess.run([build.ctl, "-c", daemon.conf_path, "qos", "check"], capture_output=True, text=True,
                              env=harness.environment(), timeout=60)
    good = check()
    rows = {words[0]: words[1:3] for words in map(str.split, good.stdout.splitlines()) if words}
    assert good.returncode == 0 and rows["prov"] == rows["session"] == ["boost", "ok"], good
    del world.double.profiles["QOS_E"]
    try:
        bad = check()
        rows = {words[0]: words[1:3] for words in map(str.split, bad.stdout.splitlines()) if words}
        assert bad.returncode != 0 and rows["prov"] != ["boost", "ok"], bad
    finally:
        world.double.profiles["QOS_E"] = (1, 86400)
