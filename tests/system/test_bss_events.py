# SPDX-License-Identifier: Apache-2.0
"""Events of the BSS on the callback listener's Unix socket: who may send them, both forms, and what they change at once. Over TLS
and for journeys: test_odsa_neighbours.py. The plain form is that of docs/bss.md."""
import json
import os

import psycopg
import pytest

import portal

TOKEN = "bss-events-token-of-at-least-32-bytes"


@pytest.fixture(scope="module")
def unix(make_module_daemon, tmp_path_factory):
    path = os.path.join(str(tmp_path_factory.mktemp("bss")), "cb.sock")
    make_module_daemon(callback={"listen": [path]}, bss={"events_token": TOKEN},
                       partners=[{"name": "shop", "token": TOKEN + "-of-the-shop"}])
    return path


def send(unix, path, event, token=TOKEN, method="POST"):
    """Status and body of the answer."""
    connection = portal.UnixConnection(unix)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request(method, path, event if isinstance(event, bytes) else json.dumps(event), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def column(cluster, line, name):
    return cluster.sql(f"SELECT {name} FROM subscriber WHERE imsi = '{line.imsi}'")[0][0]


def line_event(line, **more):
    return {"type": "line", "imsi": line.imsi, **more}


def service_event(line, state, name="CFS_VOWIFI", **more):
    return {"eventType": "ServiceStateChangeEvent", **more, "event": {"service": {
        "id": "svc-1", "state": state, "serviceSpecification": {"id": name},
        "serviceCharacteristic": [{"name": "msisdn", "value": line.msisdn}]}}}


def prov(cluster, line, service="vowifi"):
    return cluster.sql(f"SELECT prov_status FROM line_service WHERE imsi = '{line.imsi}' AND service = '{service}'")[0][0]


@pytest.mark.parametrize("token,status", [(None, 401), ("wrong", 403), (TOKEN + "-of-the-shop", 403), (TOKEN, 204)])
def test_events_need_the_token_of_the_bss(unix, lines, token, status):
    assert send(unix, "/bss/events", line_event(lines.take(), lineState="active"), token)[0] == status


def test_the_token_of_the_bss_opens_no_call_of_partners(unix):
    assert send(unix, "/v1/session", {"reference": "x"})[0] == 403


def test_a_line_is_suspended_at_once(unix, lines, cluster):
    line = lines.take()
    assert send(unix, "/bss/events", line_event(line, id="s-1-" + line.imsi, lineState="suspended")) == (204, b"")
    assert column(cluster, line, "line_state") == "suspended"


def test_a_service_changes_by_a_hub_at_both_addresses(unix, lines, cluster):
    line = lines.take()
    for number, (path, state, told) in enumerate((("/bss/listener/serviceStateChangeEvent", "terminated", 0),
                                                  ("/bss", "reserved", 3), ("/bss/events", "active", 1))):
        status, _ = send(unix, path, service_event(line, state, eventId=f"h-{line.imsi}-{number}"))
        assert status == (204 if path == "/bss/events" else 201)
        assert prov(cluster, line) == told


def test_an_event_that_came_before_changes_nothing(unix, lines, cluster):
    line = lines.take()
    event = line_event(line, id="twice-" + line.imsi, lineState="barred")
    assert send(unix, "/bss/events", event)[0] == 204
    line.set(line_state="active")
    assert send(unix, "/bss/events", event)[0] == 204
    assert column(cluster, line, "line_state") == "active"


@pytest.mark.parametrize("path,event,status", [
    ("/bss/listener/partyCreateEvent", {"event": {"party": {"id": "1"}}}, 201),
    ("/bss/listener/serviceStateChangeEvent", {"event": {"service": {"name": "CFS_TV", "state": "active"}}}, 201),
    ("/bss/events", {"type": "weather"}, 204),
    ("/bss/events", {"type": "order", "key": "ecs-nobody-1", "result": "done"}, 204),
    ("/bss/events", {"type": "line", "imsi": "001019999999999", "lineState": "active"}, 204),
    ("/bss/events", b"{", 400),
    ("/bss/events", b"", 400),
    ("/bss/events", {"type": "line", "imsi": "x", "lineState": "active"}, 400),
    ("/bss/listener/a/b", {"event": {}}, 404),
    ("/bss/listener/", {"event": {}}, 404),
    ("/bss/listener", {"event": {}}, 404),
])
def test_what_is_of_no_use_is_taken_and_what_is_malformed_refused(unix, path, event, status):
    assert send(unix, path, event)[0] == status


def test_a_listener_takes_posts_only(unix):
    assert send(unix, "/bss/listener/x", {"event": {}}, method="PUT")[0] == 405


def test_faults_name_what_is_wrong(unix):
    status, body = send(unix, "/bss/events", {"type": "line", "imsi": "001010000000001", "lineState": "on"})
    assert status == 400
    assert json.loads(body) == {"error": "bad_request", "message": "lineState is not one of active, suspended, barred, terminated"}


def test_an_event_whose_change_failed_is_carried_out_when_it_is_told_again(unix, lines, cluster):
    line = lines.take()
    event = line_event(line, id="again-" + line.imsi, lineState="suspended")
    with psycopg.connect(cluster.conninfo) as other:
        other.execute("SELECT 1 FROM subscriber WHERE imsi = %s FOR UPDATE", (line.imsi,))
        assert send(unix, "/bss/events", event)[0] >= 500
        other.rollback()
    assert column(cluster, line, "line_state") == "active"
    assert send(unix, "/bss/events", event)[0] == 204
    assert column(cluster, line, "line_state") == "suspended"


def test_a_long_number_of_an_event_is_cut_between_two_characters(unix, lines, cluster):
    line = lines.take()
    event = line_event(line, id="n" * 255 + "\u00fc" * 40, lineState="suspended")
    for _ in range(2):
        assert send(unix, "/bss/events", event)[0] == 204
        assert column(cluster, line, "line_state") == "suspended"


def product_event(line, status, offering, number):
    return {"eventType": "ProductStateChangeEvent", "eventId": f"p-{line.imsi}-{number}", "event": {"product": {
        "id": "prod-1", "status": status, "productOffering": {"id": offering},
        "productCharacteristic": [{"name": "msisdn", "value": line.msisdn}]}}}


def test_an_offering_that_is_no_plan_of_ours_leaves_the_plan(unix, lines, cluster):
    line = lines.take()
    plan = column(cluster, line, "plan")
    assert send(unix, "/bss", product_event(line, "suspended", "offering-of-the-bss", 1))[0] == 201
    assert (column(cluster, line, "line_state"), column(cluster, line, "plan")) == ("suspended", plan)


def test_a_storm_about_one_line_changes_its_row_once(unix, lines, cluster):
    line = lines.take()
    before = column(cluster, line, "revision")
    for number in range(50):
        assert send(unix, "/bss/events", line_event(line, id=f"storm-{line.imsi}-{number}", lineState="suspended"))[0] == 204
    assert column(cluster, line, "line_state") == "suspended"
    assert column(cluster, line, "revision") == before + 1


def test_events_tell_where_a_line_is(unix, lines):
    line = lines.take()
    assert send(unix, "/bss/events", line_event(line, id="place-" + line.imsi, area="north.coast", visitedPlmn="26201"))[0] == 204
    assert (line.value("area"), line.value("visited_plmn"), line.value("line_state")) == ("north.coast", "26201", "active")
    assert send(unix, "/bss/events", line_event(line, id="home-" + line.imsi, visitedPlmn="", roaming="home"))[0] == 204
    assert (line.value("area"), line.value("visited_plmn"), line.value("roaming")) == ("north.coast", None, "home")
    assert send(unix, "/bss/events", line_event(line, id="bad-" + line.imsi, area="Nord"))[0] == 400
