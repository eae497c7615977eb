# SPDX-License-Identifier: Apache-2.0
"""Data of ap2010, ap2012, ap2013 and ap2016 as operators, their tools and the BSS set them; the notifications that go with each
change; carrier billing activated by the BSS."""
import http.server
import itertools
import json
import os
import shutil
import threading
import time

import pytest

import harness
import portal
from push_site import Providers

JSON = "application/vnd.gsma.eap-relay.v1.0+json, application/json"
TOKEN = "bss-events-token-of-at-least-32-bytes"
APPS = ["ap2004", "ap2010", "ap2012", "ap2013", "ap2016"]
STORE = {"store_vendor": "S0042", "store_user_id": "u-77d1"}
FEATURES = ["vowifi", "carrier-billing", "private-identity", "satellite"]
serial = itertools.count(1)


class Bss:
    """A BSS of the dialect "rest" that activates carrier billing: answers as it is told."""

    def __init__(self):
        outer = self
        self.answer, self.asked, self.delay = (200, {"result": "done"}), [], threading.Event()
        self.delay.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                outer.asked.append((self.path, body))
                outer.delay.wait(20)
                if self.path.endswith("/orders/status"):
                    status, answer = 404, {"code": "unknown"}
                else:
                    status, answer = outer.answer
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def orders(self):
        return [body for path, body in self.asked if "status" not in path]

    def close(self):
        self.delay.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def providers(area):
    with Providers(area) as found:
        yield found


@pytest.fixture(scope="module")
def server(make_module_daemon, providers, tmp_path_factory):
    path = os.path.join(str(tmp_path_factory.mktemp("cb")), "cb.sock")
    daemon = make_module_daemon(device={"offered": APPS}, callback={"listen": [path]}, bss={"events_token": TOKEN},
                                notify={"gcm_as_fcm": True}, **providers.settings)
    daemon.events_socket = path
    return daemon


@pytest.fixture
def caller(phone, server):
    p = phone(at=server, features=FEATURES)
    p.accept = JSON
    return p


def event(server, body):
    connection = portal.UnixConnection(server.events_socket)
    try:
        connection.request("POST", "/bss/events", json.dumps(body), {"Authorization": f"Bearer {TOKEN}"})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def ctl_at(server, ctl, *arguments, body=None):
    return json.loads(ctl("--json", *arguments, conf=server.conf_path, input=body and json.dumps(body)).stdout or "null")


# ---- the BSS tells ----

# proves: D-024 B-018 U-010 Z-013
@pytest.mark.parametrize("app,told,look", [
    ("ap2010", {"type": "usage", "bucket": "main", "allowance": 1000, "used": 999, "name": "Fri 1"}, "DataUsageInfo"),
    ("ap2010", {"type": "boost", "boostType": 0, "key": "p-1"}, None),
    ("ap2012", {"type": "billing", "storeVendor": "S0042", "storeUserId": "U-77D1", "state": "active", "terms": 1}, None),
    ("ap2013", {"type": "identity", "pseudonym": "2abc@wlan.example", "endsAt": "2036-01-01T00:00:00Z"}, None),
    ("ap2016", {"type": "line", "service": "satmode", "serviceState": "provisioned"}, None)])
def test_an_event_changes_the_answer_and_calls_the_device(caller, server, cluster, providers, app, told, look):
    cluster.sql("INSERT INTO plan_boost (plan, boost_type) VALUES (%s, 166)", f"p{caller.line.imsi}")
    token = f"fcm-token:{next(serial)}-services"
    before = caller.login(APPS, notif_action="2", notif_token=token, **STORE)
    status, text = event(server, {"imsi": caller.line.imsi, "id": f"{caller.line.imsi}-{told['type']}", **told})
    assert status == 204, text
    assert app in providers.wait(1, token, seconds=15)[0]["data"]["app"]
    after = caller.ask(APPS, **STORE)
    assert after.version > before.version
    if app != "ap2016":
        found = caller.ask(app, boost_type="166", **STORE)[app] if told["type"] == "boost" else after[app]
        assert found != before[app]
    if look:
        assert look in after[app]


@pytest.mark.parametrize("told,why", [
    ({"type": "usage", "used": 1}, "bucket"), ({"type": "usage", "bucket": "m"}, "used"),
    ({"type": "usage", "bucket": "MAIN", "used": 1}, "bucket"), ({"type": "usage", "bucket": "m", "used": 1, "name": "a\u0001"}, "name"),
    ({"type": "identity", "pseudonym": "a b"}, "pseudonym"), ({"type": "usage", "bucket": "m", "used": -1}, "used"), ({"type": "usage", "bucket": "m", "used": 1, "cycleEnd": "soon"}, "cycleEnd"),
    ({"type": "boost", "boostType": 256, "key": "k"}, "boostType"), ({"type": "boost", "boostType": 1}, "key"),
    ({"type": "billing", "storeVendor": "S", "storeUserId": "u", "state": "on"}, "state"),
    ({"type": "billing", "storeUserId": "u", "state": "active"}, "storeVendor"),
    ({"type": "identity"}, "pseudonym"), ({"type": "identity", "pseudonym": "x" * 1016}, "pseudonym")])
def test_events_that_cannot_be_read_name_what_is_wrong(caller, server, told, why):
    status, text = event(server, {"imsi": caller.line.imsi, **told})
    assert status == 400 and why in text


def test_old_reports_of_usage_change_nothing(caller, server, cluster):
    for used, at in ((5, "2026-01-02T00:00:00Z"), (3, "2026-01-01T00:00:00Z")):
        assert event(server, {"imsi": caller.line.imsi, "type": "usage", "bucket": "m", "used": used, "at": at})[0] == 204
    assert cluster.one("SELECT used FROM data_usage WHERE imsi = %s", caller.line.imsi) == 5
    assert event(server, {"imsi": caller.line.imsi, "type": "usage-end", "bucket": "m"})[0] == 204
    assert cluster.one("SELECT count(*) FROM data_usage WHERE imsi = %s", caller.line.imsi) == 0


def report(server, caller, **told):
    status, text = event(server, {"imsi": caller.line.imsi, **told})
    assert status == 204, text


def ago(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


def test_events_that_come_twice_count_once(caller, server, cluster):
    imsi = caller.line.imsi
    cluster.sql("INSERT INTO plan_boost (plan, boost_type) VALUES (%s, 166)", f"p{imsi}")
    first = [{"id": f"{imsi}-u", "type": "usage", "bucket": "m", "used": 5}, {"id": f"{imsi}-b", "type": "boost-end", "boostType": 166},
             {"id": f"{imsi}-i", "type": "identity", "pseudonym": "2old@x"},
             {"id": f"{imsi}-d", "type": "billing", "storeVendor": "S", "storeUserId": "u", "state": "active", "terms": 1}]
    report(server, caller, type="boost", boostType=166, key="k1")
    for told in first:
        report(server, caller, **told)
    report(server, caller, type="usage", bucket="m", used=7, allowance=None)
    report(server, caller, type="boost", boostType=166, key="k2")
    report(server, caller, type="identity", pseudonym="2new@x")
    report(server, caller, type="billing", storeVendor="S", storeUserId="u", state="blocked")
    for told in first:
        report(server, caller, **told)
    assert cluster.one("SELECT used FROM data_usage WHERE imsi = %s", imsi) == 7
    assert cluster.one("SELECT count(*) FROM data_boost WHERE imsi = %s AND ended_at IS NULL", imsi) == 1
    assert cluster.one("SELECT pseudonym FROM private_identity WHERE imsi = %s", imsi) == "2new@x"
    assert cluster.one("SELECT state FROM billing_account WHERE imsi = %s", imsi) == "blocked"


def test_an_event_about_an_unknown_line_may_come_again(caller, server, cluster):
    told = {"id": f"late-{caller.line.imsi}", "type": "usage", "bucket": "m", "used": 5}
    assert event(server, {"imsi": "001019999999998", **told})[0] == 204
    report(server, caller, **told)
    assert cluster.one("SELECT used FROM data_usage WHERE imsi = %s", caller.line.imsi) == 5


def test_reports_on_an_account_count_by_their_own_times(caller, server, cluster, ctl):
    account = {"type": "billing", "storeVendor": "S0042", "storeUserId": "u-77d1"}
    for state, at in (("ordered", ago(9)), ("active", ago(7)), ("ordered", ago(8))):  # the last one was held up
        report(server, caller, **account, state=state, at=at)
    assert cluster.one("SELECT state FROM billing_account WHERE imsi = %s", caller.line.imsi) == "active"
    ctl_at(server, ctl, "billing", "set", caller.line.imsi, "S0042", "u-77d1", "blocked")
    report(server, caller, **account, state="active", at=ago(3600))
    assert cluster.one("SELECT state FROM billing_account WHERE imsi = %s", caller.line.imsi) == "blocked"
    report(server, caller, **account, state="active", at=ago(0))
    assert cluster.one("SELECT state FROM billing_account WHERE imsi = %s", caller.line.imsi) == "active"


def test_a_late_end_of_a_boost_does_not_end_the_next_one(caller, server, cluster):
    cluster.sql("INSERT INTO plan_boost (plan, boost_type) VALUES (%s, 166)", f"p{caller.line.imsi}")
    report(server, caller, type="boost", boostType=166, key="k1")
    report(server, caller, type="boost-end", boostType=166, at=ago(60))
    assert cluster.one("SELECT count(*) FROM data_boost WHERE imsi = %s AND ended_at IS NULL", caller.line.imsi) == 1
    report(server, caller, type="boost-end", boostType=166, at=ago(0))
    assert cluster.one("SELECT count(*) FROM data_boost WHERE imsi = %s AND ended_at IS NULL", caller.line.imsi) == 0


def test_a_report_from_the_future_does_not_shut_out_the_next(caller, server, cluster):
    report(server, caller, type="usage", bucket="m", used=5, at="2099-01-01T00:00:00Z")
    report(server, caller, type="usage", bucket="m", used=6)
    assert cluster.one("SELECT used FROM data_usage WHERE imsi = %s", caller.line.imsi) == 6


def test_a_boost_that_the_plan_does_not_sell_is_not_called_taken(caller, server):
    report(server, caller, type="boost", boostType=9, key="elsewhere")
    harness.wait_for(lambda: "data: refused: the plan does not sell this boost" in server.text(), 5, "a warning")


# ---- the operator ----

def test_what_a_plan_gives_is_set_and_shown(caller, server, ctl):
    plan = f"p{caller.line.imsi}"
    body = {"sa": "on", "access": [{"access": 4, "metered": True}],
            "boosts": [{"boost_type": 0, "price": "2 EUR", "seconds": 60, "pdb_ms": 25, "min_up_mbps": 0}]}
    shown = ctl_at(server, ctl, "data", "plan-set", plan, "-", body=body)
    assert shown["sa"] == "on" and shown["boosts"][0]["boost_type"] == 166 and shown["boosts"][0]["min_up_mbps"] == 0
    assert ctl_at(server, ctl, "data", "plan", plan) == shown
    found = caller.login(APPS, **STORE)["ap2010"]
    assert found["5GSAInfo"] and found["DataPlanInfo"]
    assert found["DataBoostInfo"][0]["DataBoostInfoDetails"]["TargetCharacteristicsInfo"] == {"PDB": "25", "MinUplinkDataRate": "0"}


# proves: D-005
@pytest.mark.parametrize("body,why", [
    ({"boosts": [{"boost_type": 256}]}, "boost_type"), ({"boosts": [{}]}, "boost_type"), ({"access": [{"access": 6, "metered": True}]}, "access"),
    ({"boosts": [{"boost_type": 1}, {"boost_type": 1}]}, "twice"), ({"boosts": [{"boost_type": 1, "network": "n"}]}, "network"), ({"x": 1}, "x")])
def test_wrong_plan_data_are_refused(caller, server, ctl, body, why):
    done = ctl("data", "plan-set", f"p{caller.line.imsi}", "-", conf=server.conf_path, input=json.dumps(body), check=False)
    assert done.returncode == 1 and why in done.stderr


def test_boosts_and_accounts_of_a_line(caller, server, ctl, cluster):
    cluster.sql("INSERT INTO plan_boost (plan, boost_type) VALUES (%s, 166)", f"p{caller.line.imsi}")
    imsi = caller.line.imsi
    assert ctl_at(server, ctl, "boost", "buy", imsi, "166", "care-1")["result"] == "done"
    assert ctl_at(server, ctl, "boost", "buy", imsi, "0", "care-1")["result"] == "unchanged"
    assert ctl("boost", "buy", imsi, "9", "care-2", conf=server.conf_path, check=False).returncode == 1
    assert ctl_at(server, ctl, "billing", "set", imsi, "S0042", "u-77d1", "blocked")["result"] == "done"
    shown = ctl_at(server, ctl, "data", "show", imsi)
    assert shown["boosts"][0]["state"] == "active" and shown["billing"][0]["state"] == "blocked"
    assert "u-77d1" not in json.dumps(shown)
    assert caller.login("ap2012", **STORE)["ap2012"]["EntitlementStatus"] == "2"
    assert ctl_at(server, ctl, "boost", "end", imsi, "166")["result"] == "done"
    assert ctl("boost", "end", imsi, "166", conf=server.conf_path, check=False).returncode == 1


def test_satellite_networks_are_kept_by_plan(caller, server, ctl):
    plan = f"p{caller.line.imsi}"
    ctl_at(server, ctl, "satellite", "set", "90199", "-", body={"plan": plan, "metered": "no", "data": "constrained"})
    caller.line.service("satmode", tc_status=1, prov_status=1)
    assert caller.login("ap2016")["ap2016"]["PLMNAllowed"][0]["DataPlanType"] == "unmetered"
    assert [n for n in ctl_at(server, ctl, "satellite", "list")["networks"] if n["plan"] == plan]
    ctl("satellite", "remove", "90199", "--plan", plan, conf=server.conf_path)
    assert caller.ask("ap2016")["ap2016"]["EntitlementStatus"] == "2"
    assert ctl("satellite", "set", "1", "-", conf=server.conf_path, input="{}", check=False).returncode == 1


def test_usage_is_imported_in_bulk(caller, server, ctl, tmp_path, cluster):
    path, rejected = tmp_path / "usage.csv", tmp_path / "rejected"
    path.write_text("imsi,bucket,used,usage_type,name,cycle_end,allowance\n"
                    f"{caller.line.imsi},main,9007199254740993,0,Fri 40,2036-09-30T23:59:59Z,42949672960\n"
                    f"{caller.line.imsi},MAIN,1,0,,,\n{caller.line.imsi},x,-1,0,,,\n001019999999999,main,1,0,,,\n")
    for _ in range(2):
        ctl("data", "import", "--rejected", str(rejected), str(path), conf=server.conf_path, check=False)
        assert [line.split(":")[0] for line in rejected.read_text().splitlines()] == ["3", "4", "5"]
    found = caller.login("ap2010")["ap2010"]["DataUsageInfo"]
    assert found == [{"DataUsageInfoDetails": {
        "DataUsageType": "0", "DataUsageName": "Fri 40", "EndOfBillingCycle": "2036-09-30T23:59:59Z",
        "DataAllowanceInBytes": "42949672960", "DataUsedInBytes": "9007199254740993"}}]


def test_explain_tells_of_these_applications(caller, server, ctl, cluster):
    cluster.sql("INSERT INTO plan_boost (plan, boost_type, offer) VALUES (%s, 166, 'paused')", f"p{caller.line.imsi}")
    found = ctl_at(server, ctl, "explain", "--imsi", caller.line.imsi, "--boost", "0", "--store", "S0042", "--store-user", "u")
    said = {a["app"]: a for a in found["applications"]}
    assert sorted(said) == sorted(APPS)
    assert said["ap2010"]["status"] == 0 and "not delivered" in said["ap2010"]["summary"]
    assert "terms have not been accepted" in said["ap2012"]["summary"]
    assert said["ap2013"]["status"] == 1 and said["ap2016"]["status"] == 2
    assert all(a["phone"] for a in said.values())
    done = ctl("explain", "--imsi", caller.line.imsi, "--boost", "900", conf=server.conf_path, check=False)
    assert done.returncode == 1 and "boost_type" in done.stderr


# ---- activation by the BSS ----

@pytest.fixture
def bss(cluster):
    cluster.sql("DELETE FROM boost_order")  # open ones of other modules would be brought here
    made = Bss()
    yield made
    made.close()


@pytest.fixture
def by_bss(bss, make_daemon, phone, tmp_path_factory):
    """A phone at a daemon whose policy has accounts activated by the BSS."""
    where = os.path.join(str(tmp_path_factory.mktemp("policy")), "policy.d")
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), where)
    path = os.path.join(where, "billing.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("activation: local", "activation: bss")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    daemon = make_daemon(device={"offered": APPS}, policy={"directory": where}, odsa={"wait": "1500ms"},
                         bss={"type": "rest", "url": bss.url, "auth": "none"})
    p = phone(at=daemon, features=FEATURES)
    p.accept = JSON
    return p


# proves: B-014 B-016
def test_the_bss_activates_an_account(bss, by_bss, cluster):
    by_bss.login("ap2012", **STORE)
    assert bss.orders() == []
    found = by_bss.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]
    assert found == {"EntitlementStatus": "1", "TC_Status": "1"}
    order = bss.orders()[0]
    assert order["store"] == {"vendor": "S0042", "user": "u-77d1"} and order["line"]["imsi"] == by_bss.line.imsi
    assert by_bss.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]["EntitlementStatus"] == "1"
    assert len(bss.orders()) == 1


# proves: B-015
def test_declining_asks_nobody(bss, by_bss):
    by_bss.login("ap2012", **STORE)
    assert by_bss.ask("ap2012", MSG_btn="0", **STORE)["ap2012"]["TC_Status"] == "0"
    assert bss.asked == []


# proves: B-014
@pytest.mark.parametrize("answer,wanted", [
    ((200, {"result": "pending"}), ("3", "1")), ((503, {}), ("3", "1")), ((200, {"result": "refused"}), ("2", None))])
def test_what_the_bss_says_is_the_answer(bss, by_bss, answer, wanted):
    bss.answer = answer
    by_bss.login("ap2012", **STORE)
    found = by_bss.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]
    assert (found["EntitlementStatus"], found.get("TC_Status")) == wanted


def test_a_slow_bss_is_not_waited_for(bss, by_bss):
    by_bss.login("ap2012", **STORE)
    bss.delay.clear()
    assert by_bss.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]["EntitlementStatus"] == "3"
    bss.delay.set()
    harness.wait_for(lambda: by_bss.ask("ap2012", **STORE)["ap2012"]["EntitlementStatus"] == "1", 20, "activation")


def state_of(cluster, phone):
    return cluster.sql("SELECT state, terms FROM billing_account WHERE imsi = %s", phone.line.imsi)[0]


# proves: B-014 B-016
def test_an_order_that_the_bss_works_on_is_asked_for_again(bss, by_bss, cluster):
    by_bss.login("ap2012", **STORE)
    bss.answer = (200, {"result": "pending"})
    assert by_bss.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]["EntitlementStatus"] == "3"
    bss.answer = (200, {"result": "done"})
    assert by_bss.ask("ap2012", **STORE)["ap2012"]["EntitlementStatus"] == "3" and len(bss.orders()) == 1
    cluster.sql("UPDATE billing_account SET ordered_at = now() - interval '301 seconds' WHERE imsi = %s", by_bss.line.imsi)
    assert by_bss.ask("ap2012", **STORE)["ap2012"] == {"EntitlementStatus": "1", "TC_Status": "1"}
    assert len({order["key"] for order in bss.orders()}) == 1


@pytest.mark.parametrize("meanwhile,answer", [("active", "pending"), ("blocked", "done")])
def test_what_happens_meanwhile_outweighs_the_answer_to_an_order(bss, by_bss, cluster, meanwhile, answer):
    by_bss.login("ap2012", **STORE)
    bss.delay.clear()
    bss.answer = (200, {"result": answer})
    assert by_bss.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]["EntitlementStatus"] == "3"
    assert by_bss.ask("ap2012", MSG_btn="0", **STORE)["ap2012"] == {"EntitlementStatus": "3", "TC_Status": "1"}  # too late
    cluster.sql("UPDATE billing_account SET state = %s WHERE imsi = %s", meanwhile, by_bss.line.imsi)
    bss.delay.set()
    time.sleep(1)
    assert len(bss.orders()) == 1 and state_of(cluster, by_bss)[0] == meanwhile
