# SPDX-License-Identifier: Apache-2.0
"""Tokens: what they open, for whom, how long."""
import os
import re
import time

import pytest

import client
import harness

ALL = ["ap2003", "ap2004", "ap2005"]


# proves: A-003 A-022 X-030 P-049
def test_token_answers_without_the_card(phone):
    p = phone()
    first = p.login(ALL)
    assert int(first.token["validity"]) > 0
    again = p.ask(ALL)
    assert again.token and again.content == first.content


# proves: A-013
def test_token_texts_are_random_and_safe_in_urls(phone):
    p = phone()
    tokens = {p.login().token_text for _ in range(3)}
    assert len(tokens) == 3
    for token in tokens:
        assert re.fullmatch(r"[a-z0-9._~-]{26,}|[A-Z0-9._~-]{26,}", token), token
        assert p.imsi not in token


# proves: A-008
def test_no_token_is_in_the_database(phone, cluster):
    p = phone()
    p.login(ALL)
    p.ask(ALL)
    tables = [row[0] for row in cluster.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")]
    assert len(tables) > 5
    for table in tables:
        assert cluster.one(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE %s", f"%{p.token}%") == 0, table


# proves: A-014
def test_no_credential_is_511(phone):
    p = phone()
    for reply in (p.get(p.parameters()), p.post(p.json_parameters()), p.get(p.parameters(IMSI=p.imsi))):
        assert reply.status == 511
        assert reply.header("Location") is None


# proves: A-015 X-043 P-058 X-047
@pytest.mark.parametrize("token", ["x", "null0", "A" * 200, "z" * 4000, "ä", "0" * 64, "..", "%", "'; DROP TABLE plan; --"],
                         ids=lambda t: t[:8])
def test_a_token_that_is_none_is_511(phone, token):
    p = phone()
    assert p.query(token=token).status == 511
    assert p.query(token=token, IMSI=p.imsi).status == 511


# proves: A-015
def test_every_changed_character_makes_a_token_void(phone):
    p = phone()
    p.login()
    for at in range(0, len(p.token), 5):
        other = "a" if p.token[at] != "a" else "b"
        assert p.query(token=p.token[:at] + other + p.token[at + 1:]).status == 511, at
    for token in (p.token[:-1], p.token + "a", p.token + p.token):
        assert p.query(token=token).status == 511
    assert p.query().status == 200


# proves: A-004 A-012 P-058 X-043
def test_a_token_lives_to_its_announced_end_and_no_longer(phone, make_daemon, clock):
    p = phone(at=make_daemon(env=clock.env, auth={"token_validity": "1h", "token_renew_percent": 100}))
    document = p.login()
    validity = int(document.token["validity"])
    assert 3590 <= validity <= 3600
    for seconds in (60, validity // 2):
        clock.set(seconds)
        again = p.ask()
        assert again.token_text == p.token
        assert validity - seconds - 3 <= int(again.token["validity"]) <= validity - seconds
    clock.set(validity - 5)
    assert p.ask().status("ap2004") == 1  # by now with a new token, which this phone does not take
    for seconds in (validity + 120, validity * 100):
        clock.set(seconds)
        assert p.query().status == 511
    p.challenge(token=p.token)


# proves: A-005 A-007
def test_an_aged_token_is_replaced_by_a_full_one(phone, make_daemon, clock):
    p = phone(at=make_daemon(env=clock.env, auth={"token_validity": "1h", "token_renew_percent": 50}))
    old = p.login().token_text
    clock.set(1700)
    assert p.ask().token_text == old
    clock.set(1900)
    renewed = p.ask()
    assert renewed.token_text != old and int(renewed.token["validity"]) > 3500
    clock.set(3590)
    assert p.query(token=old).status == 200  # the former one still opens, until its end
    clock.set(3700)
    assert p.query(token=old).status == 511
    assert p.ask(token=renewed.token_text).status("ap2004") == 1


# proves: A-012
def test_a_presented_token_keeps_its_end(phone):
    p = phone()
    first = int(p.login().token["validity"])
    time.sleep(2.1)
    again = p.ask()
    assert again.token_text == p.token
    assert first - 6 <= int(again.token["validity"]) <= first - 2


# proves: A-005 A-007
def test_an_old_token_is_renewed_and_stays_valid(phone, make_daemon):
    p = phone(at=make_daemon(auth={"token_renew_percent": 0}))
    old = p.login().token_text
    time.sleep(1.1)
    new = p.ask().token_text
    assert new != old
    assert p.ask(token=new).status("ap2004") == 1
    assert p.ask(token=old).status("ap2004") == 1  # an answer that got lost costs nothing


# proves: A-006
def test_two_clients_of_a_device_have_a_token_each(phone):
    p = phone()
    one = p.login(app_name="vendor.ims").token_text
    two = p.login(app_name="carrier.app").token_text
    assert one != two
    for _ in range(2):
        assert p.ask(token=one, app_name="vendor.ims").status("ap2004") == 1
        assert p.ask(token=two, app_name="carrier.app").status("ap2004") == 1


# proves: A-009
def test_a_token_belongs_to_one_device(phone, lines):
    p = phone()
    p.login()
    assert p.query(terminal_id=lines.imei()).status == 511
    assert p.query(terminal_id=None, requestor_id="mdm").status == 511
    assert p.query().status == 200


# proves: X-007
def test_a_token_belongs_to_one_subscription(phone, subscriber):
    p, other = phone(), subscriber()
    p.login()
    assert p.query(IMSI=p.imsi).status == 200
    assert p.query(IMSI=other.imsi).status == 511


# proves: A-010
def test_a_token_opens_the_applications_of_its_group(phone):
    p = phone()
    p.login("ap2004")
    for app in (["ap2005"], ["ap2003"], ALL):
        assert list(p.ask(app).apps) == app
    assert p.query(["ap2009"], operation="CheckEligibility").status == 511
    assert p.query(["ap2004", "ap2016"]).status == 511


# proves: A-011 X-043
def test_revocation_ends_all_tokens_at_once(phone):
    p = phone()
    one = p.login().token_text
    two = p.login(app_name="other").token_text
    p.line.revoke()
    assert p.query(token=one).status == 511
    assert p.query(token=two, app_name="other").status == 511
    assert p.login().status("ap2004") == 1
    assert p.query().status == 200


# proves: A-011
def test_the_token_of_a_subscriber_who_has_gone_is_void(phone, cluster):
    p = phone()
    p.login()
    cluster.sql("DELETE FROM subscriber WHERE imsi = %s", p.imsi)
    assert p.query().status == 511


# proves: A-016
def test_token_and_eap_id_of_one_card_need_no_challenge(phone):
    p = phone()
    p.login()
    assert p.ask(EAP_ID=p.eap_id).status("ap2004") == 1


# proves: A-017
def test_eap_id_beside_a_bad_token_is_challenged(phone, subscriber):
    p, other = phone(), phone()
    p.login()
    other.login()
    for token in ("wrong", other.token, p.token[:-1], p.token + "a"):
        exchange = p.challenge(token=token)
        assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
    p.line.revoke()
    p.challenge(token=p.token)
    assert other.terminal_id != p.terminal_id
    p.login()
    p.challenge(token=p.token, terminal_id=other.terminal_id)


# proves: A-018
def test_imsi_beside_eap_id_is_ignored(phone, subscriber):
    p = phone()
    exchange = p.challenge(IMSI=subscriber().imsi)
    assert p.check_challenge(exchange.packet)  # for the card of EAP_ID
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1


# proves: A-065
def test_order_of_checks(phone, make_daemon):
    p = phone(at=make_daemon(device={"version_min": "6.0"}))
    assert p.target.request("PUT", "/?x").status == 405
    assert p.query(token="wrong", entitlement_version=None).status == 400
    assert p.query(token="wrong", entitlement_version="5.0").status == 406
    assert p.query(token="wrong", terminal_id=None).status == 400
    assert p.query(token="wrong").status == 511


# proves: A-066 X-048
def test_repeats_of_one_device_are_limited(phone, make_daemon):
    # Each worker counts for itself: the bound is that of all workers together.
    p = phone(at=make_daemon(server={"workers": 2}, limits={"device_per_minute": 30, "device_burst": 10}))
    replies = [p.query(token="wrong") for _ in range(40)]
    states = [reply.status for reply in replies]
    assert set(states) == {511, 503}
    assert 10 <= states.count(511) <= 24
    assert states[0] == 511
    late = replies[states.index(503)]
    assert re.fullmatch(r"[1-9][0-9]*", late.header("Retry-After"))
    other = client.Phone(p.target, p.imsi, p.usim.milenage.ki, p.usim.milenage.opc, "356000000000001")
    assert other.query(token="wrong").status == 511


def test_rings_of_keys_rotate_without_a_logout(phone, make_daemon, area):
    ring = os.path.join(area, "rotating.keys")
    first, second = os.urandom(32), os.urandom(32)
    harness.write_ring(ring, {1: first})
    daemon = make_daemon(auth={"token_keys": ring})
    p = phone(at=daemon)
    old = p.login().token_text
    harness.write_ring(ring, {1: first, 2: second})
    daemon.reload()
    assert p.ask(token=old).status("ap2004") == 1
    new = p.login().token_text
    assert p.ask(token=new).status("ap2004") == 1
    harness.write_ring(ring, {2: second})
    daemon.reload()
    assert p.query(token=old).status == 511
    assert p.ask(token=new).status("ap2004") == 1


def test_a_token_is_good_on_every_node(phone, make_daemon):
    one, two = make_daemon(), make_daemon()
    p = phone(at=one)
    p.login()
    assert p.ask(target=two.device).status("ap2004") == 1


# proves: A-003
def test_a_token_works_although_there_are_no_keys_of_the_card(phone, cluster):
    p = phone()
    p.login()
    cluster.sql("DELETE FROM auc WHERE imsi = %s", p.imsi)
    assert p.ask().status("ap2004") == 1


# proves: A-001
@pytest.mark.parametrize("app", ["ap2003", "ap2004", "ap2005", "ap2010", "ap2013", "ap2014", "ap2015", "ap2016"])
def test_the_card_is_asked_for_each_application(phone, app):
    p = phone()
    extra = {"operation": "AcquireTemporaryToken", "operation_targets": "GetPhoneNumber"} if app in ("ap2014", "ap2015") else {}
    assert p.check_challenge(p.challenge(app, **extra).packet)


# proves: X-030
@pytest.mark.parametrize("app", ["ap2003", "ap2004", "ap2005", "ap2010", "ap2013", "ap2016"])
def test_each_application_can_be_logged_in_to(phone, app):
    p = phone()
    document = p.login(app)
    assert list(document.apps) == [app]
    assert p.ask(app).content == document.content


# proves: A-053
def test_a_temporary_token_that_is_not_ours_is_401_and_no_challenge(phone):
    p = phone()
    for app in ("ap2004", "ap2009"):
        reply = p.get(p.parameters(app, temporary_token="unknown", operation="CheckEligibility"))
        assert reply.status == 401, app
        assert b"eap-relay-packet" not in reply.body


# proves: A-059
def test_a_token_counts_before_a_temporary_token(phone, daemon):
    p = phone()
    p.login()
    assert p.ask(temporary_token="unknown").status("ap2004") == 1
    assert p.query(token="damaged", temporary_token="unknown").status == 511
    daemon.wait_event("PARAM_IGNORED", text="temporary_token beside token")
