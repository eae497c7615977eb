# SPDX-License-Identifier: Apache-2.0
"""Notifications of SM-DP+ at the callback listener: who may send them, how they are answered, what they change; and the pool of
prepared codes from the operator's side."""
import http.client
import json
import os
import ssl
import threading
import time

import psycopg
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import harness
import portal

PROGRESS, NOTICE = (f"/gsma/rsp2/es2plus/{name}" for name in ("handleDownloadProgressInfo", "handleNotification"))


def progress(iccid, point=4, status="Executed-Success", **change):
    return {"header": {"functionRequesterIdentifier": "1.3.6", "functionCallIdentifier": "n-1"}, "iccid": iccid, "profileType": "watch",
            "timestamp": "2026-03-04T09:15:00Z", "notificationPointId": point, "notificationPointStatus": {"status": status}, **change}


class World:
    """A daemon with a callback listener, two sources, their certificates."""

    def __init__(self, where, make):
        self.ca = portal.Authority(where)
        self.server = portal.Authority(where, "server")
        server = self.server.issue("callback", usage=ExtendedKeyUsageOID.SERVER_AUTH)
        self.address = f"127.0.0.1:{harness.free_port()}"
        self.unix = os.path.join(where, "cb.sock")
        self.smdp, self.partner = self.ca.issue("smdp"), self.ca.issue("portal")
        self.daemon = make(
            callback={"listen": [self.address, self.unix], "certificate": server[0], "key": server[1], "client_ca": self.ca.path},
            partners=[{"name": "shop", "subject": "CN=portal,O=Example"}, {"name": "local", "token": "t" * 40}],
            smdp=[{"name": "main", "type": "static", "address": "smdp.example.com", "protocol": "gsma/rsp/v2.4.0",
                   "notifiers": ["CN=smdp,O=Example"]},
                  {"name": "stock", "type": "pool"}])

    def send(self, body, path=PROGRESS, issued=None, method="POST"):
        """(status, headers, body)"""
        crt, key = (issued or self.smdp)[:2]
        context = ssl.create_default_context(cafile=self.server.path)
        context.check_hostname = False
        context.load_cert_chain(crt, key)
        connection = http.client.HTTPSConnection(self.address, context=context, timeout=20)
        try:
            connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body),
                               {"Content-Type": "application/json", "X-Admin-Protocol": "gsma/rsp/v2.5.0"})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon):
    return World(str(tmp_path_factory.mktemp("smdp")), make_module_daemon)


@pytest.fixture
def profile(subscriber, lines):
    """Function: an eSIM of a fresh line that can be downloaded from "main": its ICCID."""
    def make():
        imsi = subscriber().imsi
        iccid = f"89490{imsi[-14:]}"
        lines.cluster.sql("INSERT INTO profile (imsi, app, iccid, smdp, address, code, status) VALUES (%s, 2006, %s, 'main', "
                          "'smdp.example.com', '\\x00', 1)", imsi, iccid)
        return iccid
    return make


def row(lines, iccid):
    """(installed, deleted, has code, status)"""
    return lines.cluster.sql("SELECT installed_at IS NOT NULL, deleted_at IS NOT NULL, code IS NOT NULL, status FROM profile "
                             "WHERE iccid = %s", iccid)[0]


def test_an_installation_is_noted_and_answered_without_a_body(world, profile, lines):
    iccid, before = profile(), world.daemon.mark()
    for _ in range(2):  # a repeated one is answered in the same way
        status, headers, body = world.send(progress(iccid + "F"))
        assert (status, body) == (204, b"") and headers["X-Admin-Protocol"] == "gsma/rsp/v2.4.0"
        assert headers["Content-Type"] is None
        assert row(lines, iccid) == (True, False, False, 1)
    world.daemon.wait_event("SMDP", before, "point 4 success told by main")
    assert world.daemon.metric("ecs_inbound_events_total") >= 2
    assert iccid not in world.daemon.text(before)


def test_a_deletion_is_noted_and_ends_no_subscription(world, profile, lines):
    iccid = profile()
    assert world.send(progress(iccid))[0] == 204
    at = lines.cluster.sql("SELECT extract(epoch FROM now())::bigint + 5")[0][0]
    assert world.send(progress(iccid, point=5, timestamp=str(at)))[0] == 204
    assert row(lines, iccid) == (True, True, False, 1)


@pytest.mark.parametrize("change", [{"notificationPointId": "4"}, {"timestamp": None, "timeStamp": "1772615700"},
                                    {"resultData": "A" * 40000, "tac": "35290611", "imei": None}])
def test_notifications_as_real_servers_write_them_are_taken(world, profile, lines, change):
    iccid = profile()
    assert world.send(progress(iccid, **change))[0] == 204
    assert row(lines, iccid)[0]


def test_whatever_is_json_is_answered_with_204_and_nothing_else_is(world):
    before = world.daemon.mark()
    assert world.send(progress("8949000000000009999"))[0] == 204  # unknown here
    world.daemon.wait_event("SMDP", before, "not known here")
    for body in ({}, {"header": {}}, progress("12"), progress("8949000000000009999", point=0), {"notificationEvent": 4}):
        assert world.send(body)[0] == 204
        assert world.send(body, NOTICE)[0] == 204
    for body in (b"", b"x", b"[]", b"{", b"\xff"):
        status, headers, body = world.send(body)
        assert (status, json.loads(body)["error"]) == (400, "bad_request") and headers["X-Admin-Protocol"]
    assert world.send(b"{" + b" " * 70000 + b"}")[0] == 413


def test_a_later_notification_counts_when_it_tells_a_progress(world, profile, lines):
    iccid = profile()
    assert world.send(progress(iccid), NOTICE)[0] == 204
    assert row(lines, iccid)[0]


def test_only_the_certificates_of_the_configuration_may_notify(world, profile, lines):
    iccid = profile()
    for issued in (world.partner, world.ca.issue("stranger")):
        status, _, body = world.send(progress(iccid), issued=issued)
        assert (status, json.loads(body)["error"]) == (403, "unknown_partner")
    found = portal.Caller(unix=world.unix, token="t" * 40).call(PROGRESS, progress(iccid))
    assert found[0] == 403
    status, _, body = world.send({"reference": "x"}, "/v1/session")  # and an SM-DP+ is no partner
    assert (status, json.loads(body)["error"]) == (403, "unknown_partner")
    assert not row(lines, iccid)[0]
    assert world.send(progress(iccid), method="PUT")[0] == 405
    assert world.daemon.metric("ecs_inbound_refused_total") >= 3


def test_a_notification_is_answered_behind_a_reload(world, profile, lines):
    iccid, answers = profile(), []
    with psycopg.connect(lines.cluster.conninfo) as holder:
        holder.execute("LOCK TABLE profile IN ACCESS EXCLUSIVE MODE")
        sender = threading.Thread(target=lambda: answers.append(world.send(progress(iccid))))
        sender.start()
        for _ in range(100):
            if lines.cluster.sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'profile'::regclass")[0][0]:
                break
            time.sleep(0.05)
        world.daemon.reload()
    sender.join(20)
    assert answers and answers[0][0] == 204 and answers[0][1]["X-Admin-Protocol"] == "gsma/rsp/v2.4.0"
    assert row(lines, iccid)[0]


def test_an_sm_dp_tells_of_its_own_profiles_only(world, profile, lines):
    theirs, unknown = profile(), profile()
    lines.cluster.sql("UPDATE profile SET smdp = 'stock' WHERE iccid = %s", theirs)
    lines.cluster.sql("UPDATE profile SET smdp = NULL WHERE iccid = %s", unknown)
    before = world.daemon.mark()
    assert world.send(progress(theirs))[0] == 204 and not row(lines, theirs)[0]
    world.daemon.wait_event("JOURNEY_ALARM", before, "main tells of a profile of another source")
    assert world.send(progress(unknown))[0] == 204 and row(lines, unknown)[0]  # of the BSS or of a portal


# ---- the pool ----

# proves: P-067
def test_codes_are_imported_sealed_and_counted(ctl, lines, tmp_path):
    path = str(tmp_path / "codes.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("iccid,code,smdp,profile_type\n"
                   "8949000000000077001,LPA:1$rsp.example.com$SECRET-MATCHING-1,stock,watch\n"
                   "8949000000000077002,1$rsp.example.com$SECRET-MATCHING-2,stock,watch\n"
                   "8949000000000077003,1$rsp.example.com$SECRET-MATCHING-3$$1,stock,watch\n"
                   "8949000000000077004,SECRET-MATCHING-4,stock,watch\n")
    done = ctl("pool", "import", path, check=False)
    assert done.returncode == 1 and "4 lines: 2 accepted, 2 rejected" in done.stdout
    assert "4: code needs a confirmation code" in done.stderr and "5: code is no activation code" in done.stderr
    assert "SECRET" not in done.stderr + done.stdout
    rows = lines.cluster.sql("SELECT address, code_sealed FROM profile_pool WHERE iccid LIKE '894900000000007700%%'")
    assert len(rows) == 2 and all(address == "rsp.example.com" and b"SECRET" not in bytes(code) for address, code in rows)
    found = [r for r in json.loads(ctl("pool", "list", "--json").stdout) if r["smdp"] == "stock"]
    assert found == [{"smdp": "stock", "profile_type": "watch", "free": 2, "taken": 0, "given": 0, "void": 0}]
    assert "PROFILE TYPE" in ctl("pool", "list").stdout
    assert lines.cluster.sql("SELECT count(*) FROM audit WHERE action = 'pool.import'")[0][0] == 1
