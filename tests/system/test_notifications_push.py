# SPDX-License-Identifier: Apache-2.0
"""From a change in the database to the push at the provider: what is sent, when, by whom, and what the answers do."""
import collections
import datetime
import hashlib
import hmac
import itertools
import json
import os
import signal
import subprocess
import time

import pytest

import harness
from push_site import SEND, STAMP, Centre, Providers

serial = itertools.count(1)
FAST = {"policy_delay": "0s", "channel_pause": "2s", "lease": "5s"}


@pytest.fixture(scope="module")
def all_providers(area):
    with Providers(area) as found:
        yield found


@pytest.fixture
def providers(all_providers):
    all_providers.clear()
    return all_providers


@pytest.fixture
def server(site, providers):
    return site.daemon(notify=FAST, fcm=providers.fcm).start()


def registered(site, server, *apps, **what):
    """A phone that has registered a token (p.push)."""
    p = site.phone(server, **what)
    p.push = f"tok-{next(serial)}"
    document = p.login(list(apps) or ["ap2003", "ap2004", "ap2005"], notif_action="2", notif_token=p.push)
    assert {block["RegisterNotifStatus"] for block in document.apps.values()} == {"0"}
    return p


def waiting(site, p):
    return site.cluster.one("SELECT count(*) FROM notification WHERE imsi = %s", p.imsi)


def entitlementctl(site, server, *arguments, check=True):
    done = subprocess.run([site.build.ctl, "-c", server.conf_path, *arguments], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert not check or done.returncode == 0, done.stderr + done.stdout
    return done


# proves: G-010 G-011 G-013 G-021 X-052
def test_a_change_by_the_operator_is_pushed_within_two_seconds(site, server, providers):
    p = registered(site, server)
    begun = time.monotonic()
    code, _ = server.admin("PUT", f"/v1/subscribers/{p.imsi}/services/vowifi", {"override": "deny"})
    assert code == 200
    message = providers.wait(1, p.push)[0]
    assert time.monotonic() - begun < 2
    assert set(message["data"]) == {"app", "timestamp"}
    assert "ap2004" in message["data"]["app"]
    assert STAMP.fullmatch(message["data"]["timestamp"])
    for secret in (p.imsi, p.line.msisdn, p.terminal_id, "deny", "EntitlementStatus"):
        assert secret not in json.dumps(message)
    time.sleep(1.2)
    assert len(providers.pushes(p.push)) == 1 and waiting(site, p) == 0


# proves: X-052 G-011
def test_two_pushes_have_rising_timestamps_and_name_ap2004(site, server, providers):
    p = registered(site, server)
    stamps = []
    for number in range(1, 4):
        p.line.service("vonr", override="deny" if number % 2 else "allow")
        data = providers.wait(number, p.push)[-1]["data"]
        assert "ap2004" in data["app"] and "ap2003" in data["app"]
        stamps.append(datetime.datetime.fromisoformat(data["timestamp"].replace("Z", "+00:00")))
    assert stamps == sorted(set(stamps))


# proves: G-019
def test_the_request_right_after_the_push_sees_the_new_state(site, server, providers):
    p = registered(site, server)
    for number, (word, status) in enumerate([("deny", 2), ("allow", 1), ("deny", 2), ("none", 1)], 1):
        p.line.service("vowifi", override=word)
        providers.wait(number, p.push)
        assert p.ask().status("ap2004") == status, word


def test_only_devices_of_the_changed_application_are_called(site, server, providers):
    phone, other = registered(site, server, "ap2004"), registered(site, server)
    phone.line.service("smsoip", override="deny")
    other.line.service("vowifi", flow_closed_at=datetime.datetime.now(datetime.timezone.utc))
    providers.wait(1, phone.push)  # by ap2004, which the text always names
    assert "ap2004" in providers.pushes(phone.push)[0]["data"]["app"]
    time.sleep(1)
    assert providers.pushes(other.push) == []


# proves: G-012
def test_any_application_can_be_named(site, server, providers):
    p = registered(site, server, "ap2012", "ap2010", "ap2016", "ap2004")
    assert server.admin("POST", f"/v1/subscribers/{p.imsi}/notify", {"apps": ["ap2012"]}) == (
        200, {"imsi": p.imsi, "queued": 1})
    assert providers.wait(1, p.push)[0]["data"]["app"] == "ap2012"
    assert server.admin("POST", f"/v1/subscribers/{p.imsi}/notify", {"apps": ["ap2016", "ap2010"]})[0] == 200
    assert json.loads(providers.wait(2, p.push)[1]["data"]["app"]) == ["ap2010", "ap2016"]
    p.line.set(line_state="barred")
    assert json.loads(providers.wait(3, p.push)[2]["data"]["app"]) == ["ap2004", "ap2010", "ap2012", "ap2016"]
    assert server.admin("POST", f"/v1/subscribers/{p.imsi}/notify", {"apps": ["ap2013"]})[1]["queued"] == 0


# proves: G-020
def test_a_dead_token_is_deleted_and_not_tried_again(site, server, providers):
    p = registered(site, server)
    watch = registered(site, server)
    providers.clear({"path": SEND, "times": 1, "status": 404, "json": {"error": {"code": 404, "status": "NOT_FOUND", "details": [
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"}]}}})
    p.line.service("vowifi", override="deny")
    providers.wait(1, p.push)
    harness.wait_for(lambda: not site.cluster.sql("SELECT id FROM push_registration WHERE imsi = %s", p.imsi), 5,
                     "the registration is still there")
    assert site.cluster.one("SELECT count(*) FROM push_registration WHERE imsi = %s", watch.imsi) == 1
    p.line.service("vowifi", override="allow")
    time.sleep(1)
    assert len(providers.pushes(p.push)) == 1
    assert server.metric("ecs_notifications_total", channel="fcm", **{"class": "drop"}) == 1


# proves: G-020
def test_a_throttled_push_is_repeated_after_the_time_that_the_provider_asks_for(site, server, providers):
    p = registered(site, server)
    providers.clear({"path": SEND, "times": 1, "status": 503, "headers": {"Retry-After": "12"}, "json": {"error": {
        "code": 503, "status": "UNAVAILABLE"}}})
    p.line.service("vowifi", override="deny")
    providers.wait(1, p.push)
    left = harness.wait_for(lambda: site.cluster.one(
        "SELECT coalesce(max(extract(epoch FROM not_before - now())::int), 0) FROM notification WHERE imsi = %s AND "
        "leased_until IS NULL", p.imsi), 5, "the row is not put off")
    assert 9 <= left <= 12, left
    site.cluster.sql("UPDATE notification SET not_before = now()")  # as if the time were over
    providers.wait(2, p.push)
    harness.wait_for(lambda: waiting(site, p) == 0, 3, "the row is still there")


def test_refused_credentials_stop_the_channel_with_one_alarm(site, server, providers):
    phones = [registered(site, server) for _ in range(3)]
    providers.clear({"path": SEND, "times": 3, "status": 403, "json": {"error": {"code": 403, "status": "PERMISSION_DENIED"}}})
    begun = server.mark()
    for p in phones:
        p.line.service("vowifi", override="deny")
    server.wait_event("CHANNEL_STOPPED", begun, "fcm")
    assert server.metric("ecs_notify_channel_stopped", channel="fcm") == 1
    for p in phones:
        harness.wait_for(lambda p=p: waiting(site, p) == 0, 10, "not sent after the pause")
    assert len(server.events("CHANNEL_STOPPED", begun)) <= 2
    assert server.metric("ecs_notify_channel_stopped", channel="fcm") == 0


# proves: V-022
def test_an_address_that_expires_is_answered_as_missing_and_pushed(site, server, providers):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    p = registered(site, server)
    p.line.service("vowifi", addr_status=1, addr_expiry=soon)
    providers.wait(1, p.push)
    block = p.ask()["ap2004"]
    assert (block["EntitlementStatus"], block["AddrStatus"]) == ("1", "1")
    before = p.ask().version
    data = providers.wait(2, p.push, 10)[-1]["data"]
    assert datetime.datetime.now(datetime.timezone.utc) >= soon
    assert "ap2004" in data["app"]
    document = p.ask()
    assert (document["ap2004"]["EntitlementStatus"], document["ap2004"]["AddrStatus"]) == ("0", "0")
    assert document.version > before


def test_a_new_policy_is_told_to_all(site, server, providers, tmp_path):
    phones = [registered(site, server) for _ in range(3)]
    policy = tmp_path / "policy.d"
    policy.mkdir()
    for name in harness.policy_files():
        text = open(os.path.join(harness.ROOT, "conf", "policy.d", name), encoding="utf-8").read()
        (policy / name).write_text(text.replace("validity: 2d", f"validity: {next(serial) + 100}m"))
    server.write(policy={"directory": str(policy)})
    server.reload()
    for p in phones:
        message = providers.wait(1, p.push, 8)[0]
        assert "ap2004" in message["data"]["app"]
    # the next test's devices are not to hear of it
    harness.wait_for(lambda: not site.cluster.sql("SELECT 1 FROM notify_campaign WHERE done_at IS NULL"), 30, "the campaign's end")


def test_the_operator_calls_devices_and_sees_how_it_goes(site, server, providers):
    p, other = registered(site, server), registered(site, server, features=["vowifi"])
    assert "queued: 1" in entitlementctl(site, server, "notify", p.imsi, "--apps", "ap2004").stdout.replace("  ", " ")
    assert providers.wait(1, p.push)[0]["data"]["app"] == "ap2004"
    entitlementctl(site, server, "notify", "--msisdn", p.line.msisdn)
    assert "ap2005" in providers.wait(2, p.push)[1]["data"]["app"]
    entitlementctl(site, server, "notify", "--plan", f"p{other.imsi}", "--apps", "ap2003,vowifi", "--spread", "0")
    providers.wait(1, other.push)
    entitlementctl(site, server, "notify", "--all")
    providers.wait(2, other.push)
    providers.wait(3, p.push)
    harness.wait_for(lambda: server.admin("GET", "/v1/notifications")[1]["waiting"] == 0, 10, "the outbox is not empty")
    code, state = server.admin("GET", "/v1/notifications")
    assert code == 200 and state["enabled"]
    assert [c["scope"] for c in state["campaigns"][:2]] == ["all", "plan"] and all(c["done_at"] for c in state["campaigns"])
    assert {c["channel"]: c["configured"] for c in state["channels"]} == {
        "gcm": False, "fcm": True, "wns": False, "apns": False, "sms": False, "webhook": False}
    assert "CAMPAIGNS" in entitlementctl(site, server, "notify", "status").stdout.upper()
    for wrong in (["notify"], ["notify", p.imsi, "--all"], ["notify", "--all", "--spread", "soon"], ["notify", p.imsi, "--spread",
                                                                                                  "2h"]):
        assert entitlementctl(site, server, *wrong, check=False).returncode == 2, wrong
    assert entitlementctl(site, server, "notify", p.imsi, "--apps", "ap9", check=False).returncode == 1
    assert entitlementctl(site, server, "notify", "--plan", "none-such", check=False).returncode == 1
    assert server.admin("POST", "/v1/campaigns", {"all": True, "spread_s": 86400})[0] == 201
    number = server.admin("GET", "/v1/notifications")[1]["campaigns"][0]["id"]
    entitlementctl(site, server, "notify", "cancel", str(number))
    assert entitlementctl(site, server, "notify", "cancel", str(number), check=False).returncode == 1
    actions = [row[0] for row in site.cluster.sql("SELECT action FROM audit ORDER BY id DESC LIMIT 3")]
    assert actions == ["campaign.cancel", "campaign.add", "campaign.add"]


def test_a_partner_is_told_by_a_signed_web_hook(site, providers):
    secret = "partner-secret-0123456789"
    server = site.daemon(notify={"webhook_url": providers.http.url + "/partner", "webhook_secret": secret, **FAST}).start()
    p = site.phone(server)
    p.login()
    providers.clear({"path": "/partner", "times": 1, "status": 503, "headers": {"Retry-After": "1"}})

    def calls():
        return [entry for entry in providers.http.log() if entry["path"] == "/partner"]
    assert server.admin("POST", f"/v1/subscribers/{p.imsi}/notify", {"apps": ["ap2011", "ap2004"]}) == (
        200, {"imsi": p.imsi, "queued": 1})
    harness.wait_for(calls, 5, "a call")
    site.cluster.sql("UPDATE notification SET not_before = now()")
    harness.wait_for(lambda: len(calls()) == 2 and not waiting(site, p), 8, "a second call", pause=0.1)
    for call in calls():
        mac = hmac.new(secret.encode(), call["body"].encode(), hashlib.sha256).hexdigest()
        assert call["method"] == "POST" and call["headers"]["content-type"] == "application/json"
        assert call["headers"]["x-ecs-signature"] == f"sha256={mac}"
        body = json.loads(call["body"])
        assert body["imsi"] == p.imsi and body["app"] == ["ap2011"] and STAMP.fullmatch(body["timestamp"])
    p.line.set(line_state="barred")  # names no application of the partner's
    time.sleep(1)
    assert len(calls()) == 2
    assert secret not in server.text() and secret not in server.admin("GET", "/v1/config")[1]
    for wrong in ({"webhook_url": "http://partner.example/x"}, {"webhook_url": "https://p.example/", "webhook_secret": None},
                  {"webhook_apps": ["ap1"]}):
        server.write(notify=wrong)
        server.reload(good=False)


def test_without_channels_nothing_is_written(site):
    server = site.daemon().start()
    time.sleep(0.7)
    p = site.phone(server)
    p.login()
    assert server.admin("POST", f"/v1/subscribers/{p.imsi}/notify", {})[0] == 409
    assert server.admin("POST", "/v1/campaigns", {"all": True})[0] == 409
    p.line.service("vowifi", override="deny")
    assert waiting(site, p) == 0


# proves: G-015 G-016 G-017 G-018 X-052
def test_sms_to_lines_without_a_registration_and_as_fall_back(site, providers):
    with Centre() as centre:
        server = site.daemon(notify={"sms": "unregistered", **FAST}, fcm=providers.fcm, sms=centre.settings).start()
        p = site.phone(server)
        p.login()
        p.line.service("vowifi", override="deny")
        # The line itself was made by changes, so more than one may have been told.
        harness.wait_for(lambda: centre.to(p.line.msisdn) and not waiting(site, p), 10, lambda: str(centre.lines))
        header, text = centre.to(p.line.msisdn)[-1]
        assert header == bytes.fromhex("0605041f9f0000")
        assert text == f"{p.imsi}-aescfg,ap2004"
        other = registered(site, server)
        providers.clear({"path": SEND, "times": 1, "status": 404, "json": {"error": {"code": 404, "status": "NOT_FOUND",
            "details": [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"}]}}})
        other.line.service("vonr", override="deny")
        harness.wait_for(lambda: (centre.to(other.line.msisdn) or [(0, "")])[-1][1] == f"{other.imsi}-aescfg,ap2003,ap2004", 10,
                         lambda: str(centre.lines))
        assert "-rcscfg" not in "".join(centre.lines)
        assert len(providers.pushes(other.push)) == 1
        for secret in (p.imsi, p.line.msisdn, other.push):
            assert secret not in server.text()


def test_two_nodes_share_the_outbox_and_one_inherits_from_a_dead_one(site, providers):
    first, second = (site.daemon(notify={"parallel": 4, **FAST}, fcm=providers.fcm) for _ in range(2))
    first.start()
    second.start()
    phones = [registered(site, first) for _ in range(12)]
    for p in phones:
        p.line.service("vowifi", override="deny")
    providers.wait(12, seconds=15)
    time.sleep(1.5)
    counts = collections.Counter(m["token"] for m in providers.pushes())
    assert counts == {p.push: 1 for p in phones}, "each exactly once while both live"
    # Both take messages that hang; then one node dies, and the rest is the other's.
    providers.clear({"path": SEND, "mode": "hang", "times": 6, "status": 200, "json": {}})
    for p in phones:
        p.line.service("vowifi", override="allow")
    harness.wait_for(lambda: len(providers.pushes()) >= 6, 10, "messages under way", pause=0.05)
    first.kill()
    harness.wait_for(lambda: site.cluster.one("SELECT count(*) FROM notification") == 0, 40,
                     lambda: str(site.cluster.sql("SELECT imsi, attempts, leased_until, not_before, now() FROM notification")))
    assert {m["token"] for m in providers.pushes()} == {p.push for p in phones}


def test_a_draining_node_ends_what_it_sends_and_a_reload_takes_other_keys(site, providers):
    server = site.daemon(notify=FAST, fcm=providers.fcm).start()
    p = registered(site, server)
    providers.clear({"path": SEND, "times": 1, "delay_ms": 1500, "status": 200,
                     "json": {"name": "projects/carrier-1/messages/1"}})
    p.line.service("vowifi", override="deny")
    providers.wait(1, p.push)
    server.stop(signal.SIGTERM)
    assert waiting(site, p) == 0, "the message was under way: its answer was waited for"
    server.start()
    server.write(fcm={"url": "http://127.0.0.1:9"}, notify={"enabled": False})
    server.reload()
    time.sleep(0.7)
    p.line.service("vowifi", override="allow")
    assert waiting(site, p) == 0


def test_a_node_that_must_end_leaves_its_rows_to_the_lease(site, providers):
    server = site.daemon(server={"drain": "1s"}, notify=FAST, fcm=providers.fcm).start()
    p = registered(site, server)
    providers.clear({"path": SEND, "times": 1, "mode": "hang", "status": 200, "json": {}})
    p.line.service("vowifi", override="deny")
    providers.wait(1, p.push)
    server.stop(signal.SIGTERM)
    assert site.cluster.one("SELECT count(*) FROM notification WHERE imsi = %s AND leased_until > now()", p.imsi) == 1
    server.start()
    providers.wait(2, p.push, 10)
    harness.wait_for(lambda: waiting(site, p) == 0, 5, "the row is still there")


def test_the_outbox_survives_the_database(site, providers):
    server = site.daemon(notify=FAST, fcm=providers.fcm).start()
    p = registered(site, server)
    site.cluster.stop("crash")
    time.sleep(1)
    site.cluster.start()
    p.line.service("vowifi", override="deny")
    providers.wait(1, p.push, 15)
    harness.wait_for(lambda: waiting(site, p) == 0, 5, "the row is still there")
    assert not server.events("NOTIFY_FAULT")
