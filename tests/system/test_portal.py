# SPDX-License-Identifier: Apache-2.0
"""Pages of the operator or of others (docs/portal-contract.md): the signed hand-over, the partners' calls, the sample
portal."""
import base64
import datetime
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import time

import jwt
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import harness
import portal

TOKEN = "a-bearer-token-of-more-than-32-bytes"
ISSUER, AUDIENCE = "https://aes.example.net", "https://portal.example.net/vowifi"
ACCEPTED = {"terms": "accepted", "terms_version": 3, "address": "available", "address_identifier": "adr-1"}


class World:
    """A daemon with the callback listener, its partners, their certificates."""

    def __init__(self, where, make, lines):
        self.where, self.lines = where, lines
        self.ca, self.foreign = portal.Authority(where), portal.Authority(where, "foreign")
        self.own, self.other = self.ca.issue("portal"), self.ca.issue("other")
        self.server = portal.Authority(where, "server")
        server = self.server.issue("callback", usage=ExtendedKeyUsageOID.SERVER_AUTH)
        signing = portal.Authority(where, "unused").issue("signing")
        self.address = f"127.0.0.1:{harness.free_port()}"
        self.unix = os.path.join(where, "cb.sock")
        policy = os.path.join(where, "policy.d")
        shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
        path = os.path.join(policy, "vowifi.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert 'flow-data: "sid={session}"' in text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace('flow-data: "sid={session}"', 'flow-data: "jwt={jwt}&sid={session}"'))
        self.daemon = make(
            web={"public_url": ISSUER}, policy={"directory": policy},
            callback={"listen": [self.address, self.unix], "certificate": server[0], "key": server[1], "client_ca": self.ca.path,
                      "signing": "es256", "signing_key": signing[1], "signing_kid": "p1"},
            partners=[{"name": "shop", "subject": "CN=portal,O=Example", "brands": ["blue"], "disclose": ["msisdn"]},
                      {"name": "other", "certificate": ":".join(re.findall("..", self.other[2].upper()))},
                      {"name": "local", "token": TOKEN},
                      {"name": "both", "certificate": "0" * 64, "token": TOKEN + "-2"}])

    def caller(self, issued=None, **more):
        crt, key = (issued or self.own)[:2]
        return portal.Caller(self.address, self.server.path, crt, key, **more)

    @property
    def local(self):
        return portal.Caller(unix=self.unix, token=TOKEN)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, lines):
    where = str(tmp_path_factory.mktemp("p"))
    lines.cluster.sql("INSERT INTO brand (brand, name) VALUES ('blue', 'Blue'), ('red', 'Red') ON CONFLICT DO NOTHING")
    return World(where, make_module_daemon, lines)


@pytest.fixture
def flow(world, phone):
    """Function: a phone whose line has neither terms nor address, and its hand-over: (phone, user data)."""
    def make(brand="blue", **columns):
        p = phone(at=world.daemon, brand=brand, services={"vowifi": {"tc_status": 0, "addr_status": 0, "prov_status": 1, **columns}})
        block = p.login()["ap2004"]
        assert block["EntitlementStatus"] == "0"
        return p, portal.user_data(block)
    return make


def told(p):
    block = p.ask()["ap2004"]
    return tuple(int(block[name]) for name in ("EntitlementStatus", "TC_Status", "AddrStatus"))


def audit_of(cluster, partner):
    return cluster.sql("SELECT action, role, subject_masked, detail FROM audit WHERE actor = %s ORDER BY id DESC", f"partner:{partner}")


# ---- signed user data ----

# proves: V-017 V-018
def test_user_data_are_a_signed_opaque_expiring_hand_over(world, flow):
    p, data = flow()
    headers, keys = portal.read_json(f"https://127.0.0.1:{world.daemon.device.port}/web/jwks.json", world.daemon.device.ca)
    assert headers["Content-Type"] == "application/jwk-set+json" and keys["keys"][0]["kid"] == "p1"
    assert "d" not in keys["keys"][0]
    key = jwt.PyJWKSet.from_dict(keys).keys[0].key
    claims = jwt.decode(data["jwt"], key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)
    assert claims["sub"] == data["sid"] and claims["service"] == "vowifi" and claims["brand"] == "blue"
    assert (claims["tnc"], claims["addr"], claims["prov"]) == (0, 0, 1) and claims["lang"]
    assert abs(claims["iat"] - time.time()) < 30 and claims["exp"] > claims["iat"]
    text = json.dumps(claims) + json.dumps(jwt.get_unverified_header(data["jwt"]))
    for secret in (p.imsi, p.line.msisdn, p.terminal_id):
        assert secret not in text and secret not in base64.b32decode(data["sid"].upper() + "=" * (-len(data["sid"]) % 8)).hex()
    again = portal.user_data(p.ask()["ap2004"])
    assert jwt.decode(again["jwt"], options={"verify_signature": False})["jti"] != claims["jti"]


def test_a_shared_secret_signs_instead_of_a_key(make_daemon, phone, world, tmp_path):
    secret = "a shared secret of more than thirty-two bytes"
    daemon = make_daemon(web={"public_url": ISSUER}, policy={"directory": os.path.join(world.where, "policy.d")},
                         callback={"signing": "hs256", "signing_secret": secret, "audience": "me", "issuer": "us"})
    p = phone(at=daemon, services={"vowifi": {"tc_status": 0}})
    data = portal.user_data(p.login()["ap2004"])
    assert jwt.decode(data["jwt"], secret, algorithms=["HS256"], audience="me", issuer="us")["tnc"] == 0
    reply = daemon.device.request("GET", "/web/jwks.json")
    assert b"keys" not in reply.body  # a secret is not published


# ---- who may call ----

def test_a_partner_is_known_by_subject_fingerprint_or_token(world, flow):
    _, data = flow()
    assert world.caller().session(data["sid"])[0] == 200
    assert world.caller(world.other).session(data["sid"])[0] == 200
    assert world.local.session(data["sid"])[0] == 200


def test_no_foreign_and_no_dead_certificate_gets_past_the_handshake(world, flow):
    _, data = flow()
    dead = world.ca.issue("portal-dead", days=1, begin=-5)
    early = world.ca.issue("portal-early", begin=5)
    server = world.ca.issue("portal-server", usage=ExtendedKeyUsageOID.SERVER_AUTH)
    for issued in (world.foreign.issue("portal"), dead, early, server):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            world.caller(issued).session(data["sid"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        portal.Caller(world.address, world.server.path).session(data["sid"])
    assert world.caller().session(data["sid"])[0] == 200


def test_the_older_protocol_asks_for_certificates_too(world, flow):
    _, data = flow()
    caller = world.caller()
    caller.context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert caller.session(data["sid"])[0] == 200
    for other in (portal.Caller(world.address, world.server.path), world.caller(world.foreign.issue("portal"))):
        other.context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            other.session(data["sid"])


def test_a_connection_is_kept_and_still_known(world, flow):
    _, data = flow()
    caller = world.caller()
    connection = http.client.HTTPSConnection(world.address, context=caller.context, timeout=20)
    for _ in range(3):
        connection.request("POST", "/v1/session", json.dumps({"reference": data["sid"]}))
        reply = connection.getresponse()
        assert reply.status == 200 and json.loads(reply.read())["service"] == "vowifi"
    connection.close()


def test_a_certificate_of_no_partner_is_403(world, flow):
    p, data = flow()
    stranger = world.ca.issue("stranger")
    before = world.daemon.mark()
    for caller in (world.caller(stranger), world.caller(stranger, token=TOKEN + "-2")):
        status, found = caller.report(data["sid"], "e", **ACCEPTED)
        assert (status, found["error"]) == (403, "unknown_partner")
    assert told(p) == (0, 0, 0)
    world.daemon.wait_event("PORTAL", before, "unknown_partner")


def test_the_socket_needs_a_token(world, flow):
    _, data = flow()
    caller = portal.Caller(unix=world.unix)
    status, found = caller.session(data["sid"])
    assert (status, found["error"]) == (401, "credential_needed") and caller.headers["WWW-Authenticate"] == "Bearer"
    for token in ("wrong", TOKEN[:-1], TOKEN + "-2"):
        assert portal.Caller(unix=world.unix, token=token).session(data["sid"])[0] == 403


# ---- session ----

# proves: V-017
def test_a_reference_tells_the_partner_what_is_missing(world, flow):
    p, data = flow(tc_status=1, tc_version=1)
    status, found = world.caller().session(data["sid"])
    assert status == 200
    assert found["service"] == "vowifi" and found["brand"] == "blue" and found["available"] is True
    assert found["states"]["terms"] == "accepted" and found["states"]["address"] == "missing"
    assert found["states"]["provisioning"] == "provisioned"
    assert found["msisdn"] == p.line.msisdn and "imsi" not in found  # disclose: [msisdn]
    assert "msisdn" not in world.local.session(data["sid"])[1]
    assert datetime.datetime.fromisoformat(found["expires_at"].replace("Z", "+00:00")).timestamp() > time.time()


# proves: V-018
def test_a_forged_reference_is_refused(world, flow):
    _, data = flow()
    sid = data["sid"]
    for at in range(0, len(sid), 11):
        forged = sid[:at] + ("a" if sid[at] != "a" else "b") + sid[at + 1:]
        for status, found in (world.caller().session(forged), world.caller().report(forged, f"f{at}", **ACCEPTED)):
            assert (status, found["error"]) == (404, "reference_unknown"), at
    for forged in ("x", "a" * 400, sid + sid, sid.upper()):
        assert world.caller().session(forged)[0] == 404
    assert world.caller().session(sid)[0] == 200


def test_a_reference_ends(make_daemon, phone, world, clock):
    unix = os.path.join(world.where, "late.sock")
    daemon = make_daemon(env=clock.env, callback={"listen": [unix]}, partners=[{"name": "local", "token": TOKEN}])
    p = phone(at=daemon, services={"vowifi": {"tc_status": 0}})
    data = portal.user_data(p.login()["ap2004"])
    caller = portal.Caller(unix=unix, token=TOKEN)
    assert caller.session(data["sid"])[0] == 200
    event = "in-time-" + p.imsi[-6:]
    in_time = caller.report(data["sid"], event, "open", terms="accepted", terms_version=1)
    assert in_time[0] == 200
    clock.set(20 * 86400)
    assert caller.report(data["sid"], event, "open", terms="accepted", terms_version=1) == in_time  # its answer was lost
    assert caller.report(data["sid"], event, "open", terms="accepted", terms_version=2)[0] == 410
    for status, found in (caller.session(data["sid"]), caller.report(data["sid"], "late", **ACCEPTED)):
        assert (status, found["error"]) == (410, "reference_expired")


def test_a_partner_serves_its_brands_only(world, flow):
    p, data = flow(brand="red")
    for status, found in (world.caller().session(data["sid"]), world.caller().report(data["sid"], "b", **ACCEPTED)):
        assert (status, found["error"]) == (403, "brand_forbidden")
    assert told(p) == (0, 0, 0)
    action, role, subject, detail = audit_of(world.lines.cluster, "shop")[0]
    assert (action, role, detail) == ("portal.report", "portal", {"refused": "brand_forbidden"})
    assert subject.endswith(p.imsi[-3:]) and p.imsi not in subject
    assert world.caller(world.other).session(data["sid"])[0] == 200


def test_a_subscriber_who_has_gone_is_404(world, flow):
    p, data = flow()
    world.lines.cluster.sql("DELETE FROM subscriber WHERE imsi = %s", p.imsi)
    for status, found in (world.local.session(data["sid"]), world.local.report(data["sid"], "g", **ACCEPTED)):
        assert (status, found["error"]) == (404, "subscriber_gone")


# ---- report ----

# proves: X-051
def test_a_report_shows_in_the_very_next_request(world, flow):
    p, data = flow()
    expiry = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    status, found = world.caller().report(data["sid"], "e-1-" + p.imsi[-6:], address_expiry=expiry, **ACCEPTED)
    assert status == 200 and found["outcome"] == "changed" and found["revision"] > 0
    assert told(p) == (1, 1, 1)
    block = p.ask()["ap2004"]
    assert block["AddrExpiry"] == expiry and block["AddrIdentifier"] == "adr-1"
    row = world.lines.cluster.sql("SELECT tc_version, tc_at IS NOT NULL, flow_closed_at IS NOT NULL FROM line_service "
                                  "WHERE imsi = %s AND service = 'vowifi'", p.imsi)[0]
    assert row == (3, True, True)
    action, role, subject, detail = audit_of(world.lines.cluster, "shop")[0]
    assert (action, role, detail["terms"], detail["outcome"]) == ("portal.report", "portal", "accepted", "changed")
    assert p.imsi not in subject + json.dumps(detail) and "adr-1" not in json.dumps(detail)


def test_a_repeated_report_is_answered_as_the_first_time(world, flow):
    p, data = flow()
    event = "again-" + p.imsi[-6:]
    first = world.caller().report(data["sid"], event, **ACCEPTED)
    rows = len(audit_of(world.lines.cluster, "shop"))
    p.line.service("vowifi", tc_status=0)
    mixed = json.dumps({**ACCEPTED, "outcome": "changed", "event_id": event, "reference": data["sid"]}, indent=3).encode()
    for again in (world.caller().report(data["sid"], event, **ACCEPTED), world.caller().call("/v1/report", mixed)):
        assert again == first
    assert told(p)[1] == 0  # nothing was written again
    assert len(audit_of(world.lines.cluster, "shop")) == rows + 2
    status, found = world.caller().report(data["sid"], event, terms="missing")
    assert (status, found["error"]) == (409, "event_id_reused")
    assert world.local.report(data["sid"], event, **ACCEPTED)[0] == 403  # another partner's number is another event


def test_after_the_end_of_a_flow_nothing_is_taken(world, flow):
    p, data = flow()
    assert world.caller().report(data["sid"], "c1-" + p.imsi[-6:], **ACCEPTED)[0] == 200
    p.line.service("vowifi", tc_status=0)
    for status, found in (world.caller().report(data["sid"], "c2-" + p.imsi[-6:], **ACCEPTED), world.caller().session(data["sid"])):
        assert (status, found["error"]) == (409, "flow_closed")
    assert told(p)[1] == 0


def test_intermediate_reports_leave_the_flow_open(world, flow):
    p, data = flow()
    mark = p.imsi[-6:]
    assert world.caller().report(data["sid"], "o1-" + mark, "open", terms="accepted", terms_version=2)[0] == 200
    assert told(p) == (0, 1, 0)
    assert world.caller().session(data["sid"])[1]["states"]["terms"] == "accepted"
    assert world.caller().report(data["sid"], "o2-" + mark, "open", address="in-progress")[0] == 200
    assert told(p)[2] == 3
    assert world.caller(world.other).session(data["sid"])[1]["error"] == "other_partner"
    assert world.caller(world.other).report(data["sid"], "o3-" + mark, **ACCEPTED)[1]["error"] == "other_partner"
    assert world.caller().report(data["sid"], "o4-" + mark, **ACCEPTED)[0] == 200
    assert told(p) == (1, 1, 1)


# proves: V-021
def test_a_dismissed_flow_changes_nothing(world, flow):
    p, data = flow()
    before = p.ask()["ap2004"]
    row = world.lines.cluster.sql("SELECT * FROM line_service WHERE imsi = %s AND service = 'vowifi'", p.imsi)
    assert world.caller().report(data["sid"], "d-" + p.imsi[-6:], "dismissed") == (
        200, {"event_id": "d-" + p.imsi[-6:], "outcome": "dismissed", "revision": 0})
    after = p.ask()["ap2004"]
    for block in (before, after):
        block.pop("ServiceFlow_UserData")
    assert before == after
    assert world.lines.cluster.sql("SELECT * FROM line_service WHERE imsi = %s AND service = 'vowifi'", p.imsi) == row
    assert world.caller().report(data["sid"], "d2-" + p.imsi[-6:], "dismissed", terms="missing")[1]["field"] == "outcome"


def test_a_reference_touches_its_own_subscriber_only(world, flow):
    (first, data), (second, _) = flow(), flow()
    assert world.caller().report(data["sid"], "own-" + first.imsi[-6:], **ACCEPTED)[0] == 200
    assert told(first) == (1, 1, 1) and told(second) == (0, 0, 0)
    status, found = world.caller().call("/v1/report", {"reference": data["sid"], "event_id": "x", "outcome": "changed",
                                                       "imsi": second.imsi})
    assert (status, found["field"]) == (400, "imsi")  # whom a report is about, only the reference says


def test_parallel_reports_on_one_hand_over_end_it_once(world, flow):
    p, data = flow()
    results = []

    def work(number):
        results.append(world.caller().report(data["sid"], f"par-{p.imsi[-6:]}-{number}", terms="accepted", terms_version=number)[0])
        return "done"

    with harness.Load(lambda n: work(n + 1) if len(results) < 40 else time.sleep(0.01), threads=4):
        harness.wait_for(lambda: len(results) >= 40, 20, "calls")
    assert sorted(set(results)) == [200, 409]
    assert world.lines.cluster.one("SELECT count(*) FROM portal_event WHERE event_id LIKE %s AND outcome = 'changed'",
                                   f"par-{p.imsi[-6:]}-%") == 1


@pytest.mark.parametrize("change,field", [
    ({"event_id": None}, "event_id"), ({"event_id": ""}, "event_id"), ({"event_id": "x" * 129}, "event_id"),
    ({"outcome": None}, "outcome"), ({"outcome": "done"}, "outcome"), ({"terms": "yes"}, "terms"), ({"terms": "accepted"}, "terms_version"),
    ({"terms_version": -1}, "terms_version"), ({"address": 1}, "address"), ({"address_expiry": "tomorrow"}, "address_expiry"),
    ({"address_expiry": "2020-01-01T00:00:00Z"}, "address_expiry"), ({"address_identifier": "x" * 257}, "address_identifier"),
    ({"provisioning": "maybe"}, "provisioning"), ({"more": 1}, "more"), ({"reference": None}, "reference")],
    ids=lambda v: str(v)[:24])
def test_a_wrong_member_is_named(world, flow, change, field):
    p, data = flow()
    body = {"reference": data["sid"], "event_id": "w", "outcome": "changed", **change}
    status, found = world.local.call("/v1/report", {k: v for k, v in body.items() if v is not None})
    assert (status, found["error"], found.get("field")) == (400, "bad_request", field), found
    assert told(p) == (0, 0, 0)


def test_what_is_no_report_is_refused(world):
    for body in (b"", b"[]", b"{", b"\xff", b'{"reference":"a","reference":"b"}', b"{" * 5000):
        assert world.local.call("/v1/session", body)[0] == 400
    assert world.local.call("/v1/other", {})[1]["error"] == "no_such_path"
    assert world.local.call("/v1/session", b"", "GET")[1]["error"] == "method_not_allowed"


def test_a_partner_that_calls_too_often_waits(make_daemon, world, phone):
    unix = os.path.join(world.where, "busy.sock")
    make_daemon(callback={"listen": [unix], "per_minute": 60, "burst": 3}, partners=[{"name": "local", "token": TOKEN}])
    caller = portal.Caller(unix=unix, token=TOKEN)
    assert [caller.session("x")[0] for _ in range(4)] == [404, 404, 404, 429]
    assert int(caller.headers["Retry-After"]) >= 1


def test_reload_takes_partners_in_and_out(make_daemon, world, flow):
    unix = os.path.join(world.where, "reload.sock")
    daemon = make_daemon(callback={"listen": [unix]}, partners=[{"name": "one", "token": TOKEN}])
    two = TOKEN + "-new"
    assert portal.Caller(unix=unix, token=two).session("x")[0] == 403
    daemon.settings["partners"] = [{"name": "two", "token": two}]
    daemon.write()
    daemon.reload()
    assert portal.Caller(unix=unix, token=two).session("x")[0] == 404
    assert portal.Caller(unix=unix, token=TOKEN).session("x")[0] == 403


@pytest.mark.parametrize("sections,words", [
    ({"callback": {"listen": ["127.0.0.1:1"]}, "partners": [{"name": "a", "token": TOKEN}]}, "needs certificate and client_ca"),
    ({"callback": {"listen": ["@x"]}}, "partners is empty"),
    ({"partners": [{"name": "a"}]}, "needs certificate, subject or token"),
    ({"partners": [{"name": "a", "token": "short"}]}, "at least 32 bytes"),
    ({"partners": [{"name": "a", "certificate": "00"}]}, "64 hexadecimal digits"),
    ({"partners": [{"name": "a", "token": TOKEN}, {"name": "a", "token": TOKEN}]}, "stands twice"),
    ({"partners": [{"name": "a", "token": TOKEN, "services": ["fax"]}]}, "is not known"),
    ({"callback": {"signing": "es256"}}, "needs signing_key"), ({"callback": {"signing": "hs256", "signing_secret": "x"}}, "at least 32")])
def test_faults_of_the_configuration_are_told(build, make_daemon, sections, words):
    daemon = make_daemon(start=False, **sections)
    done = subprocess.run([build.daemon, "--check=files", "-c", daemon.conf_path], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert done.returncode != 0 and words in done.stderr + done.stdout, done


# ---- the sample portal ----

@pytest.fixture
def shop(world):
    made = []

    def start(issued=None):
        crt, key = (issued or world.own)[:2]
        made.append(portal.SamplePortal(callback=world.address, callback_ca=world.server.path, certificate=crt, key=key,
                                        jwks=f"https://127.0.0.1:{world.daemon.device.port}/web/jwks.json",
                                        jwks_ca=world.daemon.device.ca, issuer=ISSUER, audience=AUDIENCE, terms_version=3))
        return made[-1]
    yield start
    for one in made:
        one.stop()


def handed(p):
    return p.ask()["ap2004"]["ServiceFlow_UserData"]


# proves: V-017 V-020 X-042
@pytest.mark.parametrize("post", [True, False])
def test_a_user_accepts_on_the_operators_page(world, flow, shop, post):
    p, _ = flow()
    one = shop()
    status, page = one.open(handed(p), post)
    assert status == 200 and "Emergency address" in page
    assert one.request("/submit", "handle=forged&action=accept")[0] == 403
    status, end = one.submit(page, address="1 Main Street")
    assert status == 200 and "entitlementChanged()" in end
    assert told(p) == (1, 1, 1)


# proves: V-021
def test_a_user_declines_on_the_operators_page(flow, shop):
    p, _ = flow()
    one = shop()
    status, end = one.submit(one.open(handed(p))[1], "decline")
    assert status == 200 and "dismissFlow()" in end and "entitlementChanged" not in end
    assert told(p) == (0, 0, 0)


def test_the_page_refuses_forged_used_and_foreign_hand_overs(world, flow, shop):
    p, _ = flow()
    one, data = shop(), handed(p)
    head, payload, signature = portal.user_data({"ServiceFlow_UserData": data})["jwt"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["tnc"] = 1
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert one.open(f"jwt={head}.{forged}.{signature}")[0] == 403
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    assert one.open(f"jwt={none}.{forged}.")[0] == 403
    assert one.open(data)[0] == 200
    assert one.open(data)[0] == 403  # stolen or repeated
    q, _ = flow(brand="red")
    status, page = one.open(handed(q))
    assert status == 403 and "brand_forbidden" in page


def test_a_page_without_its_certificate_gets_nothing(world, flow, shop):
    p, _ = flow()
    status, page = shop(world.foreign.issue("portal")).open(handed(p))
    assert status == 502 and p.line.msisdn not in page
    assert told(p) == (0, 0, 0)


def test_former_keys_stay_published_when_the_key_changes(make_daemon, phone, world, tmp_path):
    old, new = (portal.Authority(str(tmp_path), name).issue("signing")[1] for name in ("one", "two"))
    daemon = make_daemon(web={"public_url": ISSUER}, policy={"directory": os.path.join(world.where, "policy.d")},
                         callback={"signing": "es256", "signing_key": old, "signing_kid": "k1"})
    p = phone(at=daemon, services={"vowifi": {"tc_status": 0}})
    first = portal.user_data(p.login()["ap2004"])["jwt"]
    daemon.write(callback={"signing_key": new, "signing_kid": "k2", "published_keys": [f"k1={old}"]})
    daemon.reload()
    second = portal.user_data(p.ask()["ap2004"])["jwt"]
    _, keys = portal.read_json(f"https://127.0.0.1:{daemon.device.port}/web/jwks.json", daemon.device.ca)
    found = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(keys).keys}
    assert list(found) == ["k2", "k1"]
    for token, kid in ((first, "k1"), (second, "k2")):
        assert jwt.get_unverified_header(token)["kid"] == kid
        assert jwt.decode(token, found[kid], algorithms=["ES256"], audience=AUDIENCE)["service"] == "vowifi"
    daemon.write(callback={"published_keys": ["k1=/nowhere"]})
    daemon.reload(good=False)
