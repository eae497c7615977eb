# SPDX-License-Identifier: Apache-2.0
"""Every refusal: its status, its headers, and what is not in it."""
import base64
import re
import time

import pytest

import client
import harness
from client import ACCEPT_JSON, ACCEPT_XML, JSON, RELAY, response

ALL = ["ap2003", "ap2004", "ap2005"]


def check_refusal(reply, status):
    assert reply.status == status, reply
    assert b"wap-provisioningdoc" not in reply.body and b"Vers" not in reply.body
    assert len(reply.body) < 500
    retry = reply.header("Retry-After")
    if status == 503:
        assert re.fullmatch("[1-9][0-9]{0,3}", retry)
    else:
        assert retry is None
    assert reply.header("Set-Cookie") is None and reply.header("Location") is None


# proves: P-060 X-044 X-043 P-058
@pytest.mark.parametrize("accept", [ACCEPT_XML, ACCEPT_JSON, None])
def test_each_status_has_its_cause(phone, accept):
    p = phone()
    p.accept = accept
    good = p.json_parameters(EAP_ID=p.eap_id)
    check_refusal(p.get(p.parameters([], EAP_ID=p.eap_id)), 400)
    check_refusal(p.get(p.parameters(EAP_ID="026201@x")), 400 if "@" not in p.eap_id else p.get(p.parameters(
        EAP_ID="026201@x")).status)
    check_refusal(p.get(p.parameters(EAP_ID=p.eap_id.replace("mcc001", "mcc262"))), 403)
    check_refusal(p.target.request("DELETE", "/"), 405)
    check_refusal(p.post(b"{" + b" " * 70000), 413)
    check_refusal(p.post(good, content_type="text/plain"), 415)
    check_refusal(p.query(token="x"), 511)
    check_refusal(p.get(p.parameters()), 511)
    check_refusal(p.relay(client.Exchange(p.get(p.parameters(EAP_ID=p.eap_id))), response(1, 2), [("Cookie", "ecsid=x")]), 503)


def test_a_target_that_is_too_long_is_414(daemon):
    assert daemon.device.request("GET", "/?" + "a" * 40000).status == 414


@pytest.mark.parametrize("count,size", [(22, 1000), (1, 22000), (1500, 8)])
def test_headers_that_are_too_large_are_431(daemon, count, size):
    # Not much over the limit: the server closes behind its answer, and what it has not read by then would lose us the answer.
    headers = [(f"X-{i}", "b" * size) for i in range(count)]
    assert daemon.device.request("GET", "/?app=ap2004", headers).status == 431


# proves: P-064
@pytest.mark.parametrize("length,more", [(100_000_000, ""), (9_000_000_000, ""), (100_000, "Expect: 100-continue\r\n")])
def test_a_body_that_is_absurd_is_413_before_it_is_sent(daemon, length, more):
    with client.Connection(daemon.device, timeout=5) as connection:
        connection.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\n{more}Content-Length: {length}\r\n\r\n".encode())
        check_refusal(connection.reply(), 413)


# proves: P-064
@pytest.mark.parametrize("length", [70_000, 2_000_000, 10_000_000])
def test_a_body_that_is_too_large_is_413_when_it_was_sent(daemon, length):
    reply = daemon.device.request("POST", "/", [("Content-Type", JSON)], b" " * length)
    check_refusal(reply, 413)


# proves: P-064
def test_a_chunked_body_that_grows_too_large_is_413(daemon):
    with client.Connection(daemon.device) as connection:
        connection.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(9):  # 72 kB, then the end: a client that reads only then gets the answer too
            connection.send(b"2000\r\n" + b" " * 8192 + b"\r\n")
        connection.send(b"0\r\n\r\n")
        check_refusal(connection.reply(), 413)


# proves: P-064
def test_ten_megabytes_do_no_harm(daemon):
    with client.Connection(daemon.device) as connection:
        connection.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(160):
                connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
            connection.send(b"0\r\n\r\n")
            assert connection.reply().status == 413
        except OSError:
            pass  # the connection was closed while we wrote
    assert daemon.device.request("GET", "/").status == 400


def test_what_is_not_there_is_404(make_daemon):
    daemon = make_daemon(device={"path": "/ts43"})
    assert daemon.device.request("GET", "/other").status == 404
    assert daemon.device.request("GET", "/ts43").status == 400


# proves: P-056 P-059 X-044
def test_without_database_all_is_503_and_comes_back(site):
    daemon = site.daemon().start()
    p = site.phone(daemon)
    p.login(ALL)
    exchange = p.challenge()
    before = daemon.mark()
    site.cluster.stop()
    for _ in range(2):
        check_refusal(p.query(ALL), 503)
        check_refusal(p.get(p.parameters(EAP_ID=p.eap_id)), 503)
        check_refusal(p.relay(exchange, p.solve(exchange.packet)), 503)
        p.usim.sqn = 0
    check_refusal(p.get(p.parameters()), 511)  # what needs no database is answered as ever
    check_refusal(p.query(token="wrong"), 511)
    check_refusal(p.get([]), 400)
    daemon.wait_event("DB_DOWN", before)
    site.cluster.start()
    # Each worker comes back by itself: two with two connections each.
    harness.wait_for(lambda: daemon.metric("ecs_db_connections") >= 4 and p.query(ALL).status == 200, 15,
                     "the daemon finds its database again", 0.1)
    assert p.login(ALL).status("ap2004") == 1
    daemon.wait_event("DB_UP", before)


# proves: P-056
def test_a_start_without_database_waits_for_it(site):
    site.cluster.stop()
    daemon = site.daemon()
    daemon.start(ready=False)
    daemon.wait_event("START")
    p = site_phone_without_sql(site, daemon)
    check_refusal(p.get(p.parameters(EAP_ID=p.eap_id)), 503)
    site.cluster.start()
    harness.wait_for(lambda: p.get(p.parameters(EAP_ID=p.eap_id)).status == 200, 15, "challenges", 0.1)


def site_phone_without_sql(site, daemon):
    imsi = site.lines.imsis[-1]
    return client.Phone(daemon.device, imsi, *harness.card_keys(imsi), site.lines.imei())


# proves: P-056 P-059
def test_a_database_that_hangs_is_503_in_time(site):
    daemon = site.daemon(database={"statement_timeout": "1s"}).start()
    p = site.phone(daemon)
    p.login()
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("LOCK TABLE subscriber IN ACCESS EXCLUSIVE MODE")
        start = time.monotonic()
        check_refusal(p.query(), 503)
        assert time.monotonic() - start < 8
        holder.rollback()
    assert p.query().status == 200


# proves: P-057
def test_a_broken_table_tells_no_details(site):
    daemon = site.daemon().start()
    p = site.phone(daemon)
    p.login()
    site.cluster.sql("ALTER TABLE line_service RENAME TO line_service_gone")
    try:
        reply = p.query()
        assert reply.status == 500
        for word in (b"line_service", b"SELECT", b"relation", p.imsi.encode()):
            assert word not in reply.body
        daemon.wait_event("DB_ERROR", text="42P01")
    finally:
        site.cluster.sql("ALTER TABLE line_service_gone RENAME TO line_service")
    harness.wait_for(lambda: p.query().status == 200, 10, "answers again", 0.1)


def test_keys_that_cannot_be_opened_are_a_fault_of_the_server_not_of_the_phone(site, area):
    ring = area + "/other-subscriber.keys"
    harness.write_ring(ring, {7: bytes(range(32))})
    daemon = site.daemon(auth={"subscriber_keys": ring}).start()
    p = site.phone(daemon)
    reply = p.get(p.parameters(EAP_ID=p.eap_id))
    assert reply.status in (500, 503), "403 would lock phones out for a wrong key ring"


# proves: P-067 E-025
def test_logs_hold_no_identity_and_no_secret(phone, make_daemon):
    daemon = make_daemon(server={"log_level": "debug"})
    p, other = phone(at=daemon), phone(at=daemon, sqn=900 << 5)
    secrets = {p.imsi, p.line.msisdn, p.terminal_id, other.imsi, other.line.msisdn, other.terminal_id}
    # a good exchange
    exchange = p.challenge(ALL, IMSI=other.imsi, msisdn=p.line.msisdn, app_name="vendor.app", notif_token="secret-notif-token",
                           notif_action="2")
    right = p.solve(exchange.packet)
    document = p.relay(exchange, right).document()
    p.token = document.token_text
    secrets |= {p.token, exchange.cookie.split("=")[1], "secret-notif-token", base64.b64encode(right).decode(),
                document["ap2004"]["ServiceFlow_UserData"].split("sid=")[1].split("&")[0]}
    # wrong ones, and a resynchronisation
    for change in ({"res": bytes(8)}, {"key": bytes(16)}):
        exchange = p.challenge()
        p.relay(exchange, p.solve(exchange.packet, **change))
    exchange = other.challenge()
    auts = other.usim.authenticate(exchange.packet.rand, exchange.packet.autn)[1]
    other.relay(exchange, response(exchange.packet.identifier, 4, bytes([4, 4]) + auts))
    other.relay(exchange, b"\x02\x01\x00\x05\x17")
    # refusals with identities at every place
    secrets |= {"001015555555555", "356938035643809", "secret-token-9876543210"}
    for extra in ({"token": "secret-token-9876543210"}, {"token": p.token, "IMSI": "001015555555555"},
                  {"token": p.token, "terminal_id": "356938035643809"}, {"EAP_ID": "0001015555555555@wrong.realm"},
                  {"EAP_ID": "0001015555555555@nai.epc.mnc001.mcc001.3gppnetwork.org"}, {"entitlement_version": p.imsi},
                  {"vers": p.imsi}, {"notif_action": "secret-token-9876543210", "notif_token": "t"},
                  {"app": ["ap2004"], "IMSI": p.imsi + "12345678901234"}):
        p.get(p.parameters(**extra))
    p.get(p.parameters() + [("terminal_id", "356938035643809")])
    p.post(dict(p.json_parameters(token=p.token), terminal_id=[p.terminal_id]))
    p.get(p.parameters(token=p.token), path=f"/{p.imsi}")
    p.line.set(line_state="barred")
    p.query(ALL)
    p.line.revoke()
    p.query(ALL)
    p.post(b'{"token":"secret-token-9876543210", "EAP_ID":')
    # K, OPc and what comes from them
    result = client.Usim(p.line.ki, p.line.opc).authenticate(*[client.Packet(client.Exchange(p.get(p.parameters(
        EAP_ID=p.eap_id))).packet.data).__getattribute__(n) for n in ("rand", "autn")])
    keys = [p.line.ki, p.line.opc, *result[1:]]
    for key in keys:
        secrets |= {key.hex(), base64.b64encode(key).decode()}
    time.sleep(0.3)
    text = daemon.text()
    assert len(daemon.events("REQUEST")) > 15 and daemon.events("DECISION")
    lower = text.lower()
    found = sorted(secret for secret in secrets if secret.lower() in lower)
    rows = [row for row in text.splitlines() for secret in found if secret.lower() in row.lower()]
    assert not found, "\n".join(rows)
    metrics = daemon.metrics_text().lower()
    assert not [secret for secret in secrets if secret.lower() in metrics]


# proves: P-067
def test_log_lines_are_masked_and_can_be_followed(phone, daemon):
    before = daemon.mark()
    p = phone()
    p.login(ALL)
    rows = harness.wait_for(lambda: [e for e in daemon.events("REQUEST", before) if "imsi" in e and "*" in e["imsi"]], 5, "lines")
    assert rows[0]["imsi"][:5] == "00101" and rows[0]["imsi"] != p.imsi
    assert rows[0]["tac"] == p.terminal_id[:8]
    assert rows[0]["apps"] == "ap2003 ap2004 ap2005"
    assert re.fullmatch("[0-9a-f]{16}", rows[0]["request_id"])
    assert len({row["request_id"] for row in rows}) == len(rows)


def test_log_level_debug_shows_the_steps_of_a_request(phone, make_daemon):
    # server.log_level, help: "debug shows flow steps; identities stay masked"
    daemon = make_daemon(server={"log_level": "debug"})
    phone(at=daemon).login()
    assert daemon.events("FLOW"), "no line of event FLOW, although log_level is debug"


def test_answers_to_nonsense_are_quick_and_bounded(daemon):
    start = time.monotonic()
    for i in range(30):
        daemon.device.request("GET", f"/{'../' * i}?{'&' * i}={'%' * i}&app=%{i}")
        daemon.device.request("POST", "/", [("Content-Type", RELAY), ("Cookie", "ecsid=" + "x" * i)],
                              b'{"eap-relay-packet":"' + b"A" * i + b'"}')
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("what", ["challenge", "answer", "token"])
def test_a_phone_that_hangs_up_while_the_database_is_asked_does_no_harm(site, what):
    daemon = site.daemon(server={"workers": 1}, database={"statement_timeout": "10s"}).start()
    p = site.phone(daemon)
    p.login()
    exchange = p.challenge()
    answer = b'{"eap-relay-packet":"' + base64.b64encode(p.solve(exchange.packet)) + b'"}'
    head = [("Accept", ACCEPT_XML)]
    request = {"challenge": lambda: client.request_bytes("GET", "/?" + client.urllib.parse.urlencode(p.parameters(
                   EAP_ID=p.eap_id)), head),
               "answer": lambda: client.request_bytes("POST", "/", head + [("Cookie", exchange.cookie), ("Content-Type", RELAY)],
                                                      answer),
               "token": lambda: client.request_bytes("GET", "/?" + client.urllib.parse.urlencode(p.parameters(token=p.token)),
                                                     head)}[what]()
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("LOCK TABLE auc, subscriber IN ACCESS EXCLUSIVE MODE")
        for target in (daemon.device, daemon.plain):
            with client.Connection(target) as connection:
                connection.send(request)
                time.sleep(0.4)
            time.sleep(0.4)  # the daemon sees the end of the connection while the statement still waits
            assert daemon.alive(), daemon.text()[-3000:]
        holder.rollback()
    p.usim.sqn = 0
    assert p.login().status("ap2004") == 1
