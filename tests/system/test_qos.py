# SPDX-License-Identifier: Apache-2.0
"""Requests for quality of service without a network: administration and entitlementctl, what plans give, giving up,
compensation by the local BSS, addresses of events that nobody may use."""
import json
import os

import pytest

import harness

DEAD = harness.free_port()


@pytest.fixture(scope="module")
def node(make_module_daemon, area):
    return make_module_daemon(
        callback={"listen": [os.path.join(area, "qcb.sock")]},
        qos=[{"name": "gw", "type": "camara-session", "url": f"http://127.0.0.1:{DEAD}", "retry": "1s", "give_up": "2s",
              "connect": "200ms", "timeout": "500ms", "callback": "https://ecs.example.net", "events_token": "e" * 40},
             {"name": "slow", "type": "camara-provisioning", "url": f"http://127.0.0.1:{DEAD}", "retry": "1h", "give_up": "2h",
              "connect": "200ms", "timeout": "500ms"}],
        qos_profiles=[{"name": "boost", "camara_profile": "QOS_L", "server": "203.0.113.5"}, {"name": "bare"}])


@pytest.fixture
def run(ctl, node):
    def call(*arguments, expect=0):
        done = ctl(*arguments, conf=node.conf_path, check=False)
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout) if "--json" in arguments and expect == 0 else done
    return call


def row(cluster, key):
    names = "state, after, reason, tries, sent, handle, due_at"
    return dict(zip(names.split(", "), cluster.sql(f"SELECT {names} FROM qos_request WHERE id = %s", key)[0]))


def until(cluster, key, state):
    harness.wait_for(lambda: row(cluster, key)["state"] == state, 20, lambda: f"{state}: {row(cluster, key)}")


# proves: D-025
def test_a_paid_request_that_fails_is_an_alarm_and_compensated(node, cluster, subscriber, phone):
    line = subscriber()
    failed = node.metric("ecs_qos_failed_total")
    key, free = (cluster.one("SELECT qos_request_add(%s, 'gw', 'boost', 60, 'boost', %s, %s)", line.imsi, f"{line.imsi}-{paid}",
                             paid) for paid in (True, False))
    mobile = phone(line, at=node)
    mobile.login()
    assert mobile.query().status == 200, "no answer waits for the network"
    until(cluster, key, "failed")
    harness.wait_for(lambda: cluster.sql("SELECT 1 FROM qos_compensation WHERE request = %s AND state = 'done'", key), 20,
                     "compensated")
    orders = cluster.sql("SELECT service, asked FROM local_order WHERE action = 'compensate' AND imsi = %s", line.imsi)
    assert orders == [("boost", 1)]
    until(cluster, free, "failed")
    assert cluster.sql("SELECT 1 FROM qos_compensation WHERE request = %s", free) == []
    assert node.metric("ecs_qos_failed_total") - failed == 2
    alarms = [e["msg"] for e in node.events("QOS_ALARM")]
    assert any(f"request {key} " in text and "paid" in text for text in alarms)
    assert line.imsi not in node.text() and line.msisdn not in "".join(alarms)


def test_ctl_asks_lists_shows_and_releases(run, node, cluster, subscriber):
    line = subscriber()
    wish = ("qos", "apply", line.imsi, "--network", "slow", "--profile", "boost", "--seconds", "600", "--reference", "wish")
    first = run(*wish, "--json")
    assert run(*wish, "--json")["id"] == first["id"], "the same reference is one request"
    harness.wait_for(lambda: row(cluster, first["id"])["reason"], 10, "tried once")
    listed = run("qos", "list", "--imsi", line.imsi, "--json")
    assert [(r["id"], r["state"], r["origin"]) for r in listed["requests"]] == [(first["id"], "wanted", "admin")]
    shown = run("qos", "show", str(first["id"]), "--json")
    assert shown["reason"] and not shown["known_to_network"] and shown["seconds"] == 600
    assert run("qos", "release", str(first["id"]), "--json")["state"] == "releasing", "the network may have it"
    run("qos", "release", "999999", expect=1)
    other = ("qos", "apply", subscriber().imsi, "--network", "slow", "--profile", "boost", "--reference", "wish")
    run(*other, expect=1)  # the reference is taken by another line
    assert cluster.sql("SELECT imsi FROM qos_request WHERE reference = 'wish'") == [(line.imsi,)]
    run("qos", "apply", line.imsi, "--network", "slow", "--profile", "bare", "--reference", "x", expect=1)
    run("qos", "apply", line.imsi, "--network", "none", "--profile", "boost", "--reference", "x", expect=1)
    run("qos", "apply", line.imsi, "--network", "slow", "--profile", "boost", expect=1)
    audit = cluster.sql("SELECT action, subject_masked FROM audit WHERE action LIKE 'qos.%%' ORDER BY id")
    assert {"qos.apply", "qos.release"} <= {action for action, _ in audit}
    assert all(line.imsi not in (subject or "") for _, subject in audit)


def test_a_request_that_was_never_sent_ends_at_once(cluster, subscriber):
    line = subscriber()
    first, second = (cluster.one("SELECT qos_request_add(%s, 'slow', 'boost', 60, 'test', %s, false)", line.imsi,
                                 f"{line.imsi}-{n}") for n in (1, 2))
    harness.wait_for(lambda: row(cluster, first)["sent"], 10, "the first is asked for")
    assert not row(cluster, second)["sent"], "the second waits for the first to end"
    assert cluster.one("SELECT qos_release(%s, 'enough')", second) == "ended"
    assert cluster.one("SELECT qos_release(%s, 'enough')", first) == "releasing"


def test_a_deleted_subscriber_leaves_no_session_behind(cluster, subscriber):
    line = subscriber()
    key = cluster.one("SELECT qos_request_add(%s, 'slow', 'boost', 0, 'test', %s, false)", line.imsi, line.imsi)
    harness.wait_for(lambda: row(cluster, key)["sent"], 10, "it is asked for")
    cluster.sql("DELETE FROM subscriber WHERE imsi = %s", line.imsi)
    assert row(cluster, key)["state"] == "releasing" and row(cluster, key)["after"] == "ended"


def test_plans_give_profiles_to_services(run, cluster, subscriber):
    line = subscriber()
    plan = line.value("plan")
    run("qos", "plan-set", plan, "gaming", "--network", "slow", "--profile", "boost", "--seconds", "30")
    assert {"plan": plan, "service": "gaming", "network": "slow", "profile": "boost", "seconds": 30} in \
        run("qos", "plans", "--json")["plans"]
    made = run("qos", "apply", line.imsi, "--service", "gaming", "--reference", "plan", "--json")
    assert cluster.sql("SELECT network, profile, seconds FROM qos_request WHERE id = %s", made["id"]) == [("slow", "boost", 30)]
    assert cluster.one("SELECT qos_request_by_plan(%s, 'gaming', 'test', %s, false)", line.imsi, f"p{line.imsi}") > made["id"]
    run("qos", "plan-set", "no-such-plan", "gaming", "--network", "slow", "--profile", "boost", expect=1)
    run("qos", "plan-remove", plan, "gaming")
    run("qos", "plan-remove", plan, "gaming", expect=1)
    run("qos", "apply", line.imsi, "--service", "gaming", "--reference", "plan2", expect=1)


def test_events_need_the_secret_and_the_token(node, cluster, subscriber):
    line = subscriber()
    key = cluster.one("SELECT qos_request_add(%s, 'gw', 'boost', 0, 'test', %s, false)", line.imsi, line.imsi)
    harness.wait_for(lambda: row(cluster, key)["sent"], 10, "it is asked for")
    secret = cluster.one("SELECT secret FROM qos_request WHERE id = %s", key)
    socket = node.settings["callback"]["listen"][0]
    body = {"id": "1", "source": "x", "specversion": "1.0", "time": "2026-01-01T00:00:00Z",
            "type": "org.camaraproject.quality-on-demand.v1.qos-status-changed",
            "data": {"sessionId": "s-1", "qosStatus": "AVAILABLE"}}
    good = [("Authorization", "Bearer " + "e" * 40)]

    def tell(path, headers, what=body):
        return node.admin("POST", path, what, socket_path=socket, headers=headers)[0]

    assert tell(f"/qos/{key}-{secret}", []) == 401
    assert tell(f"/qos/{key}-{secret}", [("Authorization", "Bearer " + "f" * 40)]) == 403
    assert tell(f"/qos/{key}-{'0' * 64}", good) == 404
    assert tell(f"/qos/{key + 1}-{secret}", good) == 404
    assert tell(f"/qos/{key}", good) == 404 and tell("/qos/", good) == 404
    assert tell(f"/qos/n5/{key}-{secret}/notify", good) == 400, "not of this dialect"
    assert tell(f"/qos/{key}-{secret}", good, {"id": "1"}) == 400
    assert tell(f"/qos/{key}-{secret}", good) == 204
    assert row(cluster, key)["state"] == "active" and row(cluster, key)["handle"] == "s-1"
    assert tell(f"/qos/{key}-{secret}", good) == 204, "twice"
    other = {**body, "data": {"sessionId": "s-2", "qosStatus": "UNAVAILABLE"}}
    assert tell(f"/qos/{key}-{secret}", good, other) == 204
    assert row(cluster, key)["state"] == "active", "of another session"
    assert secret not in node.text()


class Race:
    """A request of a network that no node knows, as if one had taken it; what comes of call and event in any order."""

    def __init__(self, cluster, line, name):
        self.cluster = cluster
        self.key = cluster.one("SELECT qos_request_add(%s, 'elsewhere', 'boost', 0, 'test', %s, false)", line.imsi, line.imsi + name)

    def take(self, state, handle=None):
        self.cluster.sql("UPDATE qos_request SET state = %s, handle = coalesce(%s, handle), sent = true, tries = 1, serial = 1, "
                         "leased_until = now() + interval '1 minute' WHERE id = %s", state, handle, self.key)
        return self

    def settle(self, did, result, handle=None):
        return self.cluster.one("SELECT qos_settle(%s, 1, %s, %s, %s, NULL, 5, 300, 1, false, '', NULL)", self.key, did, result,
                                handle)

    def told(self, handle, what):
        return self.cluster.one("SELECT qos_told(%s, %s, %s, NULL, 300, 1, 5, '')", self.key, handle, what)

    def now(self):
        return self.cluster.sql("SELECT state, handle, renewals, leased_until FROM qos_request WHERE id = %s", self.key)[0]


@pytest.mark.parametrize("result", ["gone", "refused", "active", "requested", "again"])
def test_an_event_during_a_query_is_one_loss_and_its_answer_none(cluster, subscriber, result):
    race = Race(cluster, subscriber(), "q").take("active", "h-1")
    assert race.told("h-1", "deleted") == "wanted"
    assert race.settle("query", result) == "wanted"
    assert race.now() == ("wanted", None, 1, None)


def test_late_news_of_the_session_before_say_nothing_about_the_next(cluster, subscriber):
    race = Race(cluster, subscriber(), "l").take("active", "h-1")
    assert race.told("h-1", "deleted") == "wanted"
    race.take("wanted")
    for what in ("deleted", "lost", "active", "expired"):
        assert race.told("h-1", what) == "duplicate"
    assert race.settle("apply", "active", "h-2") == "active"
    assert race.now() == ("active", "h-2", 1, None)
    assert race.told("h-1", "lost") == "unknown"


def test_an_event_that_ends_a_session_before_our_own_answer_stands(cluster, subscriber):
    race = Race(cluster, subscriber(), "e").take("wanted")
    assert race.told("h-1", "deleted") == "wanted"
    assert race.settle("apply", "active", "h-1") == "wanted" and race.now()[:2] == ("wanted", None)
    other = Race(cluster, subscriber(), "o").take("wanted")
    assert other.told("h-1", "deleted") == "wanted"
    assert other.settle("apply", "active", "h-2") == "active", "it was about another one"
    assert other.now()[:2] == ("active", "h-2")


def test_what_the_network_has_certainly_not_taken_needs_no_release(cluster, subscriber):
    race = Race(cluster, subscriber(), "n").take("wanted")
    assert race.settle("apply", "nothing") == "wanted"
    assert cluster.one("SELECT qos_release(%s, 'enough')", race.key) == "ended"
    race = Race(cluster, subscriber(), "a").take("wanted")
    assert race.settle("apply", "again") == "wanted"
    assert cluster.one("SELECT qos_release(%s, 'enough')", race.key) == "releasing"
