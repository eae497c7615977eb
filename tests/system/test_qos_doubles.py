# SPDX-License-Identifier: Apache-2.0
"""The exposure of quality of service of the tests (tests/tools/qos_double.py) by itself: right requests are taken, wrong ones
are refused and noted. A raw client stands for the product."""
import copy
import json
import os
import subprocess
import sys
import urllib.parse

import pytest

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "tools"))
from qos_double import N5, PROFILES, PROVISIONING, SESSIONS, T8, QosDouble  # noqa: E402

DEVICE = {"phoneNumber": "+4915120000000"}
CREDENTIAL = {"credentialType": "ACCESSTOKEN", "accessToken": "a" * 32, "accessTokenExpiresUtc": "2030-01-01T00:00:00Z",
              "accessTokenType": "bearer"}
ASSIGNMENT = {"device": DEVICE, "qosProfile": "QOS_E", "sink": "https://ecs.example.net/q/1", "sinkCredential": CREDENTIAL}
SESSION = dict(ASSIGNMENT, applicationServer={"ipv4Address": "203.0.113.0/24"}, duration=600)
SUBSCRIPTION = {"notificationDestination": "https://ecs.example.net/q/1", "ueIpv4Addr": "10.0.0.1", "qosReference": "boost10",
                "flowInfo": [{"flowId": 1, "flowDescriptions": ["permit out ip from 203.0.113.5 to 10.0.0.1"]}],
                "events": ["SESSION_TERMINATION"]}
CONTEXT = {"ascReqData": {
    "afAppId": "ecs.databoost", "dnn": "internet", "ueIpv4": "10.0.0.1", "supi": "imsi-001010000000001",
    "gpsi": "msisdn-491700000001", "notifUri": "https://ecs.example.org/n5/4711", "suppFeat": "0",
    "medComponents": {"1": {"medCompN": 1, "medType": "DATA", "fStatus": "ENABLED", "qosReference": "boost10",
                            "marBwDl": "10 Mbps", "marBwUl": "2 Mbps"}},
    "evSubsc": {"events": [{"event": "SUCCESSFUL_RESOURCES_ALLOCATION"}], "notifUri": "https://ecs.example.org/n5/4711"}}}


@pytest.fixture(scope="module")
def server():
    with QosDouble() as made:
        yield made


@pytest.fixture
def double(server):
    server.reset()
    server.oauth = None
    return server


def ask(double, method, path, body=None, headers=(), http2=False, kind="application/json"):
    """(status, headers, JSON or text) of a request by curl."""
    command = ["curl", "-s", "-i", "-X", method, "-m", "5", *(["--http2-prior-knowledge"] if http2 else ["--http1.1"])]
    for name, value in (("Content-Type", kind),) * (body is not None) + tuple(headers):
        command += ["-H", f"{name}: {value}"]
    if body is not None:
        command += ["--data-binary", body if isinstance(body, str) else json.dumps(body)]
    done = subprocess.run(command + [double.url + path], capture_output=True, text=True)
    if done.returncode:
        return done.returncode, {}, ""
    head, _, text = done.stdout.replace("\r\n", "\n").partition("\n\n")
    rows = head.split("\n")
    found = {name.lower(): value for name, _, value in (row.partition(": ") for row in rows[1:])}
    return int(rows[0].split()[1]), found, json.loads(text) if "json" in found.get("content-type", "") else text


def changed(base, path, value):
    """A copy with one member replaced (None: taken away)."""
    made = copy.deepcopy(base)
    *parents, last = path.split("/")
    place = made
    for name in parents:
        place = place[int(name) if isinstance(place, list) else name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


def test_an_assignment_lives_and_ends(double):
    status, headers, made = ask(double, "POST", PROVISIONING + "/qos-assignments", ASSIGNMENT, [("x-correlator", "c-1")])
    assert status == 201 and made["status"] == "AVAILABLE" and headers["x-correlator"] == "c-1"
    place = urllib.parse.urlsplit(headers["location"]).path
    assert ask(double, "GET", place)[2]["assignmentId"] == made["assignmentId"]
    found = ask(double, "POST", PROVISIONING + "/retrieve-qos-assignment", {"device": DEVICE})[2]
    assert (found["assignmentId"], found["status"]) == (made["assignmentId"], "AVAILABLE")
    assert ask(double, "POST", PROVISIONING + "/qos-assignments", ASSIGNMENT)[0] == 409
    assert ask(double, "DELETE", place)[0] == 204 and ask(double, "GET", place)[0] == 404
    assert [kind for kind, _ in double.created] == ["assignment"]
    double.check()


def test_a_session_lives_and_ends(double):
    double.immediate = False
    status, headers, made = ask(double, "POST", SESSIONS + "/sessions", SESSION)
    assert status == 201 and made["qosStatus"] == "REQUESTED"
    url, found, body = double.session_event(made["sessionId"], "AVAILABLE")
    assert url == SESSION["sink"] and ("Authorization", "Bearer " + "a" * 32) in found
    assert json.loads(body)["type"] == "org.camaraproject.quality-on-demand.v1.qos-status-changed"
    assert ask(double, "POST", SESSIONS + "/retrieve-sessions", {"device": DEVICE})[2][0]["qosStatus"] == "AVAILABLE"
    double.session_event(made["sessionId"], "UNAVAILABLE", "DURATION_EXPIRED")
    assert ask(double, "DELETE", urllib.parse.urlsplit(headers["location"]).path)[0] == 404
    assert ask(double, "POST", PROFILES + "/retrieve-qos-profiles", {})[2][0]["name"] == "QOS_E"
    double.check()


def test_a_subscription_lives_and_ends(double):
    status, headers, made = ask(double, "POST", T8 + "/ecs/subscriptions", SUBSCRIPTION)
    assert status == 201 and made["self"] == headers["location"]
    assert [row["self"] for row in ask(double, "GET", T8 + "/ecs/subscriptions")[2]] == [made["self"]]
    assert ask(double, "GET", T8 + "/other/subscriptions")[2] == []
    place = urllib.parse.urlsplit(made["self"]).path
    assert ask(double, "DELETE", place.replace("/ecs/", "/other/"))[0] == 404
    assert ask(double, "DELETE", place)[0] == 204
    double.check()


def test_a_context_lives_and_ends(double):
    status, headers, made = ask(double, "POST", N5 + "/app-sessions", CONTEXT, http2=True)
    assert status == 201 and made["ascReqData"]["ueIpv4"] == "10.0.0.1"
    place = urllib.parse.urlsplit(headers["location"]).path
    patch = {"ascReqData": {"qosDuration": 60}}
    assert ask(double, "PATCH", place, patch, http2=True, kind="application/merge-patch+json")[0] == 200
    assert ask(double, "POST", N5 + "/app-sessions", CONTEXT, http2=True)[1]["location"] == headers["location"]
    assert ask(double, "POST", place + "/delete", http2=True)[0] == 204
    assert ask(double, "POST", place + "/delete", http2=True)[2]["cause"] == "APPLICATION_SESSION_CONTEXT_NOT_FOUND"
    double.check()


WRONG = [
    ("camara", "device", {}, "nobody"), ("camara", "device/phoneNumber", "4915120000000", "E.164"),
    ("camara", "qosProfile", None, "qosProfile is missing"), ("camara", "qosProfile", "no", "qosProfile"),
    ("camara", "sink", "http://ecs.example.net/q", "sink"), ("camara", "sinkCredential/accessTokenType", "basic", "TokenType"),
    ("camara", "extra", 1, "not one of the API"), ("camara", "sinkCredential/accessTokenExpiresUtc", "soon", "ExpiresUtc"),
    ("camara", "device/ipv4Address", {"publicAddress": "10.0.0.1"}, "neither"),
    ("session", "duration", "600", "duration"), ("session", "applicationServer", {}, "applicationServer"),
    ("session", "duration", None, "duration is missing"),
    ("t8", "notificationDestination", None, "notificationDestination"), ("t8", "gpsi", "msisdn-49151", "addressed by"),
    ("t8", "flowInfo/0/flowDescriptions", ["allow"], "no rule"), ("t8", "events", ["BOOM"], "events"),
    ("t8", "ueIpv4Addr", "10.0.0.256", "ueIpv4Addr"), ("t8", "ueIpv4Addr", None, "addressed by"),
    ("n5", "ascReqData/suppFeat", None, "suppFeat is missing"), ("n5", "ascReqData/ueIpv4", None, "addressed by"),
    ("n5", "ascReqData/medComponents/1/marBwDl", "10Mbps", "marBwDl"), ("n5", "ascReqData/supi", "001010000000001", "supi"),
    ("n5", "ascReqData/medComponents/1/medCompN", 2, "medCompN"), ("n5", "ascReqData/gpsi", "+491700000001", "gpsi"),
    ("n5", "ascReqData/evSubsc/events/0/event", "BOOM", "event BOOM"), ("n5", "ascReqData/notifUri", "ecs", "notifUri"),
]
KINDS = {"camara": (PROVISIONING + "/qos-assignments", ASSIGNMENT), "session": (SESSIONS + "/sessions", SESSION),
         "t8": (T8 + "/ecs/subscriptions", SUBSCRIPTION), "n5": (N5 + "/app-sessions", CONTEXT)}


@pytest.mark.parametrize("kind,place,value,text", WRONG)
def test_a_wrong_request_is_refused_and_noted(double, kind, place, value, text):
    path, base = KINDS[kind]
    status, _, answer = ask(double, "POST", path, changed(base, place, value), http2=kind == "n5")
    assert status in (400, 422) and isinstance(answer, dict)
    assert len(double.faults) == 1 and text in double.faults[0]
    assert double.created == []


def test_n5_is_http_2_only(double):
    assert ask(double, "POST", N5 + "/app-sessions", CONTEXT)[0] == 505 and double.faults


def test_other_forms_are_refused(double):
    path = PROVISIONING + "/qos-assignments"
    assert ask(double, "POST", path, ASSIGNMENT, kind="text/plain")[0] == 415
    assert ask(double, "POST", path, '{"device":1')[0] == 400
    assert ask(double, "POST", path, '{"device":{},"device":{}}')[0] == 400
    assert ask(double, "POST", path, ASSIGNMENT, [("x-correlator", "a b")])[0] == 400
    assert ask(double, "GET", "/qos-provisioning/v1/qos-assignments/1")[0] == 404
    assert len(double.faults) == 5


def test_tokens_are_asked_for(double):
    double.oauth = ("ecs", "s3cret word")
    path = PROVISIONING + "/qos-assignments"
    assert ask(double, "POST", path, ASSIGNMENT)[0] == 401
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": "ecs", "client_secret": "s3cret word"})
    kind = "application/x-www-form-urlencoded"
    assert ask(double, "POST", "/token", form.replace("word", "x"), kind=kind)[0] == 401
    token = ask(double, "POST", "/token", form, kind=kind)[2]["access_token"]
    assert ask(double, "POST", path, ASSIGNMENT, [("Authorization", "Bearer " + token)])[0] == 201
    double.tokens.clear()
    assert ask(double, "GET", path + "/1", headers=[("Authorization", "Bearer " + token)])[0] == 401


def test_scripted_failures_come_and_a_lost_answer_has_done_its_work(double):
    path = PROVISIONING + "/qos-assignments"
    double.rule(method="POST", path=path, status=503, headers={"Retry-After": "2"}, times=1)
    status, headers, _ = ask(double, "POST", path, ASSIGNMENT)
    assert (status, headers["retry-after"]) == (503, "2") and not double.assignments
    double.lose = 1
    assert ask(double, "POST", path, ASSIGNMENT)[0] == 52  # curl: an empty answer
    assert len(double.assignments) == 1
    assert ask(double, "POST", path, ASSIGNMENT)[0] == 409
    double.bound = {"10.9.9.9"}
    assert ask(double, "POST", N5 + "/app-sessions", CONTEXT, http2=True)[2]["cause"] == "PDU_SESSION_NOT_AVAILABLE"
    double.check()
