# SPDX-License-Identifier: Apache-2.0
"""ap2004: every state of a line, as the phone is told."""
import datetime
import itertools
import os
import re
import time
import urllib.parse

import pytest

import harness


def state(block):
    return tuple(int(block[name]) for name in ("EntitlementStatus", "ProvStatus", "TC_Status", "AddrStatus"))


def mode(entitlement, prov, terms, address):
    """Table 20 of TS.43."""
    if entitlement == 2:
        return "cannot be offered"
    if entitlement == 3:
        return "being provisioned"
    fine = terms in (1, 2) and address in (1, 2)
    if entitlement == 1:
        return "can be activated" if fine and prov in (1, 2) else "undefined"
    missing, running = 0 in (terms, address), 3 in (terms, address)
    if missing:
        return "both" if running else "data missing"
    if running:
        return "being updated"
    return "being provisioned" if prov in (0, 3) else "undefined"


def soon(**delta):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)


@pytest.fixture
def known(phone):
    p = phone()
    p.login()
    return p


# proves: V-001 V-002 V-003 V-007 V-008 V-009 V-011 V-015 V-016 V-012 V-013 X-032
def test_no_state_of_a_line_makes_an_undefined_document(known):
    seen = set()
    for prov, terms, address in itertools.product((None, 0, 1, 2, 3), (None, 0, 1, 2, 3), (None, 0, 1, 2, 3)):
        known.line.service("vowifi", prov_status=prov, tc_status=terms, addr_status=address)
        known.line.cluster.sql("UPDATE activation_order SET done_at = now() WHERE imsi = %s", known.imsi)
        block = known.ask()["ap2004"]
        told = state(block)
        case = (prov, terms, address), told
        assert mode(*told) not in ("undefined", "both"), case
        assert {"ServiceFlow_URL", "ServiceFlow_UserData", "MessageForIncompatible"} <= set(block), case
        if 0 in (terms, address) or None in (terms, address):
            assert mode(*told) == "data missing", case
            assert block["ServiceFlow_URL"], case
        elif 3 in (terms, address):
            assert mode(*told) == "being updated", case
            assert told[2:] == (terms, address), case
        elif prov in (1, 2):
            assert told == (1, prov, terms, address), case
        else:
            assert told[0] == 3, case
        seen.add(told[0])
    assert seen == {0, 1, 3}


# proves: V-010 V-001 V-009 X-032 X-045
@pytest.mark.parametrize("change", [
    {"line_state": "suspended"}, {"line_state": "barred"}, {"line_state": "terminated"}, {"features": ["volte"]},
    {"services": {"vowifi": {"override": "deny"}}}])
def test_what_cannot_be_offered_is_incompatible_with_a_text(phone, change):
    p = phone(**change)
    block = p.login()["ap2004"]
    assert block["EntitlementStatus"] == "2"
    assert block["MessageForIncompatible"]
    assert {"ServiceFlow_URL", "ServiceFlow_UserData"} <= set(block)
    assert "AddrExpiry" not in block


# proves: V-010
def test_devices_are_judged(phone, device_identity, device_model):
    device_model("35111101", "volte")
    device_model("35111102", "volte", "vowifi")
    for tac, status in (("35111101", 2), ("35111102", 1), ("35111103", 1)):
        p = phone(terminal_id=tac + "0000011")
        assert p.login().status("ap2004") == status, tac
    for word, status in (("deny", 2), ("stolen", 2), ("allow", 1)):
        p = phone()
        device_identity(p.terminal_id, word)
        assert p.login().status("ap2004") == status, word
        assert p.ask().status("ap2004") == status, word


# proves: V-014 V-001
def test_operators_word_wins(phone):
    p = phone(features=["volte"], services={"vowifi": {"override": "allow"}})
    assert p.login().status("ap2004") == 1
    p.line.service("vowifi", override="provisioning")
    assert p.ask().status("ap2004") == 3
    p.line.service("vowifi", override="none")
    assert p.ask().status("ap2004") == 2


# proves: V-004 V-005 V-006 V-023
def test_address_expiry_and_identifier(known):
    line = known.line
    block = known.ask()["ap2004"]
    assert "AddrExpiry" not in block and "AddrIdentifier" not in block
    when = soon(days=30).replace(microsecond=0)
    line.service("vowifi", addr_expiry=when, addr_identifier="loc-77/ä&b")
    block = known.ask()["ap2004"]
    assert block["AddrExpiry"] == when.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert block["AddrIdentifier"] == "loc-77/ä&b"
    assert block["AddrStatus"] == "1"
    line.service("vowifi", addr_status=2)
    block = known.ask()["ap2004"]
    assert "AddrExpiry" not in block and block["AddrStatus"] == "2"


# proves: V-023
def test_an_address_that_ends_counts_as_missing(known):
    known.line.service("vowifi", addr_expiry=soon(seconds=3))
    assert known.ask()["ap2004"]["AddrStatus"] == "1"
    time.sleep(3.2)
    block = known.ask()["ap2004"]
    assert (block["EntitlementStatus"], block["AddrStatus"]) == ("0", "0")
    assert "AddrExpiry" not in block and block["ServiceFlow_URL"]


# proves: V-002 V-026 X-031
def test_the_portal_is_told_in_every_state(known):
    for prov, terms in ((1, 1), (1, 0), (3, 1), (0, 3)):
        known.line.service("vowifi", prov_status=prov, tc_status=terms)
        block = known.ask()["ap2004"]
        assert block["ServiceFlow_URL"] == "https://portal.example.net/vowifi", (prov, terms)
        assert block["ServiceFlow_UserData"]


# proves: V-018 X-036
def test_user_data_tell_no_identity(known):
    line = known.line
    seen = set()
    for terms in (0, 1):
        line.service("vowifi", tc_status=terms)
        data = known.ask()["ap2004"]["ServiceFlow_UserData"]
        for secret in (line.imsi, line.imsi[5:], line.msisdn, known.terminal_id, known.token):
            assert secret not in data
        values = urllib.parse.parse_qs(data, strict_parsing=True)  # plain form text
        assert set(values) == {"sid"} and "&" not in data  # C-34: no "&" by default
        assert re.fullmatch(r"[A-Za-z0-9._=%-]+", data)
        seen.add(values["sid"][0])
    assert len(seen) == 2


# proves: V-017 V-018
def test_portal_resolves_the_reference_and_refuses_others(known, daemon):
    known.line.service("vowifi", tc_status=0)
    sid = urllib.parse.parse_qs(known.ask()["ap2004"]["ServiceFlow_UserData"])["sid"][0]
    status, found = daemon.admin("POST", "/v1/flow-references", {"reference": sid})
    assert status == 200, found
    assert found["imsi"] == known.imsi
    assert found["msisdn"] == known.line.msisdn
    assert "vowifi" in str(found).lower()
    other = ("b" if sid[9] != "b" else "c")
    for bad in (sid[:9] + other + sid[10:], sid[:-4], "x", known.token):
        assert daemon.admin("POST", "/v1/flow-references", {"reference": bad})[0] == 404, bad


# proves: V-019 X-051
def test_the_first_request_after_a_change_shows_it(known):
    for i in range(6):
        known.line.service("vowifi", tc_status=i % 2, addr_status=1)
        assert known.ask().status("ap2004") == i % 2


# proves: V-021
def test_a_portal_that_was_dismissed_changes_nothing(known):
    known.line.service("vowifi", tc_status=0)
    before = known.ask()
    known.line.service("vowifi", flow_closed_at=soon())
    assert known.ask().content == before.content


# proves: X-033
def test_after_the_portal_a_slow_network_is_told_as_missing_data(known):
    known.line.service("vowifi", prov_status=3, flow_closed_at=soon())
    first = state(known.ask()["ap2004"])
    assert first[0] == 0 and mode(*first) == "data missing"
    known.line.service("vowifi", prov_status=1)
    assert state(known.ask()["ap2004"]) == (1, 1, 1, 1)
    known.line.service("vowifi", prov_status=3, flow_closed_at=soon(seconds=-31))
    assert known.ask().status("ap2004") == 3


# proves: V-024
def test_new_terms_must_be_accepted_again(phone, make_daemon, area):
    where = copy_policy(area, "terms")
    daemon = make_daemon(policy={"directory": where})
    p = phone(at=daemon, services={"vowifi": {"tc_version": 3}})
    assert p.login().status("ap2004") == 1
    change_policy(where, "terms-version: 0", "terms-version: 4")
    daemon.reload()
    block = p.ask()["ap2004"]
    assert (block["EntitlementStatus"], block["TC_Status"]) == ("0", "0")
    p.line.service("vowifi", tc_version=4)
    assert p.ask().status("ap2004") == 1


def copy_policy(area, name):
    where = os.path.join(area, f"policy-{name}")
    os.mkdir(where)
    for file in harness.policy_files():
        with open(os.path.join(harness.ROOT, "conf", "policy.d", file), encoding="utf-8") as source:
            text = source.read()
        with open(os.path.join(where, file), "w", encoding="utf-8") as copy:
            copy.write(text)
    return where


def change_policy(where, old, new, file="vowifi.yaml"):
    path = os.path.join(where, file)
    with open(path, encoding="utf-8") as source:
        text = source.read()
    assert old in text
    with open(path, "w", encoding="utf-8") as copy:
        copy.write(text.replace(old, new))


# proves: V-003 V-007 V-008
def test_what_is_not_required_is_told_so(phone, make_daemon, area):
    where = copy_policy(area, "lax")
    change_policy(where, "terms: required", "terms: not-required")
    change_policy(where, "address: required", "address: not-required")
    change_policy(where, "provisioning: tracked", "provisioning: not-tracked")
    p = phone(at=make_daemon(policy={"directory": where}), ready=False)
    assert state(p.login()["ap2004"]) == (1, 2, 2, 2)


# proves: V-025 V-014 V-027
def test_a_complete_line_is_ordered_once(phone, cluster):
    p = phone(services={"vowifi": {"prov_status": 0}})
    first = p.login()
    assert first.status("ap2004") == 3 and first.validity < 600
    harness.wait_for(lambda: p.line.orders() == ["vowifi"], 5, lambda: f"one order: {p.line.orders()}")
    for _ in range(3):
        again = p.ask()
    assert state(again["ap2004"])[:2] == (3, 3) and again.validity < 600
    time.sleep(0.3)
    assert p.line.orders() == ["vowifi"]
    p.line.service("vowifi", prov_status=1)
    done = p.ask()
    assert state(done["ap2004"]) == (1, 1, 1, 1) and done.validity > 3600


# proves: V-025
def test_nothing_is_ordered_while_data_are_missing(phone):
    p = phone(services={"vowifi": {"prov_status": 0, "tc_status": 0}})
    p.login()
    p.ask()
    time.sleep(0.4)
    assert p.line.orders() == []


# proves: V-027
@pytest.mark.parametrize("columns", [{"prov_status": 3}, {"tc_status": 3}, {"addr_status": 3}])
def test_validity_is_short_while_something_runs(known, columns):
    assert known.ask().validity >= 3600
    known.line.service("vowifi", **columns)
    assert known.ask().validity < 600


# proves: V-009
def test_notices_are_told_and_end(known, cluster):
    cluster.sql("INSERT INTO service_notice (service, starts_at, ends_at, effect, message_key, validity_s) VALUES "
                "('vowifi', now() - interval '1 minute', now() + interval '1 hour', 'unavailable', 'maintenance', 600)")
    try:
        document = known.ask()
        assert document.status("ap2004") == 2
        assert "working on the service" in document["ap2004"]["MessageForIncompatible"]
        assert document.validity <= 3600
        last = document.version
    finally:
        cluster.sql("DELETE FROM service_notice")
    document = known.ask()
    assert document.status("ap2004") == 1 and document.version > last


# proves: P-071
def test_brands_of_one_range_are_told_apart_by_gid1(phone, make_daemon, area):
    where = copy_policy(area, "gid")
    change_policy(where, "rules:\n", "rules:\n  - name: second-brand\n    when: [ \"sim.gid1 is 0A1B\" ]\n"
                                     "    then: { flow-url: \"https://second.example/vowifi\" }\n")
    p = phone(at=make_daemon(policy={"directory": where}))
    p.login()
    for gid, url in ((None, "https://portal.example.net/vowifi"), ("0A1B", "https://second.example/vowifi"),
                     ("0a1b", "https://second.example/vowifi"), ("FF", "https://portal.example.net/vowifi")):
        assert p.ask(GID1=gid)["ap2004"]["ServiceFlow_URL"] == url, gid
