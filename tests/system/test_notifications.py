# SPDX-License-Identifier: Apache-2.0
"""Registration of push tokens in device requests (TS.43 2.6.2, 2.9.5)."""
import itertools

import pytest

from push_site import APNS_TOKEN, WNS_TOKEN, Providers

serial = itertools.count(1)


@pytest.fixture(scope="module")
def providers(area):
    with Providers(area) as found:
        yield found


@pytest.fixture
def server(site, providers):
    return site.daemon(notify={"gcm_as_fcm": True}, **providers.settings).start()


@pytest.fixture
def phone(site, server):
    p = site.phone(server)
    p.login()
    return p


def token():
    return f"fcm-token:{next(serial)}-abcDEF_0123456789"


def status(document, app="ap2004"):
    return document[app].get("RegisterNotifStatus")


def stored(site, p):
    return site.cluster.sql("SELECT channel, token, apps, app_name FROM push_registration WHERE imsi = %s ORDER BY id", p.imsi)


# proves: G-001 G-002 G-003
def test_registration_is_told_in_every_application_and_only_then(site, phone):
    t = token()
    document = phone.ask(["ap2003", "ap2004"], notif_action="2", notif_token=t)
    assert [status(document, app) for app in ("ap2003", "ap2004")] == ["0", "0"]
    assert stored(site, phone) == [(2, t, ["ap2003", "ap2004"], "")]
    assert "RegisterNotifStatus" not in phone.ask(["ap2003", "ap2004"]).text


# proves: G-001
def test_registration_in_a_full_authentication_and_in_json(site, server):
    p = site.phone(server)
    p.accept = "application/vnd.gsma.eap-relay.v1.0+json, application/json"
    t = token()
    assert status(p.login("ap2004", notif_action="2", notif_token=t, app_name="Carrier.App")) == "0"
    assert stored(site, p) == [(2, t, ["ap2004"], "carrier.app")]


# proves: G-004
def test_a_token_without_an_action_is_refused(site, phone):
    assert phone.query(notif_token=token()).status == 400
    assert stored(site, phone) == []


# proves: G-005
def test_each_action_is_a_channel_and_zero_disables(site, phone):
    tokens = {1: token(), 2: token(), 3: WNS_TOKEN, 4: APNS_TOKEN}
    for action, t in tokens.items():
        assert status(phone.ask(notif_action=str(action), notif_token=t)) == "0", action
        assert stored(site, phone) == [(action, t, ["ap2004"], "")], "the new token replaces the former one"
    assert status(phone.ask(notif_action="0", notif_token=APNS_TOKEN)) == "0"
    assert stored(site, phone) == []


# proves: G-006 G-022
@pytest.mark.parametrize("action,t", [
    ("9", "fcm-token"), ("77777777777", "fcm-token"), ("2", "white space"), ("4", "not-hex"), ("4", "abc"),
    ("3", "https://10.0.0.1/"), ("3", "http://db5p.notify.windows.com/?t=1"), ("3", "https://notify.windows.com/"),
    ("3", "https://x.notify.windows.com.evil.example/"), ("3", "https://u@x.notify.windows.com/"),
    ("3", "https://x.notify.windows.com:8443/"), ("3", "https://10.0.0.1#.notify.windows.com/")])
def test_tokens_that_nothing_could_be_sent_to_are_invalid(site, phone, action, t):
    document = phone.ask(notif_action=action, notif_token=t)
    assert status(document) == "1"
    assert document.status("ap2004") == 1
    assert stored(site, phone) == []


# proves: G-006
def test_channels_that_are_not_configured_are_invalid(site, providers):
    server = site.daemon(fcm=providers.fcm).start()
    p = site.phone(server)
    assert status(p.login(notif_action="1", notif_token=token())) == "1"  # GCM, by default
    assert status(p.ask(notif_action="4", notif_token=APNS_TOKEN)) == "1"
    assert status(p.ask(notif_action="2", notif_token=token())) == "0"


# proves: G-007
def test_same_token_again_elsewhere_and_disabling_what_is_unknown(site, server, phone):
    t = token()
    assert status(phone.ask(notif_action="2", notif_token=t)) == "0"
    assert status(phone.ask(notif_action="2", notif_token=t)) == "0"
    other = site.phone(server)
    assert status(other.login(notif_action="2", notif_token=t)) == "2"
    other.terminal_id = phone.terminal_id  # the same device, another subscription
    assert status(other.login(notif_action="2", notif_token=t)) == "2"
    assert stored(site, other) == []
    assert status(phone.ask(notif_action="0", notif_token=token())) == "0"
    assert len(stored(site, phone)) == 1


# proves: G-008
def test_registration_by_post_and_beside_operations(site, server, phone):
    t = token()
    body = phone.json_parameters("ap2004", token=phone.token, notif_action=2, notif_token=t)
    assert status(phone.post(body).document()) == "0"
    assert [row[2] for row in stored(site, phone)] == [["ap2004"]]
    other, more = site.phone(server), {"companion_terminal_id": "98112687006099", "notif_action": "2", "notif_token": token()}
    assert status(other.login(["ap2004", "ap2006"], operation="AcquireConfiguration", **more), "ap2006") == "0"
    assert status(other.ask(["ap2004", "ap2006"], operation="CheckEligibility", **more), "ap2006") == "0"
    assert [row[2] for row in stored(site, other)] == [["ap2004", "ap2006"]]


# proves: G-009
def test_only_authenticated_requests_register(site, phone):
    t = token()
    reply = phone.query(token="x" * 40, notif_action="2", notif_token=t)
    assert reply.status == 511, reply
    exchange = phone.challenge(notif_action="2", notif_token=t)
    assert stored(site, phone) == []
    reply = phone.relay(exchange, phone.solve(exchange.packet, res=b"\0" * 8))
    assert reply.status == 403, reply
    phone.line.revoke()
    assert phone.query(notif_action="2", notif_token=t).status == 511
    assert stored(site, phone) == []


def test_a_server_does_not_register_itself_for_the_line_of_its_temporary_token(site, providers):
    d = site.daemon(notify={"gcm_as_fcm": True}, device={"offered": ["ap2004", "ap2014"]}, number={"sim_id_key": "ab" * 32},
                    **providers.settings).start()
    p = site.phone(d)
    p.login("ap2014", operation=None)
    text = p.ask("ap2014", operation="AcquireTemporaryToken", operation_targets="GetPhoneNumber")["ap2014"]["TemporaryToken"]
    reply = p.get(p.parameters("ap2014", operation="GetPhoneNumber", temporary_token=text, notif_action="2", notif_token=token()))
    found = reply.document(token=False)["ap2014"]
    assert found["MSISDN"] == "+" + p.line.msisdn and found["RegisterNotifStatus"] != "0"
    assert stored(site, p) == []
    assert status(p.ask("ap2014", operation="GetPhoneNumber", notif_action="2", notif_token=token()), "ap2014") == "0"
    assert len(stored(site, p)) == 1


def test_a_device_that_repeats_itself_writes_nothing(site, server, phone):
    t = token()
    apps = ["ap2003", "ap2004", "ap2005"]
    assert status(phone.ask(apps, notif_action="2", notif_token=t)) == "0"
    before = site.cluster.sql("SELECT xmin::text, ctid::text FROM push_registration WHERE imsi = %s", phone.imsi)
    known = server.metric("ecs_push_registrations_total", outcome="known")
    for some in (apps, apps[1:2], apps[:2]):
        assert status(phone.ask(some, notif_action="2", notif_token=t), some[0]) == "0"
    assert site.cluster.sql("SELECT xmin::text, ctid::text FROM push_registration WHERE imsi = %s", phone.imsi) == before
    assert server.metric("ecs_push_registrations_total", outcome="known") == known + 3


# proves: V-027
def test_validity_is_short_while_open_unless_the_device_can_be_called(site, server, phone):
    phone.line.service("vowifi", prov_status=3)
    assert phone.ask().status("ap2004") == 3
    assert phone.ask().validity < 600
    t = token()
    assert phone.ask(notif_action="2", notif_token=t).validity >= 600
    assert phone.ask().validity >= 600, "registered by an earlier request"
    assert phone.ask("ap2003", entitlement_version="2.0").validity >= 1
    assert phone.ask(notif_action="0", notif_token=t).validity < 600
    assert phone.ask().validity < 600


def test_care_agents_see_registrations_masked(site, server, phone):
    t = token()
    phone.ask(notif_action="2", notif_token=t)
    code, shown = server.admin("GET", f"/v1/subscribers/{phone.imsi}")
    assert code == 200
    assert [(r["channel"], r["apps"], r["failures"]) for r in shown["registrations"]] == [("fcm", ["ap2004"], 0)]
    assert t not in str(shown) and phone.terminal_id not in str(shown)
    assert t not in server.text()
