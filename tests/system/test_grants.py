# SPDX-License-Identifier: Apache-2.0
"""Tokens for third parties (TS.43 2.8.6, 14), operations that are not served, misused tokens, changed cards and devices."""
import datetime
import re
import subprocess
import time
import uuid

import pytest

import client
import harness
import partner

SERVER = {"terminal_id": None, "terminal_vendor": "none", "terminal_model": "none", "requestor_id": "shop-77"}


@pytest.fixture
def issue(daemon):
    """Function: a token made by hand, the shared daemon's or at=...; its text."""
    def make(imsi, *operations, at=None, app="ap2014", kind="temporary", **more):
        status, found = (at or daemon).admin("POST", "/v1/grants", {"kind": kind, "imsi": imsi, "app": app,
                                                                    "operations": list(operations), **more})
        assert status == 200, found
        return found["token"]
    return make


def call(phone, token, operation="GetPhoneNumber", app="ap2014", name="temporary_token", **more):
    """A request of an application server."""
    values = {**SERVER, name: token, "operation": operation, **more}
    return phone.get(phone.parameters([app] if isinstance(app, str) else app, **values))


# ---- temporary tokens ----

# proves: A-051
def test_a_temporary_token_opens_its_operation_with_its_application_until_it_expires(phone, daemon, issue):
    p = phone()
    token = issue(p.imsi, "GetPhoneNumber", life_s=2)
    assert re.fullmatch(r"[a-z2-7]{52}", token)
    assert call(p, token).status == 405  # proven, but the operation comes with a later release
    assert call(p, token, "GetSubscriberInfo").status == 403
    assert call(p, token, "VerifyPhoneNumber", app="ap2015").status == 403
    assert call(p, token, "CheckEligibility", app="ap2009").status == 403
    assert call(p, token, app="ap2004").status == 403
    time.sleep(2.2)
    assert call(p, token).status == 401


# proves: A-052
@pytest.mark.parametrize("change", [{"operation": None}, {"operation": ""}, {"operation": "Foo"}, {"entitlement_version": None},
                                    {"app": ["ap2004", "ap2014"]}, {"app": ["ap2006", "ap2014"]}, {"app": []}])
def test_a_third_partys_request_with_a_missing_or_wrong_parameter_is_400(phone, issue, change):
    p = phone()
    assert call(p, issue(p.imsi, "GetPhoneNumber"), **change).status == 400


# proves: A-053 P-058
@pytest.mark.parametrize("token", ["unknown", "x" * 52, "7" * 52, "A" * 52, "a" * 51, "a" * 4000, "'; --", "ä" * 26],
                         ids=lambda t: t[:6])
def test_a_temporary_token_that_is_none_is_401_without_a_challenge(phone, token):
    p = phone()
    reply = call(p, token)
    assert reply.status == 401
    assert b"eap-relay" not in reply.body and reply.header("Set-Cookie") is None
    assert p.query(token=token).status == 511


# proves: A-053
def test_a_changed_character_makes_a_temporary_token_void(phone, issue):
    p = phone()
    token = issue(p.imsi, "GetPhoneNumber")
    for at in range(0, len(token), 7):
        other = "a" if token[at] != "a" else "b"
        assert call(p, token[:at] + other + token[at + 1:]).status == 401, at
    assert call(p, token.upper()).status == 401
    assert call(p, token).status == 405


# proves: A-054
def test_an_operation_that_the_token_does_not_cover_is_403(phone, issue):
    p = phone()
    assert call(p, issue(p.imsi, "GetPhoneNumber"), "GetSubscriberInfo").status == 403
    assert call(p, issue(p.imsi, "GetPhoneNumber"), "getphonenumber").status == 405


def test_a_token_for_some_requestors_is_403_for_others(phone, issue):
    p = phone()
    token = issue(p.imsi, "GetPhoneNumber", requestors=["Shop-77", "bank"])
    assert call(p, token).status == 405
    assert call(p, token, requestor_id="BANK").status == 405
    assert call(p, token, requestor_id="shop-78").status == 403
    assert call(p, token, requestor_id=None, terminal_id=p.terminal_id).status == 403


def test_a_token_of_a_subscriber_who_has_gone_is_404(phone, issue, cluster):
    p = phone()
    token = issue(p.imsi, "GetPhoneNumber")
    cluster.sql("DELETE FROM subscriber WHERE imsi = %s", p.imsi)
    assert call(p, token).status == 404


# proves: A-056
def test_an_internal_fault_is_500_and_a_lost_database_503(site):
    daemon = site.daemon().start()
    p = site.phone(daemon)
    status, found = daemon.admin("POST", "/v1/grants", {"kind": "temporary", "imsi": p.imsi, "app": "ap2014",
                                                        "operations": ["GetPhoneNumber"]})
    assert status == 200
    assert call(p, found["token"]).status == 405
    site.cluster.sql("ALTER TABLE grant_token RENAME TO broken")
    try:
        assert call(p, found["token"]).status == 500
    finally:
        site.cluster.sql("ALTER TABLE broken RENAME TO grant_token")
    site.cluster.stop()
    reply = call(p, found["token"])
    assert reply.status == 503 and int(reply.header("Retry-After")) > 0


# proves: A-057
def test_a_temporary_token_lives_five_minutes_at_most(phone, daemon):
    p = phone()
    for life in ({}, {"life_s": 86400}):
        status, found = daemon.admin("POST", "/v1/grants", {"kind": "temporary", "imsi": p.imsi, "app": "ap2014",
                                                            "operations": ["GetPhoneNumber"], **life})
        assert status == 200
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["expires_at"])
        left = datetime.datetime.fromisoformat(found["expires_at"].replace("Z", "+00:00")) - \
            datetime.datetime.now(datetime.timezone.utc)
        assert 290 <= left.total_seconds() <= 300
        assert len(found["token"]) < 4096


# proves: A-058
def test_an_ended_token_is_401(phone, daemon, issue, ctl):
    p = phone()
    token, other = issue(p.imsi, "GetPhoneNumber"), issue(p.imsi, "GetSubscriberInfo")
    assert daemon.admin("POST", "/v1/grants/end", {"token": token}) == (200, {"ended": 1})
    assert daemon.admin("POST", "/v1/grants/end", {"token": token})[0] == 404
    assert call(p, token).status == 401
    assert call(p, other, "GetSubscriberInfo").status == 405
    assert daemon.admin("POST", "/v1/grants/end", {"imsi": p.imsi}) == (200, {"ended": 1})
    assert call(p, other, "GetSubscriberInfo").status == 401


def test_revoking_a_subscriber_ends_its_temporary_tokens(phone, daemon, issue):
    p = phone()
    token = issue(p.imsi, "GetPhoneNumber")
    assert daemon.admin("POST", f"/v1/subscribers/{p.imsi}/revoke", {})[0] == 200
    assert call(p, token).status == 401


# proves: A-059
def test_beside_a_token_a_temporary_token_does_not_count(phone, daemon, issue, subscriber):
    p = phone()
    p.login()
    other = subscriber()
    before = daemon.mark()
    assert p.ask(temporary_token=issue(other.imsi, "GetPhoneNumber")).content == p.ask().content
    daemon.wait_event("PARAM_IGNORED", before, "temporary_token beside token")


# proves: A-063
def test_an_operator_token_opens_the_consuming_operations_and_nothing_else(phone, issue, daemon):
    p = phone()
    token = issue(p.imsi, "VerifyPhoneNumber", "ValidateOperatorToken", app="ap2015", kind="operator")

    def consume(operation, app="ap2015", text=token):
        return call(p, text, operation, app, "operator_token").status

    assert consume("VerifyPhoneNumber") == consume("ValidateOperatorToken") == 405
    assert consume("GetSubscriberDeviceInfo") == 403
    assert consume("CheckEligibility", "ap2009") == 403
    assert consume("VerifyPhoneNumber", "ap2014") == 403
    assert consume("VerifyPhoneNumber", "ap2004") == 403
    assert consume("VerifyPhoneNumber", text="unknown") == 401
    assert call(p, token, "VerifyPhoneNumber", "ap2015").status == 401  # it is no temporary token
    for operations, app in ((["GetPhoneNumber"], "ap2014"), (["AcquireOperatorToken"], "ap2015")):
        assert daemon.admin("POST", "/v1/grants", {"kind": "operator", "imsi": p.imsi, "app": app,
                                                   "operations": operations})[0] == 400


def test_tokens_and_numbers_are_neither_in_the_log_nor_in_the_database(phone, daemon, issue, cluster):
    p = phone()
    before = daemon.mark()
    token = issue(p.imsi, "GetPhoneNumber")
    assert call(p, token).status == 405
    time.sleep(0.2)
    text = daemon.text(before)
    assert token not in text and p.imsi not in text
    assert cluster.one("SELECT count(*) FROM grant_token t WHERE t::text ILIKE %s", f"%{token}%") == 0


def test_making_tokens_is_refused_in_words(daemon, subscriber):
    line = subscriber()
    good = {"kind": "temporary", "imsi": line.imsi, "app": "ap2014", "operations": ["GetPhoneNumber"]}
    for change, status, field in (({"kind": "other"}, 400, "kind"), ({"imsi": "1"}, 400, "imsi"), ({"imsi": "001019999999999"}, 404, None),
                                  ({"app": "ap9999"}, 400, "app"), ({"operations": []}, 400, "operations"),
                                  ({"operations": ["Foo"]}, 400, "operations"), ({"operations": ["ManageSubscription"]}, 400, "operations"),
                                  ({"operations": ["AcquireTemporaryToken"]}, 400, None), ({"life_s": 0}, 400, "life_s"),
                                  ({"terminal_id": "a b"}, 400, "terminal_id"), ({"requestors": ["x" * 129]}, 400, None)):
        found = daemon.admin("POST", "/v1/grants", {**good, **change})
        assert found[0] == status, (change, found)
        assert found[1].get("field") == field, (change, found)
    for _ in range(20):
        assert daemon.admin("POST", "/v1/grants", good)[0] == 200
    assert daemon.admin("POST", "/v1/grants", good)[0] == 503


def test_the_command_makes_and_ends_tokens(daemon, phone, ctl, cluster):
    p = phone()
    told = ctl("token", "issue", "--imsi", p.imsi, "--app", "ap2014", "--operation", "GetPhoneNumber", "--life", "2m",
               conf=daemon.conf_path).stdout
    token = re.search(r"token:\s+([a-z2-7]{52})", told).group(1)
    assert call(p, token).status == 405
    assert "ended" in ctl("token", "end", "--token", token, conf=daemon.conf_path).stdout
    assert call(p, token).status == 401
    actions = [row[0] for row in cluster.sql("SELECT action FROM audit WHERE action LIKE 'grant.%%' ORDER BY id DESC LIMIT 2")]
    assert actions == ["grant.end", "grant.issue"]
    assert ctl("token", "issue", "--imsi", p.imsi, check=False, conf=daemon.conf_path).returncode == 2


@pytest.mark.parametrize("uses", ["Foo=1", "GetPhoneNumber", "GetPhoneNumber=0", "GetPhoneNumber=x"])
def test_uses_that_cannot_be_read_are_told(build, make_daemon, uses):
    daemon = make_daemon(start=False, grants={"uses": [uses]})
    done = subprocess.run([build.daemon, "--check=files", "-c", daemon.conf_path], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert done.returncode != 0 and "ManageSubscription=10" in done.stderr + done.stdout, done


# ---- operations that are not served ----

# proves: P-054 N-004 P-024
@pytest.mark.parametrize("app,operation", [("ap2011", "AcquirePlan"), ("ap2014", "GetPhoneNumber"), ("ap2014", "getphonenumber"),
                                           ("ap2009", "ManageSubscription"), ("ap2015", "AcquireOperatorToken")])
def test_a_known_operation_that_is_not_served_is_405(phone, app, operation):
    p = phone()
    exchange = p.challenge([app], operation=operation)
    reply = p.relay(exchange, p.solve(exchange.packet))
    assert reply.status == 405 and reply.header("Allow")
    p.login()
    groups = p.login([app], operation=None).token_text
    assert p.query([app], token=groups, operation=operation).status == 405


# proves: O-004
@pytest.mark.parametrize("operation", ["Foo", "GetPhoneNumber", "checkeligibilit"])
def test_an_unknown_operation_is_101(phone, operation):
    p = phone()
    assert p.login(["ap2009"], operation=operation)["ap2009"]["OperationResult"] == "101"


# proves: O-006 P-054
def test_the_optional_operation_is_103(phone):
    p = phone()
    document = p.login(["ap2006", "ap2004"], operation="manageservice", operation_type="10")
    assert document["ap2006"]["OperationResult"] == "103"
    assert document.status("ap2004") == 1


# proves: P-013
def test_plain_applications_beside_an_operation_keep_their_answers(phone):
    document = phone().login(["ap2014", "ap2004"], operation="GetPhoneNumber")
    assert document["ap2014"]["OperationResult"] == "100" and document.status("ap2004") == 1


# ---- misused tokens ----

def test_a_token_from_another_device_is_told_and_in_the_end_voids_all(phone, make_daemon, lines):
    daemon = make_daemon(auth={"token_misuse": 3, "token_misuse_window": "1h"})
    p = phone(at=daemon)
    p.login()
    before = daemon.mark()
    for number in range(1, 4):
        assert p.query().status == 200
        assert p.query(terminal_id=lines.imei()).status == 511
        harness.wait_for(lambda: daemon.metric("ecs_token_misuse_total") == number, 5, "counted")
    daemon.wait_event("TOKEN_REVOKED", before, "misused 3 times")
    assert p.query().status == 511
    told = daemon.wait_event("TOKEN_MISUSE", before)
    assert p.imsi not in daemon.text(before) and p.imsi[-3:] in str(told)
    assert daemon.metric("ecs_token_misuse_revoked_total") == 1
    old = p.token
    p.login()
    for _ in range(6):
        assert p.query(token=old, terminal_id=lines.imei()).status == 511
    time.sleep(0.3)
    assert p.query().status == 200  # a void token does no harm


def test_a_card_that_moved_to_another_phone_is_no_misuse(phone, daemon, lines):
    p = phone()
    p.login()
    count = daemon.metric("ecs_token_misuse_total")
    p.terminal_id = lines.imei()
    p.challenge(token=p.token)  # EAP_ID beside it
    assert daemon.metric("ecs_token_misuse_total") == count


# ---- changed cards and devices ----

def facts(daemon, p, terminal_id=None):
    status, found = daemon.admin("POST", "/v1/explain", {"imsi": p.imsi, "app": "vowifi", "terminal_id": terminal_id or p.terminal_id})
    assert status == 200, found
    return found["facts"]


def age(text):
    return time.time() - datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_a_changed_device_is_a_fact_written_at_full_authentication_only(phone, daemon, lines, cluster):
    p = phone()
    assert "device.changed" not in facts(daemon, p)
    p.login()
    harness.wait_for(lambda: "device.since" in facts(daemon, p), 5, "the device is remembered")
    first = facts(daemon, p)
    assert first["device.changed"] == "no" and age(first["device.since"]) < 30

    def row():
        return cluster.one("SELECT xmin::text || ' ' || revision FROM subscriber WHERE imsi = %s", p.imsi)

    before = row()
    p.ask()
    p.login()
    time.sleep(0.3)
    assert row() == before  # nothing is written for the same device
    other = client.Phone(p.target, p.imsi, p.line.ki, p.line.opc, lines.imei(), sqn=p.usim.sqn if hasattr(p.usim, "sqn") else 0)
    assert facts(daemon, other)["device.changed"] == "yes" and "device.since" not in facts(daemon, other)
    p.terminal_id, old = other.terminal_id, p.terminal_id
    p.login()
    harness.wait_for(lambda: facts(daemon, p).get("device.changed") == "no", 5, "the new device is remembered")
    assert facts(daemon, p, old)["device.changed"] == "yes"


def test_a_changed_card_is_a_fact(daemon, phone, cluster):
    p = phone()
    assert "line.sim_changed" not in facts(daemon, p)
    cluster.sql("UPDATE subscriber SET iccid = '89490000000000000011' WHERE imsi = %s", p.imsi)
    assert "line.sim_changed" not in facts(daemon, p)  # the first one that is known
    cluster.sql("UPDATE subscriber SET iccid = '89490000000000000029' WHERE imsi = %s", p.imsi)
    assert age(facts(daemon, p)["line.sim_changed"]) < 30


def test_a_number_that_comes_from_another_line_is_a_changed_card(daemon, phone, cluster):
    old, new = phone(), phone()
    number = f"4677{uuid.uuid4().int % 10**8:08d}"
    cluster.sql("UPDATE subscriber SET msisdn = %s WHERE imsi = %s", number, old.imsi)
    assert "line.sim_changed" not in facts(daemon, old)
    cluster.sql("UPDATE subscriber SET msisdn = %s WHERE imsi = %s", number, new.imsi)
    assert age(facts(daemon, new)["line.sim_changed"]) < 30
    assert "line.sim_changed" not in facts(daemon, old)


def test_a_new_line_with_the_number_of_an_old_one_is_a_changed_card(daemon, phone, cluster):
    old, first, second = phone(), "001018111111101", "001018111111102"
    cluster.sql("INSERT INTO subscriber (imsi, plan, msisdn) VALUES (%s, 'full', %s), (%s, 'full', '46799990001'), "
                "('001018111111103', 'full', '46799990001')", first, old.line.msisdn, second)
    try:
        for imsi, changed in ((first, True), (second, False), ("001018111111103", False), (old.imsi, False)):
            found = daemon.admin("POST", "/v1/explain", {"imsi": imsi, "app": "vowifi"})[1]["facts"]
            assert ("line.sim_changed" in found) is changed, imsi
    finally:
        cluster.sql("DELETE FROM subscriber WHERE imsi LIKE '0010181111111%%'")


# ---- beside an access token of the calling server ----

SECRET = "shop-77-secret-0123456789abcdef-0123456789"


@pytest.fixture(scope="module")
def guarded(make_module_daemon):
    """A daemon that demands registered callers: shop-77 with an access token, bank without one."""
    def caller(**more):
        return {"applications": ["ap2014", "ap2015"], "operations": ["GetPhoneNumber", "GetSubscriberInfo", "VerifyPhoneNumber"],
                "authentication": ["client_secret_basic"], **more}

    return make_module_daemon(web={"public_url": "https://aes.example.net"}, oauth={"enabled": True}, server_callers=[
        caller(client_id="shop", requestor_ids=["shop-77"], client_secret=SECRET),
        caller(client_id="bank", requestor_ids=["bank-1"], client_secret=SECRET + "2", access_token_required=False)])


# proves: A-049 A-050 N-006
def test_where_callers_are_demanded_both_tokens_must_be_good(guarded, phone, issue):
    p = phone(at=guarded)
    endpoint = partner.Endpoint(guarded)
    access = endpoint.by_basic("shop", SECRET).token
    assert access

    def ask(**more):
        return call(p, issue(p.imsi, "GetPhoneNumber", at=guarded), **more).status

    assert ask(access_token=access) == 405  # proven, the operation comes later
    assert ask() == 403
    assert ask(requestor_id=None, terminal_id=p.terminal_id) == 403
    assert ask(requestor_id="nobody", access_token=access) == 403
    assert ask(requestor_id="bank-1", access_token=access) == 403
    assert ask(requestor_id="bank-1") == 405
    assert ask(access_token="damaged") == 403
    assert call(p, "a" * 52, access_token=access).status == 401
    bearer = [("Authorization", f"Bearer {access}")]
    parameters = p.parameters(["ap2014"], **SERVER, temporary_token=issue(p.imsi, "GetPhoneNumber", at=guarded), operation="GetPhoneNumber")
    assert p.get(parameters, bearer).status == 405


def test_a_phone_with_a_temporary_token_is_no_calling_server(guarded, phone, issue):
    old, new = phone(at=guarded), phone(at=guarded)
    token = issue(old.imsi, "ManageSubscription", "AcquireConfiguration", at=guarded, app="ap2009")
    parameters = new.parameters(["ap2009"], temporary_token=token, operation="ManageSubscription", operation_type="3")
    assert new.get(parameters).status == 405
    parameters = new.parameters(["ap2009"], temporary_token=token, operation="CheckEligibility")
    block = new.get(parameters).document(token=False)["ap2009"]
    assert block["OperationResult"] == "100" and block["PrimaryAppEligibility"] == "2"


# ---- rows that end ----

def test_rows_that_have_ended_are_removed(daemon, phone, issue, cluster):
    p = phone()
    issue(p.imsi, "GetPhoneNumber", life_s=1)
    cluster.sql("INSERT INTO token_misuse (imsi, generation, window_started) VALUES ('00101999', 0, now() - interval '9 days')")
    cluster.sql("INSERT INTO portal_flow (reference, partner, expires_at) VALUES (%s, 'x', now() - interval '2 days')", b"r" * 32)
    cluster.sql("INSERT INTO portal_event (partner, event_id, request, revision, outcome, at) VALUES ('x', 'y', %s, 0, 'open', "
                "now() - interval '31 days')", b"q" * 32)

    def left():
        return [cluster.one(text) for text in (
            f"SELECT count(*) FROM grant_token WHERE imsi = '{p.imsi}'", "SELECT count(*) FROM token_misuse WHERE imsi = '00101999'",
            "SELECT count(*) FROM portal_flow WHERE partner = 'x'", "SELECT count(*) FROM portal_event WHERE partner = 'x'")]

    harness.wait_for(lambda: left() == [0, 0, 0, 0], 10, left)
