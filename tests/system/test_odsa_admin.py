# SPDX-License-Identifier: Apache-2.0
"""Administration of journeys, profiles, offers, enterprises and families: the admin API and entitlementctl on rows of a real
database, with the daemon's own state tables behind retry and cancel."""
import concurrent.futures as futures
import json
import os

import psycopg
import pytest

import client
import harness

EID = "89049032000000000000000000000066"
MASKED = "89049032*0066"
STEPS = [("created", None, "reserving", "device", None, "", None),
         ("ok", "reserving", "activating", "smdp main", "downloadOrder", "Executed-Success", 41234),
         ("ok", "activating", "confirming", "bss", "subscribe", "completed", 900)]


@pytest.fixture(scope="module")
def guarded(make_module_daemon, area):
    return make_module_daemon(admin={"care_socket": os.path.join(area, "ocare.sock"),
                                     "viewer_socket": os.path.join(area, "oview.sock")})


@pytest.fixture
def ask(guarded):
    """Function: an answer of the admin API, its status checked."""
    def call(method, path, body=None, expect=200):
        status, found = guarded.admin(method, path, body)
        assert status == expect, f"{method} {path}: {status} {found}"
        return found
    return call


@pytest.fixture
def run(ctl, guarded):
    """Function: a command against this daemon; expect is its exit status."""
    def call(*arguments, expect=0, **how):
        done = ctl(*arguments, conf=guarded.conf_path, check=False, **how)
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done
    return call


def add_journey(cluster, line, state="choosing", kind="companion", app=2006, steps=(), **columns):
    """A row as the engine would leave it; its id. Leases of nobody."""
    columns = {"kind": kind, "state": state, "app": app, "operation_type": 0, **columns}
    if line is not None:
        columns["imsi"] = line.imsi
    names = ", ".join(columns)
    found = cluster.one(f"INSERT INTO journey ({names}) VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id",
                        *columns.values())
    for step in steps:
        cluster.sql("INSERT INTO journey_step (journey, event, state_from, state_to, neighbour, call, detail, us) "
                    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", found, *step)
    return found


def last_audit(cluster):
    return cluster.sql("SELECT action, subject_masked, detail FROM audit ORDER BY id DESC LIMIT 1")[0]


def ids(found):
    return [row["id"] for row in found["journeys"]]


# ---- who may ----

def test_journeys_are_for_care_and_lists_are_changed_by_administrators(guarded, cluster, subscriber):
    line = subscriber()
    number = add_journey(cluster, line, target_id=harness.card_keys(line.imsi)[0].hex())
    view = client.Target(unix=guarded.settings["admin"]["viewer_socket"])
    care = client.Target(unix=guarded.settings["admin"]["care_socket"])
    for path in ("/v1/journeys", f"/v1/journeys/{number}", f"/v1/subscribers/{line.imsi}/profiles",
                 f"/v1/subscribers/{line.imsi}/family", "/v1/enterprises/acme/profiles"):
        assert view.request("GET", path).status == 403, path
        assert care.request("GET", path).status == 200, path
    for path in ("/v1/enterprises", "/v1/plan-offers"):
        assert view.request("GET", path).status == 200, path
    for path in ("/v1/enterprises/acme", "/v1/plan-offers/ap2006/s", f"/v1/subscribers/{line.imsi}/family/001010000000009"):
        assert care.request("PUT", path, body=b"{}").status == 403, path
        assert care.request("DELETE", path).status == 403, path
    assert view.request("POST", f"/v1/journeys/{number}/cancel", body=b"{}").status == 403
    assert care.request("POST", f"/v1/journeys/{number}/cancel", body=b"{}").status == 200


# ---- journeys: looking ----

def test_filters_find_what_they_name(ask, cluster, subscriber):
    line, other = subscriber(), subscriber()
    ready = add_journey(cluster, line, "ready", target_id="w-1", iccid="8901000000000077013", eid=EID)
    stuck = add_journey(cluster, line, "reserving", kind="primary", app=2009, target_id="p-1", attempts=3,
                        due_at="2999-01-01", leased_until="2999-01-01")
    ended = add_journey(cluster, line, "done", target_id="w-2", old_iccid="8901000000000077021", ended_at="2026-01-01")
    foreign = add_journey(cluster, other, "ready", target_id="w-1", deadline_at="2999-01-01")
    mine = f"imsi={line.imsi}"
    for query, wanted in ((mine, [ended, stuck, ready]), (f"{mine}&open=true", [stuck, ready]), (f"{mine}&stuck=true", [stuck]),
                          (f"{mine}&state=ready", [ready]), (f"{mine}&kind=primary", [stuck]), (f"{mine}&limit=1", [ended]),
                          (f"{mine}&before={ended}", [stuck, ready]), (f"msisdn=%2B{other.msisdn}", [foreign]),
                          (f"msisdn=+{other.msisdn}", [foreign]), ("iccid=8901000000000077013F", [ready]),
                          ("iccid=8901000000000077021", [ended]), (f"eid={EID}&{mine}", [ready]),
                          (f"eid={EID}&imsi={other.imsi}", []), (f"{mine}&open=false", [ended, stuck, ready])):
        assert ids(ask("GET", "/v1/journeys?" + query)) == wanted, query
    everything = ids(ask("GET", "/v1/journeys?open=true&limit=1000"))
    assert {ready, stuck, foreign} <= set(everything) and ended not in everything
    assert everything == sorted(everything, reverse=True)


def test_a_wrong_filter_is_named(ask):
    for query, field in (("imsi=12", "imsi"), ("msisdn=abc", "msisdn"), ("iccid=1", "iccid"), ("eid=123", "eid"),
                         ("state=redy", "state"), ("kind=watch", "kind"), ("open=yes", "open"), ("stuck=1", "stuck"),
                         ("before=0", "before"), ("limit=1001", "limit"), ("colour=red", "colour"), ("state=a&state=b", "state")):
        assert ask("GET", "/v1/journeys?" + query, expect=400)["field"] == field, query


def test_one_journey_tells_its_story_without_secrets(ask, cluster, subscriber):
    line = subscriber()
    number = add_journey(cluster, line, "ready", steps=STEPS, target_id="359999000012340", terminal_id="359999000056780",
                         iccid="8901000000000078011", eid=EID, code=b"sealed-code", matching_id=b"sealed-id", flags=256 + 512,
                         deadline_at="2999-01-01T00:00:00Z", name="Watch", smdp="main")
    found = ask("GET", f"/v1/journeys/{number}")
    text = json.dumps(found)
    for secret in ("359999000012340", "359999000056780", EID, "sealed", b"sealed-code".hex()):
        assert secret not in text, secret
    assert found["target"] == "35999900*" and found["eid"] == MASKED and found["has_code"] is True
    assert (found["state"], found["kind"], found["app"], found["open"], found["stuck"]) == ("ready", "companion", "ap2006", True, False)
    assert {"released", "confirmed"} <= set(found["flags"])
    assert [(s["event"], s["from"], s["to"]) for s in found["timeline"]] == [(s[0], s[1], s[2]) for s in STEPS]
    order = found["timeline"][1]
    assert (order["neighbour"], order["call"], order["duration_ms"], order["detail"]) == ("smdp main", "downloadOrder", 42,
                                                                                        "Executed-Success")
    assert found["timeline"][0]["duration_ms"] is None
    assert "2999-01-01" in found["next"] and found["state_help"] and found["advice"]
    assert ask("GET", "/v1/journeys/999999999", expect=404)["error"] == "there is no such journey"
    assert ask("GET", "/v1/journeys/x", expect=400)["field"] == "id"


# ---- journeys: acting ----

def test_a_cancelled_journey_ends_and_is_audited(ask, cluster, subscriber):
    line = subscriber()
    number = add_journey(cluster, line, "choosing", target_id="w-9", deadline_at="2999-01-01")
    found = ask("POST", f"/v1/journeys/{number}/cancel", {"reason": "wish of the customer"})
    assert (found["outcome"], found["state"]) == ("done", "dismissed") and "ended" in found["next"]
    state, ended = cluster.sql("SELECT state, ended_at FROM journey WHERE id = %s", number)[0]
    assert state == "dismissed" and ended is not None
    step = cluster.sql("SELECT event, neighbour, detail FROM journey_step WHERE journey = %s ORDER BY id DESC LIMIT 1", number)[0]
    assert step == ("cancel", "care", "wish of the customer")
    action, subject, detail = last_audit(cluster)
    assert action == "journey.cancel" and line.imsi not in subject and subject.startswith(line.imsi[:5])
    assert detail["id"] == number and detail["reason"] == "wish of the customer" and line.imsi not in json.dumps(detail)
    again = ask("POST", f"/v1/journeys/{number}/cancel", expect=409)
    assert "cannot be cancelled" in again["error"] and "dismissed" in again["error"]


def test_what_waits_for_a_person_is_not_tried_again(ask, cluster, subscriber):
    number = add_journey(cluster, subscriber(), "choosing", target_id="w-8", deadline_at="2999-01-01")
    assert "nothing to try again" in ask("POST", f"/v1/journeys/{number}/retry", expect=409)["error"]
    assert cluster.one("SELECT state FROM journey WHERE id = %s", number) == "choosing"
    assert ask("POST", "/v1/journeys/999999999/retry", expect=404)
    assert ask("POST", f"/v1/journeys/{number}/retry", {"why": "x"}, expect=400)["field"] == "why"


def test_a_retry_does_not_wait_for_its_time(ask, cluster, subscriber):
    """The order at the local BSS is repeated at once although it was put off for an hour."""
    line = subscriber()
    number = add_journey(cluster, line, "completing", target_id="w-7", attempts=2, iccid="8901000000000079019",
                         due_at="2999-01-01", calls=2)
    assert ask("GET", f"/v1/journeys/{number}")["stuck"] is True
    found = ask("POST", f"/v1/journeys/{number}/retry", {"reason": "the BSS is back"})
    assert found["outcome"] == "done"
    harness.wait_for(lambda: cluster.one("SELECT state FROM journey WHERE id = %s", number) == "done", 10, "done")
    assert last_audit(cluster)[0] == "journey.retry"
    events = [row[0] for row in cluster.sql("SELECT event FROM journey_step WHERE journey = %s ORDER BY id", number)]
    assert events[0] == "nudge" and "ok" in events


# ---- what people keep ----

def test_profiles_of_a_line(ask, cluster, subscriber, run):
    line = subscriber()
    cluster.sql("INSERT INTO profile (imsi, app, iccid, eid, terminal_id, status, code, service) VALUES "
                "(%s, 2006, '8901000000000081015', %s, '359999000012340', 1, %s, 'SharedNumber')", line.imsi, EID, b"secret")
    cluster.sql("INSERT INTO profile (imsi, app, iccid, status, ended_at) VALUES (%s, 2009, '8901000000000081023', 4, now())", line.imsi)
    found = ask("GET", f"/v1/subscribers/{line.imsi}/profiles")["profiles"]
    assert [(p["iccid"], p["status"], p["app"]) for p in found] == [
        ("8901000000000081023", "ended", "ap2009"), ("8901000000000081015", "activated", "ap2006")]
    assert found[1]["device"] == "35999900*" and found[1]["eid"] == MASKED and "code" not in found[1]
    text = run("profile", "list", line.imsi).stdout
    assert "8901000000000081015" in text and "activated" in text and "359999000012340" not in text
    assert run("profile", "list", "--msisdn", line.msisdn).stdout == text
    assert run("profile", "list", expect=2).stderr


def test_enterprises_are_kept(ask, run, cluster):
    run("enterprise", "add", "acme", "--name", "Acme", "--max-devices", "3")
    assert last_audit(cluster)[0] == "enterprise.add"
    assert ask("GET", "/v1/enterprises/acme") == {"enterprise": "acme", "name": "Acme", "state": "active", "brand": None,
                                                  "max_devices": 3, "devices": 0}
    run("enterprise", "set", "acme", "--state", "suspended", "--max-devices", "-1")
    assert last_audit(cluster)[0] == "enterprise.set"
    cluster.sql("INSERT INTO profile (enterprise, app, iccid) VALUES ('acme', 2011, '8901000000000082013')")
    found = json.loads(run("--json", "enterprise", "show", "acme").stdout)
    assert (found["state"], found["max_devices"], found["devices"]) == ("suspended", None, 1)
    assert "8901000000000082013" in run("profile", "list", "--enterprise", "acme").stdout
    assert "alive" in run("enterprise", "remove", "acme", expect=1).stderr
    cluster.sql("UPDATE profile SET status = 4, ended_at = now() WHERE enterprise = 'acme'")
    run("enterprise", "remove", "acme")
    assert "no such enterprise" in run("enterprise", "show", "acme", expect=1).stderr
    assert ask("PUT", "/v1/enterprises/acme", {"max_devices": -2}, expect=400)["field"] == "max_devices"
    assert ask("PUT", "/v1/enterprises/a%20b", {}, expect=400)
    assert run("enterprise", "set", "acme", "--max-devices", "many", expect=2).stderr


def test_an_enterprise_whose_order_begins_right_now_is_not_removed(ask, cluster):
    """The removal waits for a journey that is being written, and then sees it."""
    cluster.sql("INSERT INTO enterprise (enterprise_id) VALUES ('right-now')")
    with psycopg.connect(cluster.conninfo) as other, futures.ThreadPoolExecutor(1) as pool:
        number = other.execute("INSERT INTO journey (kind, state, enterprise, app, operation_type, target_id, deadline_at) VALUES "
                               "('enterprise', 'ready', 'right-now', 2011, 0, 't-now', '2999-01-01') RETURNING id").fetchone()[0]
        found = pool.submit(ask, "DELETE", "/v1/enterprises/right-now", expect=409)
        harness.wait_for(lambda: cluster.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                             "AND query LIKE '%%enterprise_remove%%'") == 1, 2, "the removal waits")
        other.commit()
        assert "alive" in found.result(10)["error"]
    cluster.sql("UPDATE journey SET state = 'done', deadline_at = NULL, ended_at = now() WHERE id = %s", number)
    ask("DELETE", "/v1/enterprises/right-now")
    assert cluster.one("SELECT count(*) FROM journey WHERE id = %s", number) == 0


def test_offers_are_kept(ask, run, cluster):
    run("offer", "add", "companion", "Watch-S", "--service", "SharedNumber", "--description", "One number for both",
        "--profile-type", "watch-shared", "--sort", "5")
    assert last_audit(cluster)[0] == "offer.add"
    run("offer", "add", "ap2006", "Watch-S", "--active", "no")
    offers = {(o["app"], o["offer"]): o for o in ask("GET", "/v1/plan-offers")["offers"]}
    assert offers["ap2006", "Watch-S"] == {
        "app": "ap2006", "offer": "Watch-S", "name": "Watch-S", "description": "One number for both", "brand": None,
        "enterprise": None, "service": "SharedNumber", "profile_type": "watch-shared", "sort": 5, "active": False}
    assert "Watch-S" in run("offer", "list").stdout
    assert ask("PUT", "/v1/plan-offers/ap2004/x", {}, expect=400)["field"] == "app"
    assert "brand" in ask("PUT", "/v1/plan-offers/ap2006/x", {"brand": "no-such"}, expect=400)["error"]
    assert run("offer", "add", "companion", "x", "--active", "maybe", expect=2).stderr
    run("offer", "remove", "companion", "Watch-S")
    assert "no such offer" in run("offer", "remove", "companion", "Watch-S", expect=1).stderr


def test_families_are_kept(run, cluster, subscriber):
    line, other = subscriber(), subscriber()
    run("family", "add", line.imsi, other.imsi)
    action, subject, detail = last_audit(cluster)
    assert action == "family.add" and other.imsi not in json.dumps(detail) and line.imsi not in subject
    assert other.imsi in run("family", "list", line.imsi).stdout
    assert line.imsi in run("family", "list", other.imsi).stdout
    run("family", "remove", other.imsi, line.imsi)
    assert "not related" in run("family", "remove", line.imsi, other.imsi, expect=1).stderr
    assert run("family", "add", line.imsi, line.imsi, expect=1).stderr


def test_an_euicc_is_marked_like_a_device(run, cluster):
    run("device", "mark", EID, "deny", "--reason", "reported lost")
    assert cluster.one("SELECT state FROM device_identity WHERE terminal_id = %s", EID) == "deny"
    assert "deny" in run("device", "show", EID).stdout
    action, subject, _ = last_audit(cluster)
    assert action == "device.mark" and EID not in subject
    run("device", "mark", EID, "none")
    wrong = EID[:-1] + str((int(EID[-1]) + 1) % 10)
    assert "check digits" in run("device", "mark", wrong, "deny", expect=1).stderr


# ---- entitlementctl ----

def test_a_care_agent_finds_and_reads_a_journey(run, cluster, subscriber):
    line = subscriber()
    number = add_journey(cluster, line, "ready", steps=STEPS, target_id="w-5", deadline_at="2999-01-01T00:00:00Z")
    listed = run("journey", "list", "--msisdn", line.msisdn, "--open").stdout
    assert listed.startswith("ID") and str(number) in listed and "ready" in listed
    text = run("journey", "show", str(number)).stdout
    assert "reserving -> activating" in text and "42 ms" in text and "Executed-Success" in text and "smdp main" in text
    assert 'It stands at "ready": the profile can be downloaded.' in text and "What you can do: " in text
    assert "null" not in text and "2999-01-01" in text
    found = json.loads(run("--json", "journey", "show", str(number)).stdout)
    assert found["id"] == number and len(found["timeline"]) == len(STEPS)
    assert "no such journey" in run("journey", "show", "999999999", expect=1).stderr
    assert run("journey", "list", "--state", "redy", expect=1).stderr
    assert json.loads(run("--json", "journey", "list", "--imsi", line.imsi, "--stuck").stdout) == {"journeys": []}


def test_a_care_agent_cancels_a_journey(run, cluster, subscriber):
    number = add_journey(cluster, subscriber(), "asking", target_id="w-6", deadline_at="2999-01-01")
    assert "nothing to try again" in run("journey", "retry", str(number), expect=1).stderr
    text = run("journey", "cancel", str(number), "--reason", "wish of the customer").stdout
    assert 'It stands at "dismissed"' in text
    assert cluster.one("SELECT state FROM journey WHERE id = %s", number) == "dismissed"


# ---- figures ----

def test_open_journeys_are_in_the_metrics(make_daemon, cluster, subscriber):
    add_journey(cluster, subscriber(), "deleting", target_id="w-4", deadline_at="2999-01-01", old_iccid="8901000000000083011",
                kind="move")
    add_journey(cluster, subscriber(), "deleting", target_id="w-4", deadline_at="2999-01-01", attempts=1,
                old_iccid="8901000000000083029", kind="move")
    own = make_daemon(device={"offered": ["ap2003", "ap2004", "ap2005", "ap2006", "ap2009"]})
    harness.wait_for(lambda: own.metric("ecs_journeys_open", state="deleting") >= 2, 8, "counted")
    assert own.metric("ecs_journeys_stuck") >= 1 and own.metric("ecs_journeys_oldest_seconds") >= 0
    number = cluster.one("SELECT id FROM journey WHERE state = 'deleting' ORDER BY id DESC LIMIT 1")
    before = own.metric("ecs_journeys_total", outcome="dismissed")
    assert own.admin("POST", f"/v1/journeys/{number}/cancel")[0] == 200
    harness.wait_for(lambda: own.metric("ecs_journeys_total", outcome="dismissed") == before + 1, 5, "counted")
