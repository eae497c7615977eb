# SPDX-License-Identifier: Apache-2.0
"""Compatibility list of clients.md, C-12 to C-24: the EAP-AKA relay as phones read and answer it."""
import base64
import re
import struct
import subprocess
import time

import pytest

import client
import harness
from client import (ACCEPT_XML, AT_AUTN, AT_AUTS, AT_MAC, AT_RAND, CHALLENGE, JSON, RELAY, SYNC_FAILURE, attribute,
                    res_attribute, response)

ALL = ["ap2003", "ap2004", "ap2005"]
TUAK_KI, TUAK_TOP = bytes(range(32)).hex(), bytes(range(64, 96)).hex()


def start(p, app=("ap2004",), **extra):
    """The reply to a request with EAP_ID, as it came."""
    return p.get(p.parameters(app, EAP_ID=p.eap_id, **extra))


def packet_of(reply):
    match = re.fullmatch(rb'\{"eap-relay-packet":"([A-Za-z0-9+/]+={0,2})"\}', reply.body)
    assert match, reply.body
    return base64.b64decode(match.group(1), validate=True)


def out_of_step(p, exchange, ahead=4000):
    """An AUTS answer of a card that is ahead."""
    auts = p.usim.auts(exchange.packet.rand, (p.usim.sqn | 31) + (ahead << 5))
    return response(exchange.packet.identifier, SYNC_FAILURE, bytes([AT_AUTS, 4]) + auts)


# proves: X-012
@pytest.mark.parametrize("how", ["get", "post", "relay type only", "post by the library"])
def test_c12_the_first_answer_is_one_compact_key_with_the_relay_type(phone, how):
    p = phone()
    if how == "get":
        reply = start(p, ALL)
    elif how == "relay type only":
        p.accept = RELAY
        reply = start(p, ALL)
    else:
        app = "[ap2003,ap2004]" if how == "post by the library" else ALL
        reply = p.post(dict(p.json_parameters(app, EAP_ID=p.eap_id), app=app))
    assert reply.status == 200
    assert reply.all("Content-Type") == ["application/vnd.gsma.eap-relay.v1.0+json"]
    data = packet_of(reply)
    assert reply.body == b'{"eap-relay-packet":"' + base64.b64encode(data) + b'"}'
    cut = reply.body[reply.body.index(b":") + 2:reply.body.rindex(b'"')]  # as Huawei's client does
    assert base64.b64decode(cut, validate=True) == data
    assert b"\\" not in reply.body and b" " not in reply.body and b"\n" not in reply.body


# proves: X-013
def test_c13_rand_autn_and_mac_stand_where_old_samsung_looks_for_them(phone):
    for _ in range(8):
        p = phone()
        data = packet_of(start(p))
        assert (data[0], data[4], data[5]) == (1, 23, CHALLENGE)
        assert struct.unpack("!H", data[2:4])[0] == len(data)
        assert [data[at] for at in (8, 28, 48)] == [AT_RAND, AT_AUTN, AT_MAC]
        assert [data[at + 1] for at in (8, 28, 48)] == [5, 5, 5]
        at = 8
        while at < len(data):
            assert data[at + 1] > 0, "a length of 0 makes Android loop for ever"
            at += 4 * data[at + 1]
        assert at == len(data), "bytes behind the last attribute"
        packet = client.Packet(data)
        assert p.check_challenge(packet)
        assert p.usim.authenticate(data[12:28], data[32:48])[0] == "ok"


def test_c14_a_phone_never_sees_another_packet_than_a_challenge_or_an_eap_end(phone):
    """With the card keys at home; the rows about a back end (C-14, C-15) are in test_relay.py."""
    replies = []
    p = phone(sqn=900 << 5)
    exchange = client.Exchange(start(p))
    auts = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)[1]
    again = client.Exchange(p.relay(exchange, response(exchange.packet.identifier, SYNC_FAILURE, bytes([AT_AUTS, 4]) + auts)))
    replies += [exchange.reply, again.reply, p.relay(again, p.solve(again.packet))]
    for change in ({"res": bytes(8)}, {"key": bytes(16)}):
        p = phone()
        exchange = p.challenge()
        replies += [exchange.reply, p.relay(exchange, p.solve(exchange.packet, **change))]
    for identity in ("6" + p.eap_id[1:], "2abc@" + p.eap_id.split("@")[1], p.eap_id.replace(p.imsi, "001019999999997")):
        replies.append(p.get(p.parameters(EAP_ID=identity)))
    assert [reply.status for reply in replies] == [200, 200, 200, 200, 403, 200, 403, 511, 511, 403]
    for reply in replies:
        if b"eap-relay-packet" in reply.body:
            data = packet_of(reply)
            assert (reply.status, data[0], data[4], data[5]) == (200, 1, 23, CHALLENGE)
    assert replies[2].document().status("ap2004") == 1  # at once, without EAP-Success


# proves: X-016
@pytest.mark.parametrize("realm", ["wlan", "nai.epc", "ims"])
def test_c16_a_mac_made_with_the_usual_realm_is_accepted_for_another_one(phone, make_daemon, realm):
    p = phone(at=make_daemon(auth={"realms": ["nai.epc", "wlan", "ims"]}), realm=realm)
    usual = re.sub("@[a-z.]+?[.]mnc", "@nai.epc.mnc", p.eap_id)
    for identity in (p.eap_id, usual):  # as the library, then as microG with its fault
        exchange = p.challenge()
        assert p.check_challenge(exchange.packet), "the server's MAC goes by EAP_ID as it was sent"
        assert p.relay(exchange, p.solve(exchange.packet, identity=identity)).document().status("ap2004") == 1
    exchange = p.challenge()
    assert p.relay(exchange, p.solve(exchange.packet, identity=usual.replace("nai.epc", "other"))).status == 403


# proves: X-016
def test_c16_a_realm_without_a_network_is_that_of_the_card(phone, make_daemon):
    """microG puts the label of its carrier setting behind "@" and makes its MAC with the usual realm."""
    p = phone(at=make_daemon(auth={"realms": ["nai.epc", "wlan"]}))
    bare = p.eap_id.split("@")[0] + "@wlan"
    for identity in (bare, p.eap_id):
        exchange = p.challenge(EAP_ID=bare)
        assert p.relay(exchange, p.solve(exchange.packet, identity=identity)).document().status("ap2004") == 1
    assert p.get(p.parameters(EAP_ID=p.eap_id.split("@")[0] + "@other")).status == 403
    assert p.get(p.parameters(EAP_ID="0262011234567890@wlan")).status == 403


# proves: X-016
def test_c16_the_identity_counts_as_it_stands_after_url_decoding(phone):
    p = phone()
    shouted = p.eap_id.replace("3gppnetwork", "3GPPnetwork")
    query = "&".join(f"{k}={v}" for k, v in p.parameters(EAP_ID=shouted.replace("@", "%40").replace("G", "%47")))
    exchange = client.Exchange(p.target.request("GET", "/?" + query, [("Accept", ACCEPT_XML)]))
    assert p.relay(exchange, p.solve(exchange.packet, identity=shouted)).document().status("ap2004") == 1


# proves: X-017
@pytest.mark.parametrize("kind", [RELAY, JSON, JSON + "; charset=utf-8", RELAY + "; charset=utf-8"])
@pytest.mark.parametrize("query", ["", "?", "same", "other"])
def test_c17_the_answer_is_accepted_with_each_type_and_query_and_the_session_decides(phone, kind, query):
    p = phone()
    exchange = p.challenge(ALL, entitlement_version="6.0")
    same = "?" + client.urllib.parse.urlencode(p.parameters(ALL, EAP_ID=p.eap_id, entitlement_version="6.0"))
    path = "/" + {"same": same, "other": "?app=ap2016&vers=9&entitlement_version=12.0&token=x"}.get(query, query)
    document = p.relay(exchange, p.solve(exchange.packet), content_type=kind, path=path).document()
    assert list(document.apps) == ALL and document["ap2003"] == {"EntitlementStatus": "1"}


# proves: X-017
def test_c17_of_parameters_in_query_and_body_the_bodys_count(phone):
    p = phone()
    same = p.parameters(ALL, EAP_ID=p.eap_id)
    twice = p.post(p.json_parameters(ALL, EAP_ID=p.eap_id), path="/?" + client.urllib.parse.urlencode(same))  # VoCat
    exchange = client.Exchange(twice)
    assert list(p.relay(exchange, p.solve(exchange.packet)).document().apps) == ALL
    p.login()
    query = "/?" + client.urllib.parse.urlencode(p.parameters(ALL, token=p.token, entitlement_version="12.0"))
    body = p.json_parameters("ap2003", token=p.token, entitlement_version="6.0")
    document = p.post(body, path=query).document()
    assert document.apps == {"ap2003": {"EntitlementStatus": "1"}}


# proves: X-018
def test_c18_every_relay_answer_repeats_the_same_cookie(phone):
    p = phone()
    exchange = p.challenge()
    seen = [exchange.reply.all("Set-Cookie")]
    for _ in range(2):
        exchange = client.Exchange(p.relay(exchange, out_of_step(p, exchange)))
        p.usim.sqn = 0
        seen.append(exchange.reply.all("Set-Cookie"))
    assert len(seen[0]) == 1 and seen[1] == seen[0] and seen[2] == seen[0]
    assert re.fullmatch(r"[A-Za-z0-9]+=[A-Za-z0-9_-]+; Path=/; Secure; HttpOnly", seen[0][0])
    assert [name for name, _ in exchange.reply.headers if name.lower() == "set-cookie"] == ["Set-Cookie"]


FORMS = {
    "Android, second line": lambda c, line: ["other=1", c],
    "Java after Max-Age, quoted": lambda c, line: ["$Version=\"1\"; " + c.replace("=", '="', 1) + '";$Path="/"'],
    "Samsung, all attributes in one line": lambda c, line: [line],
    "Samsung, two cookies with attributes": lambda c, line: ["LB=node1; Path=/; Secure; " + line],
    "Huawei, the line as it stands": lambda c, line: [line],
    "cookie store, first of several": lambda c, line: [c + "; LB=node1; x=y"],
    "quoted, second line": lambda c, line: ["LB=node1; Path=/", c.replace("=", '="', 1) + '"'],
}


# proves: X-019
@pytest.mark.parametrize("form", FORMS)
def test_c19_the_session_is_found_in_each_clients_cookie_lines(phone, form):
    p = phone()
    exchange = p.challenge()
    headers = [("Cookie", line) for line in FORMS[form](exchange.cookie, exchange.set_cookie)]
    assert p.relay(exchange, p.solve(exchange.packet), headers).document().status("ap2004") == 1


# proves: X-020
def test_c20_the_second_leg_may_come_over_another_connection_and_to_another_node(phone, make_daemon):
    one, two = make_daemon(server={"workers": 2}), make_daemon(server={"workers": 1})
    p = phone(at=one, sqn=700 << 5)
    exchange = p.challenge()
    auts = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)[1]
    again = client.Exchange(p.relay(exchange, response(exchange.packet.identifier, SYNC_FAILURE, bytes([AT_AUTS, 4]) + auts),
                                    target=two.device))
    assert again.set_cookie == exchange.set_cookie
    document = p.relay(again, p.solve(again.packet), target=one.device).document()
    p.token = document.token_text
    assert p.ask(target=two.device).content == document.content


# proves: X-021
def test_c21_auts_without_mac_brings_one_fresh_challenge_and_there_are_three_at_most(phone):
    p = phone()
    exchange = p.challenge()
    packets = [exchange.packet]
    while True:
        answer = out_of_step(p, exchange, len(packets) * 1000)
        assert len(answer) == 24
        reply = p.relay(exchange, answer)
        if reply.status != 200:
            break
        exchange = client.Exchange(reply)
        packets.append(exchange.packet)
        assert len(packets) <= 3
    assert (len(packets), reply.status) == (3, 403)
    assert len({packet.identifier for packet in packets}) == 3 and len({packet.rand for packet in packets}) == 3


# proves: X-022
def test_c22_each_way_to_fail_has_its_status_and_none_begins_again(phone):
    def failed(change):
        p = phone()
        exchange = p.challenge()
        return change(p, exchange)

    for wrong in ({"res": bytes(8)}, {"key": bytes(16)}):
        reply = failed(lambda p, x, w=wrong: p.relay(x, p.solve(x.packet, **w)))
        assert (reply.status, reply.header("Retry-After")) == (403, None)
    for cookie in ([], [("Cookie", "ecsid=" + "a" * 32)]):
        reply = failed(lambda p, x, c=cookie: p.relay(x, p.solve(x.packet), c))
        assert reply.status == 503 and 1 <= int(reply.header("Retry-After")) <= 10
    for packet in (b"", b"\x02", b"\x02\x01\x00\x09\x17\x01\x00\x00", response(1, CHALLENGE, b"\x03\x00\x00\x00")):
        assert failed(lambda p, x, data=packet: p.relay(x, data)).status == 400
    p = phone()
    exchange = p.challenge()
    for _ in range(5):  # a client that repeats a wrong answer gets no challenge any more
        reply = p.relay(exchange, response(exchange.packet.identifier, CHALLENGE, res_attribute(bytes(8)), bytes(16)))
        assert reply.status in (403, 503) and b"eap-relay-packet" not in reply.body


# proves: X-023
def test_c23_a_phone_that_falls_silent_leaves_no_trace(phone, make_daemon):
    daemon = make_daemon(auth={"session": "10s"}, server={"log_level": "info"})
    phones = [phone(at=daemon) for _ in range(3)]
    exchanges = [p.challenge() for p in phones]
    before = daemon.mark()
    time.sleep(12)
    assert daemon.text(before) == "", "a lost session is no event"
    for p, exchange in zip(phones, exchanges):
        assert p.relay(exchange, p.solve(exchange.packet)).status == 503
        assert p.line.value("count(*)", "eap_session") == 0
    phones[0].usim.sqn = 0
    assert phones[0].login().status("ap2004") == 1


# proves: X-024
@pytest.mark.parametrize("size", [4, 8])
def test_c24_res_of_four_and_eight_bytes_with_and_without_result_ind(phone, cluster, size):
    p = phone()
    cluster.sql("UPDATE auc SET res_len = %s WHERE imsi = %s", size, p.imsi)
    for behind in (b"", attribute(135, b"\0\0")):  # AT_RESULT_IND
        exchange = p.challenge()
        res = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)[1][:size]
        p.usim.sqn = 0
        answer = p.solve(exchange.packet, res=res, behind=behind)
        assert answer[8:12] == bytes([3, 1 + size // 4]) + struct.pack("!H", 8 * size)
        assert p.relay(exchange, answer).document().status("ap2004") == 1


# proves: X-024
@pytest.mark.parametrize("size", [4, 8, 16])
def test_c24_res_of_a_tuak_card_in_each_length(build, daemon, certs, ctl, cluster, lines, tmp_path, size):
    imsi = f"0010199000010{size:02d}"
    path = tmp_path / "tuak.csv"
    path.write_text(f"imsi,plan,algorithm,ki,op\n{imsi},full,tuak,{TUAK_KI},{TUAK_TOP}\n")
    ctl("subscriber", "import", str(path))
    cluster.sql("UPDATE auc SET res_len = %s WHERE imsi = %s", size, imsi)
    port = daemon.settings["device"]["listen"][0].rpartition(":")[2]
    done = subprocess.run(
        [build.devsim, "run", "--url", f"https://entitlement.example.net:{port}/", "--resolve",
         "entitlement.example.net:127.0.0.1", "--ca", certs.default["certificate"], "--imsi", imsi, "--alg", "tuak", "--ki",
         TUAK_KI, "--op", TUAK_TOP, "--res-bytes", str(size), "--imei", lines.imei(), "--app", "ap2005", "--explain"],
        capture_output=True, text=True, timeout=60, env=harness.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert not harness.SANITIZER.search(done.stderr), done.stderr
    assert "SMS over IP:" in done.stdout and "AT_MAC of the server is right" in done.stdout
