# SPDX-License-Identifier: Apache-2.0
"""Compatibility list of clients.md, C-41 to C-47: status codes, chosen by what each client does with them."""
import email.utils
import json
import re
import time

import pytest

import client
import harness
from client import ACCEPT_JSON, ACCEPT_XML, JSON, RELAY

ALL = ["ap2003", "ap2004", "ap2005"]


def check_later(reply):
    """503 as Android and Samsung read it: whole positive seconds, and a Date that is right."""
    assert reply.status == 503, reply
    assert re.fullmatch(r"[1-9][0-9]{0,4}", reply.header("Retry-After")), reply.header("Retry-After")
    told = email.utils.parsedate_to_datetime(reply.header("Date"))
    assert abs(told.timestamp() - time.time()) < 5 and reply.header("Date").endswith(" GMT")


# proves: X-043
@pytest.mark.parametrize("accept", [ACCEPT_XML, ACCEPT_JSON, "*/*"])
@pytest.mark.parametrize("how", ["unknown", "damaged", "revoked", "of another line", "nonsense", "long"])
def test_c41_a_bad_token_is_511_for_every_client(phone, how, accept):
    p = phone()
    p.login()
    token = p.token
    if how == "revoked":
        p.line.revoke()
    elif how == "of another line":
        other = phone()
        other.login()
        token = other.token
    elif how == "damaged":
        token = ("b" if token[20] == "a" else "a").join((token[:20], token[21:]))
    else:
        token = {"unknown": "k5wz7mq2tr4d6x3h", "nonsense": "'\"><;--/../%00", "long": "a" * 4000}[how]
    p.accept = accept
    extra = {"IMSI": p.imsi} if how == "of another line" else {}
    for reply in (p.query(token=token, **extra), p.query(ALL, token=token, terminal_id=p.terminal_id, **extra),
                  p.post(p.json_parameters(ALL, token=token, **extra))):
        assert reply.status == 511, (how, reply)
        assert reply.header("Location") is None and b"eap-relay-packet" not in reply.body
    assert p.login().status("ap2004") == 1  # the full authentication that follows


# proves: X-043
def test_c41_an_expired_token_is_511(phone, make_daemon, clock):
    p = phone(at=make_daemon(env=clock.env, auth={"token_validity": "10m"}))
    p.login()
    assert p.query().status == 200
    clock.set(600 + 130)
    assert p.query().status == 511


# proves: X-044
def test_c42_a_failing_back_end_is_503_with_whole_seconds_and_a_right_date(site):
    daemon = site.daemon().start()
    p = site.phone(daemon)
    p.login(ALL)
    exchange = p.challenge()
    answer = p.solve(exchange.packet)
    site.cluster.stop()
    for reply in (p.query(ALL), p.get(p.parameters(EAP_ID=p.eap_id)), p.relay(exchange, answer),
                  p.post(p.json_parameters(ALL, token=p.token))):
        check_later(reply)
    site.cluster.start()
    harness.wait_for(lambda: p.query(ALL).status == 200, 15, "answers again", 0.1)


# proves: X-044
def test_c42_limits_are_503_with_whole_seconds_and_never_403(phone, make_daemon):
    daemon = make_daemon(server={"workers": 1}, limits={"device_per_minute": 10, "device_burst": 3}, auth={"attempts": 2})
    p = phone(at=daemon)
    replies = [p.query(token="x") for _ in range(8)]
    assert [reply.status for reply in replies] == [511] * 3 + [503] * 5
    for reply in replies[3:]:
        check_later(reply)
    other = phone(at=daemon)
    replies = [other.get(other.parameters(EAP_ID=other.eap_id)) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 503]
    check_later(replies[2])


# proves: X-045
def test_c43_403_is_for_what_never_passes_and_a_barred_line_gets_a_document(phone, device_identity):
    states = [({"line_state": "barred"}, None), ({"line_state": "suspended"}, None), ({"line_state": "terminated"}, None),
              ({"features": []}, None), ({}, "deny"), ({}, "stolen")]
    for fields, mark in states:
        p = phone(**fields)
        if mark:
            device_identity(p.terminal_id, mark)
        for version in ("2.0", "12.0"):
            document = p.login(ALL, entitlement_version=version)
            assert document.status("ap2004") in (0, 2) and document.status("ap2005") in (0, 2)
            voice = [document["ap2003"]] if version == "2.0" else document.rats().values()
            assert {entry["EntitlementStatus"] for entry in voice} <= {"0", "2"}
    p = phone()
    for identity in (p.eap_id.replace("mcc001", "mcc262"), p.eap_id.replace(p.imsi, "001019999999996")):
        assert p.get(p.parameters(EAP_ID=identity)).status == 403


# proves: X-046
@pytest.mark.parametrize("version", ["0.1", "1.0", "1", "2.0", "12.0", "13.0", "99.0"])
def test_c44_no_version_is_refused_by_default(phone, version):
    p = phone()
    assert p.login(ALL, entitlement_version=version).status("ap2004") == 1
    assert p.query(ALL, entitlement_version=version).status == 200


# proves: X-046
def test_c44_406_is_for_versions_that_the_operator_excludes(phone, make_daemon):
    p = phone(at=make_daemon(device={"version_min": "2.0", "version_max": "12.0"}))
    p.login(entitlement_version="2.0")
    for version, status in (("1.0", 406), ("1.9", 406), ("2.0", 200), ("12.0", 200), ("12.1", 406)):
        assert p.query(entitlement_version=version).status == status, version
    assert b"protocol not supported" in p.query(entitlement_version="1.0").body.lower()


def test_c45_without_oidc_nothing_is_ever_redirected(phone):
    """The other half of the row, 302 with OIDC configured, is in the tests of OIDC."""
    p = phone()
    p.login()
    replies = [p.get(p.parameters()), p.query(token="x"), p.get(p.parameters(token="x", EAP_ID="")),
               p.post(p.json_parameters()), p.get(p.parameters(app=ALL, IMSI=p.imsi))]
    for reply in replies:
        assert (reply.status, reply.header("Location")) == (511, None)
    assert p.get(p.parameters(EAP_ID=p.eap_id, token="x")).status == 200  # full EAP, no redirect


# proves: X-048
def test_c46_a_client_that_repeats_on_failure_is_slowed_down(phone, make_daemon):
    p = phone(at=make_daemon(server={"workers": 1}, limits={"device_per_minute": 60, "device_burst": 20}))  # 60 is the default
    began = time.monotonic()
    states = []
    for _ in range(50):  # Samsung after 406, or any client without a back-off
        reply = p.query(token="stale", entitlement_version="1.0")
        states.append(reply.status)
        if reply.status == 503:
            check_later(reply)
    assert time.monotonic() - began < 10
    assert states[:20] == [511] * 20 and set(states) == {511, 503} and states.count(511) <= 31


ERICSSON = [{"message-id": 1, "method": "3gppAuthentication", "device-id": "MzU2OTM4MDM1NjQzODA5", "device-type": 0,
             "imsi-eap": "MDAxMDEwMTIzNDU2Nzg5QG5haS5lcGM=", "device-name": "phone", "os-type": 0},
            {"message-id": 2, "method": "manageConnectivity", "operation": 0}]


# proves: X-049
@pytest.mark.parametrize("body", [ERICSSON, [], [{}]], ids=["dialect", "empty", "one"])
@pytest.mark.parametrize("kind", [JSON, RELAY])
def test_c47_the_other_dialect_gets_400_and_one_line(make_daemon, body, kind):
    daemon = make_daemon()
    before = daemon.mark()
    reply = daemon.device.request("POST", "/", [("Content-Type", kind), ("Accept", JSON)], json.dumps(body).encode())
    assert reply.status == 400 and reply.header("Retry-After") is None
    daemon.wait_event("REQUEST_FAILED", before, "400")
    time.sleep(0.2)
    lines = [json.loads(line) for line in daemon.text(before).splitlines()]
    faults = [line for line in lines if line["event"] != "REQUEST"]  # the line of each request stands beside it
    assert len(faults) == 1 and len(lines) <= 2
    assert "array" in faults[0]["msg"] and faults[0]["level"] == "info"
    for secret in ("MzU2OTM4MDM1NjQzODA5", "MDAxMDEwMTIz", "3gppAuthentication"):
        assert secret not in daemon.text(before)
    assert daemon.device.request("GET", "/?" + client.urllib.parse.urlencode({"app": "ap2004"})).status == 400
