# SPDX-License-Identifier: Apache-2.0
"""What the network can do, told by the operator or by a status system: answers, texts, validity, notifications; and where a line
is, whose it is and what its card says."""
import os
import subprocess
import sys
import threading
import time

import psycopg
import pytest

import harness
from push_site import Providers

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "tools"))
from availability_double import AvailabilityDouble  # noqa: E402

IMS = ["ap2003", "ap2004", "ap2005"]
FAST = {"policy_delay": "0s", "campaign_per_second": 1000}
NOT_DEPLOYED = "This service is not available where you are yet."
TOKEN = "status-system-token-1"


@pytest.fixture(scope="module")
def providers(area):
    with Providers(area) as found:
        yield found


@pytest.fixture
def server(own_site):
    made = own_site.daemon().start()
    yield made
    own_site.cluster.sql("DELETE FROM service_state")
    try:
        made.stop()
    finally:
        made.kill()


def daemon_of(own_site, request, **overrides):
    made = own_site.daemon(**overrides).start()

    def end():
        own_site.cluster.sql("DELETE FROM service_state")
        own_site.cluster.sql("DELETE FROM availability_feed")
        made.stop()
    request.addfinalizer(end)
    return made


def tell(server, service, state, **more):
    status, reply = server.admin("PUT", "/v1/availability", {"service": service, "state": state, **more})
    assert status == 200, reply
    return reply


def ready_phone(own_site, server, **what):
    p = own_site.phone(server, **what)
    p.line.service("vowifi", tc_status=1, addr_status=2, prov_status=1)
    return p


def test_an_outage_switches_services_off_for_a_short_while(own_site, server):
    p = ready_phone(own_site, server)
    before = p.login(IMS)
    assert before["ap2004"]["EntitlementStatus"] == "1" and int(before.validity) > 3600
    for service in ("volte", "vonr", "vowifi", "smsoip"):
        tell(server, service, "unavailable", validity_s=300)
    now = p.ask(IMS)
    assert {entry["EntitlementStatus"] for entry in now.rats().values()} == {"0"}
    assert now["ap2005"] == {"EntitlementStatus": "0"}
    vowifi = now["ap2004"]
    assert (vowifi["EntitlementStatus"], vowifi["ProvStatus"], vowifi["TC_Status"], vowifi["AddrStatus"]) == ("0", "3", "2", "2")
    assert vowifi["ServiceFlow_URL"] == "" and vowifi["MessageForIncompatible"] == "", "nothing is left for the user to do"
    assert int(now.validity) <= 300 and now.version > before.version
    told = server.admin("POST", "/v1/explain", {"imsi": p.imsi, "app": "ap2004", "terminal_id": p.terminal_id})[1]
    assert "the network has it switched off" in str(told) and "network-down" in str(told)
    status, reply = server.admin("DELETE", "/v1/availability")
    assert status == 200 and reply["removed"] == 4
    after = p.ask(IMS)
    assert after["ap2004"]["EntitlementStatus"] == "1" and after.version > now.version
    assert int(after.validity) == int(before.validity)


def test_a_service_that_is_not_deployed_is_refused_with_a_text(own_site, server):
    p = ready_phone(own_site, server)
    p.login(IMS)
    tell(server, "vowifi", "not-deployed")
    tell(server, "volte", "not-deployed", message_key="outage")
    now = p.ask(IMS)
    assert now["ap2004"]["EntitlementStatus"] == "2" and now["ap2004"]["MessageForIncompatible"] == NOT_DEPLOYED
    assert now.rats()[1, 1] == {"EntitlementStatus": "2",
                                "MessageForIncompatible": "The service is not available at the moment. Please try again later."}
    assert now["ap2005"] == {"EntitlementStatus": "1"}, "another service"


def test_what_is_expected_to_end_is_not_kept_longer(own_site, server):
    p = ready_phone(own_site, server)
    soon = own_site.cluster.sql("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '90 s', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")[0][0]
    tell(server, "smsoip", "degraded", expected_end=soon)
    now = p.login(IMS)
    assert now["ap2005"] == {"EntitlementStatus": "1"}, "degraded is for policies that look for it"
    assert 60 <= int(now.validity) <= 90


def test_the_most_special_state_counts(own_site, server):
    own_site.cluster.sql("INSERT INTO brand (brand, name) VALUES ('north', 'North') ON CONFLICT DO NOTHING")
    coast, city, other = (ready_phone(own_site, server) for _ in range(3))
    for p, area, brand in ((coast, "north.coast.isle", ""), (city, "north.city", "north"), (other, "south", "")):
        assert server.admin("PUT", f"/v1/subscribers/{p.imsi}", {"area": area, "brand": brand})[0] == 200
        p.login(IMS)
    tell(server, "smsoip", "not-deployed")
    tell(server, "smsoip", "ready", area="north")
    tell(server, "smsoip", "unavailable", area="north.coast")
    tell(server, "smsoip", "unavailable", brand="north")
    assert [p.ask(IMS)["ap2005"]["EntitlementStatus"] for p in (coast, city, other)] == ["0", "1", "2"]
    assert [entry["area"] for entry in server.admin("GET", "/v1/availability")[1]["states"]] == [None, None, "north", "north.coast"]
    shown = server.admin("GET", f"/v1/subscribers/{coast.imsi}")[1]
    assert shown["area"] == "north.coast.isle"


def test_a_country_and_a_network_are_areas(own_site, server):
    home, abroad = ready_phone(own_site, server), ready_phone(own_site, server)
    assert server.admin("PUT", f"/v1/subscribers/{abroad.imsi}", {"visited_plmn": "26201"})[0] == 200
    home.login(IMS)
    abroad.login(IMS)
    tell(server, "vowifi", "unavailable", area="mcc-262")
    assert [p.ask(IMS)["ap2004"]["EntitlementStatus"] for p in (home, abroad)] == ["1", "0"]
    tell(server, "vowifi", "ready", area="plmn-26201")
    assert abroad.ask(IMS)["ap2004"]["EntitlementStatus"] == "1"
    tell(server, "vowifi", "unavailable", area=f"plmn-{harness.PLMN}")
    assert [p.ask(IMS)["ap2004"]["EntitlementStatus"] for p in (home, abroad)] == ["0", "1"]


@pytest.mark.parametrize("body,field", [
    ({"service": "volte", "state": "gone"}, "state"),
    ({"service": "fax", "state": "ready"}, "service"),
    ({"service": "volte", "state": "unavailable", "area": "Nord"}, "area"),
    ({"service": "volte", "state": "unavailable", "brand": "nobody"}, "brand"),
    ({"service": "volte", "state": "unavailable", "message_key": "nothing"}, "message_key"),
    ({"service": "volte", "state": "unavailable", "expected_end": "2020-01-01T00:00:00Z"}, "expected_end"),
    ({"service": "volte", "state": "unavailable", "since": "2099-01-01T00:00:00Z"}, "since"),
], ids=lambda v: v if isinstance(v, str) else "")
def test_a_state_that_cannot_be_is_refused(server, own_site, body, field):
    status, reply = server.admin("PUT", "/v1/availability", body)
    assert status == 400 and field in str(reply), reply
    assert own_site.cluster.sql("SELECT count(*) FROM service_state")[0][0] == 0


def test_the_tool_tells_and_shows_states(own_site, server):
    def ctl(*arguments):
        done = subprocess.run([own_site.build.ctl, "-c", server.conf_path, *arguments], capture_output=True, text=True,
                              timeout=60, env=harness.environment())
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout
    ctl("availability", "set", "vowifi", "unavailable", "--area", "north", "--validity", "600", "--rat", "wifi")
    shown = ctl("availability", "list")
    assert "unavailable" in shown and "north" in shown and "operator" in shown
    ctl("availability", "clear", "volte")
    assert "north" in ctl("availability", "list")
    ctl("availability", "clear", "vowifi", "--area", "north")
    assert "north" not in ctl("availability", "list")


def registered(own_site, server, name, **fields):
    p = ready_phone(own_site, server)
    if fields:
        assert server.admin("PUT", f"/v1/subscribers/{p.imsi}", fields)[0] == 200
    p.push = name
    p.login(IMS, notif_action="2", notif_token=name)
    return p


def test_recovery_calls_the_devices_that_it_concerns(own_site, request, providers):
    server = daemon_of(own_site, request, notify=FAST, fcm=providers.fcm)
    here, there = registered(own_site, server, "here", area="east.town"), registered(own_site, server, "there", area="west")
    providers.clear()
    assert tell(server, "vowifi", "unavailable", area="east")["told"] is False, "outages are not told by default"
    assert here.ask(IMS)["ap2004"]["EntitlementStatus"] == "0"
    assert tell(server, "vowifi", "degraded", area="east")["told"] is True
    message = providers.wait(1, "here")[0]
    assert "ap2004" in message["data"]["data" if "data" in message["data"] else "app"]
    assert here.ask(IMS)["ap2004"]["EntitlementStatus"] == "1"
    assert tell(server, "vowifi", "ready", area="east")["told"] is False, "it worked before"
    harness.wait_for(lambda: own_site.cluster.sql("SELECT count(*) FROM notify_campaign WHERE done_at IS NULL")[0][0] == 0, 10, "done")
    assert not providers.pushes("there") and len(providers.pushes("here")) == 1
    assert there.ask(IMS)["ap2004"]["EntitlementStatus"] == "1"


def test_a_service_that_is_built_somewhere_is_told_there(own_site, request, providers):
    server = daemon_of(own_site, request, notify=FAST, fcm=providers.fcm)
    here = registered(own_site, server, "built", area="east.town")
    registered(own_site, server, "unbuilt", area="west")
    assert tell(server, "vowifi", "not-deployed")["told"] is False
    assert here.ask(IMS)["ap2004"]["EntitlementStatus"] == "2"
    providers.clear()
    assert tell(server, "smsoip", "ready", area="east")["told"] is False, "it worked there"
    assert tell(server, "vowifi", "ready", area="east")["told"] is True, "nothing stood there, but it was not deployed anywhere"
    providers.wait(1, "built")
    assert here.ask(IMS)["ap2004"]["EntitlementStatus"] == "1"
    assert tell(server, "vowifi", "unavailable", area="west")["told"] is False
    server.admin("DELETE", "/v1/availability?service=vowifi&area=west")
    harness.wait_for(lambda: own_site.cluster.sql("SELECT count(*) FROM notify_campaign WHERE done_at IS NULL")[0][0] == 0, 10, "done")
    assert not providers.pushes("unbuilt"), "it is still not deployed there"


def test_an_empty_part_removes_nothing(own_site, server):
    tell(server, "vowifi", "unavailable")
    for query in ("service=", "service=vowifi&area=", "rat=", "brand=", "service=fax", "rat=3g"):
        status, reply = server.admin("DELETE", f"/v1/availability?{query}")
        assert status == 400, (query, reply)
    assert own_site.cluster.one("SELECT count(*) FROM service_state") == 1


def test_outages_are_told_where_the_operator_wants_it(own_site, request, providers):
    server = daemon_of(own_site, request, notify=FAST, fcm=providers.fcm, availability={"tell": "all"})
    p = registered(own_site, server, "wants")
    providers.clear()
    assert tell(server, "smsoip", "unavailable")["told"] is True
    providers.wait(1, "wants")
    server.admin("DELETE", "/v1/availability?service=smsoip")
    providers.wait(2, "wants")
    assert p.ask(IMS)["ap2005"]["EntitlementStatus"] == "1"


def test_a_line_that_moves_into_an_outage_is_told(own_site, request, providers):
    server = daemon_of(own_site, request, notify=FAST, fcm=providers.fcm)
    p = registered(own_site, server, "moves", area="east")
    providers.clear()
    assert server.admin("PUT", f"/v1/subscribers/{p.imsi}", {"area": "west"})[0] == 200
    tell(server, "vowifi", "unavailable", area="east")
    assert not providers.pushes("moves"), "areas do not matter as long as no state names one"
    assert server.admin("PUT", f"/v1/subscribers/{p.imsi}", {"area": "east.town"})[0] == 200
    providers.wait(1, "moves")
    assert p.ask(IMS)["ap2004"]["EntitlementStatus"] == "0"


def test_two_writers_at_once_lose_no_state(own_site, server):
    """The requests read a copy of all states: it has those of both, in whatever order the two commit."""
    tell(server, "volte", "ready")
    with psycopg.connect(own_site.cluster.conninfo) as one, psycopg.connect(own_site.cluster.conninfo, autocommit=True) as two:
        one.execute("INSERT INTO service_state (source, service, state) VALUES ('operator', 'data', 'degraded')")
        second = threading.Thread(target=two.execute, args=("DELETE FROM service_state WHERE service = 'volte'",), daemon=True)
        second.start()
        harness.wait_for(lambda: own_site.cluster.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                                      "AND query LIKE 'DELETE FROM service_state%%'"), 10, "the second waits")
        one.commit()
        second.join(10)
    assert own_site.cluster.one("SELECT states FROM content_base") == ["O degraded data * * * 0 0 "]


# ---- polls ----

@pytest.fixture
def feed():
    with AvailabilityDouble(TOKEN) as found:
        yield found


def polled(own_site, request, feed, **change):
    entry = {"name": "noc", "url": feed.url, "auth": "bearer", "bearer": TOKEN, "every": "1s", "stale_after": "4s", **change}
    return daemon_of(own_site, request, availability_feeds=[entry])


def rows(own_site):
    return own_site.cluster.sql("SELECT source, service, coalesce(area, ''), state FROM service_state ORDER BY service, area")


def test_a_status_system_is_asked_and_believed(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable", "validity_s": 120, "message": "no-such-text"}]
    server = polled(own_site, request, feed)
    harness.wait_for(lambda: rows(own_site) == [("noc", "smsoip", "", "unavailable")], 10, "the state")
    p = ready_phone(own_site, server)
    now = p.login(IMS)
    assert now["ap2005"] == {"EntitlementStatus": "0"} and int(now.validity) <= 120
    harness.wait_for(lambda: any(q["status"] == 304 for q in feed.asked()), 10, "asked by its tag")
    feed.states = [{"service": "volte", "state": "not-deployed", "area": "isle"}]
    harness.wait_for(lambda: rows(own_site) == [("noc", "volte", "isle", "not-deployed")], 10, "what it tells is the whole")
    assert p.ask(IMS)["ap2005"] == {"EntitlementStatus": "1"}
    tell(server, "volte", "ready", area="isle")
    listed = server.admin("GET", "/v1/availability")[1]
    assert [(s["source"], s["state"]) for s in listed["states"]] == [("noc", "not-deployed"), ("operator", "ready")]
    assert listed["feeds"][0]["source"] == "noc" and listed["feeds"][0]["error"] == ""


def test_a_document_with_a_fault_changes_nothing(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    server = polled(own_site, request, feed, stale_after="1h")
    harness.wait_for(lambda: rows(own_site), 10, "the state")
    feed.body = b'{"states":[{"service":"volte","state":"unavailable"},{"service":"volte","state":"ready"}]}'
    harness.wait_for(lambda: "states[1]: stands twice" in server.admin("GET", "/v1/availability")[1]["feeds"][0]["error"], 10,
                     lambda: server.admin("GET", "/v1/availability")[1])
    assert rows(own_site) == [("noc", "smsoip", "", "unavailable")]
    assert any("stands twice" in e.get("msg", "") for e in server.events() if e["event"] == "AVAILABILITY")


def test_what_a_silent_system_told_is_dropped(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    polled(own_site, request, feed)
    harness.wait_for(lambda: rows(own_site), 10, "the state")
    feed.status = 503
    harness.wait_for(lambda: not rows(own_site), 15, "dropped")
    feed.status = 200
    harness.wait_for(lambda: rows(own_site), 15, "asked for the whole again")
    assert feed.asked()[-1]["status"] in (200, 304)


def test_a_system_that_is_no_longer_asked_is_forgotten(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    server = polled(own_site, request, feed, stale="keep")
    harness.wait_for(lambda: rows(own_site), 10, "the state")
    server.write(availability_feeds=[])
    server.reload()
    own_site.cluster.sql("UPDATE availability_feed SET wanted_until = now()")
    harness.wait_for(lambda: not rows(own_site), 30, "gone with its configuration")
    assert own_site.cluster.sql("SELECT count(*) FROM availability_feed")[0][0] == 0


def test_a_node_without_a_feed_leaves_alone_what_another_one_asks(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    polled(own_site, request, feed)
    harness.wait_for(lambda: rows(own_site), 10, "the state")
    first = own_site.cluster.one("SELECT id FROM service_state")
    other = daemon_of(own_site, request)
    before = len(feed.asked())
    other.reload()
    harness.wait_for(lambda: len(feed.asked()) >= before + 4, 20, "asked on")
    assert own_site.cluster.sql("SELECT id, source FROM service_state") == [(first, "noc")], "the same row, never removed"


def test_of_two_nodes_one_asks_and_the_other_takes_over(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    entry = {"name": "noc", "url": feed.url, "auth": "bearer", "bearer": TOKEN, "every": "3s", "stale_after": "1h"}
    first, second = (daemon_of(own_site, request, availability_feeds=[entry]) for _ in range(2))
    harness.wait_for(lambda: rows(own_site), 10, "the state")
    before, start = len(feed.asked()), time.monotonic()
    time.sleep(7)
    asked, passed = len(feed.asked()) - before, time.monotonic() - start
    assert 1 <= asked <= passed / 3 + 1, "once in three seconds, not once by each node"
    # A node that dies while it asks: its lease ends, and nobody asks before.
    first.kill()
    own_site.cluster.sql("UPDATE availability_feed SET asked_at = NULL, leased_until = now() + interval '4 seconds'")
    before = len(feed.asked())
    time.sleep(2)
    assert len(feed.asked()) <= before + 1, "leased (one question may have been under way)"
    harness.wait_for(lambda: len(feed.asked()) >= before + 2, 20, "taken over")
    assert second.admin("GET", "/v1/availability")[1]["feeds"][0]["error"] == ""


def test_what_was_dropped_is_asked_for_whole_after_a_crash(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    polled(own_site, request, feed)
    harness.wait_for(lambda: any(q["status"] == 304 for q in feed.asked()), 10, "asked by its tag")
    # The drop is committed, and the node dies before it takes the tag back.
    own_site.cluster.sql("DELETE FROM service_state")
    own_site.cluster.sql("UPDATE availability_feed SET good_at = now() - interval '1 hour'")
    harness.wait_for(lambda: rows(own_site) == [("noc", "smsoip", "", "unavailable")], 10, "the whole")


def test_a_brand_that_comes_later_gets_its_state(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable", "brand": "later"}]
    server = polled(own_site, request, feed)
    server.wait_event("AVAILABILITY", text="unknown brands")
    own_site.cluster.sql("INSERT INTO brand (brand, name) VALUES ('later', 'Later')")
    harness.wait_for(lambda: rows(own_site), 10, "the state")


def test_states_that_do_not_fit_in_are_a_fault_of_the_feed(own_site, request, feed):
    own_site.cluster.sql("INSERT INTO service_state (source, service, state, area) SELECT 'operator', 'data', 'ready', 'a' || i "
                         "FROM generate_series(1, 200) i")
    feed.states = [{"service": "smsoip", "state": "unavailable"}]
    server = polled(own_site, request, feed)
    harness.wait_for(lambda: "more than 200" in (server.admin("GET", "/v1/availability")[1]["feeds"] or [{"error": ""}])[0]["error"],
                     10, lambda: server.admin("GET", "/v1/availability")[1]["feeds"])
    own_site.cluster.sql("DELETE FROM service_state")
    harness.wait_for(lambda: rows(own_site) == [("noc", "smsoip", "", "unavailable")], 10, "taken when there is room")


def test_rows_of_unknown_brands_are_left_out_and_the_others_taken(own_site, request, feed):
    feed.states = [{"service": "smsoip", "state": "unavailable", "brand": "nobody"}, {"service": "data", "state": "degraded"}]
    server = polled(own_site, request, feed)
    harness.wait_for(lambda: rows(own_site) == [("noc", "data", "", "degraded")], 10, "the state")
    assert "1 of unknown brands" in server.wait_event("AVAILABILITY", text="unknown brands")["msg"]


def test_no_more_states_stand_than_requests_can_read(own_site, server):
    own_site.cluster.sql("INSERT INTO service_state (source, service, state, area) SELECT 'operator', 'data', 'ready', 'a' || i "
                         "FROM generate_series(1, 200) i")
    status, reply = server.admin("PUT", "/v1/availability", {"service": "volte", "state": "unavailable"})
    assert status == 400 and "200" in str(reply), reply
    assert len(server.admin("GET", "/v1/availability")[1]["states"]) == 200


def test_a_status_system_behind_oauth_gets_a_token(own_site, request, providers):
    providers.clear({"method": "GET", "path": "/noc", "status": 200, "json": {"states": [{"service": "volte", "state": "degraded"}]}})
    entry = {"name": "noc", "url": providers.http.url + "/noc", "auth": "oauth", "token_url": providers.http.url + "/token",
             "client_id": "ecs", "client_secret": "s3cret", "every": "1s", "stale_after": "1h"}
    daemon_of(own_site, request, availability_feeds=[entry])
    harness.wait_for(lambda: rows(own_site) == [("noc", "volte", "", "degraded")], 10, "the state")
    asked = [e for e in providers.http.log() if e["path"] == "/noc"]
    assert all("Bearer at" in str(e["headers"]) for e in asked)
