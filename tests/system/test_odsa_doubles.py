# SPDX-License-Identifier: Apache-2.0
"""The doubles of SM-DP+ and BSS themselves: what they take, refuse, count and break. No daemon; a fault here makes the other
ODSA tests worthless."""
import base64
import http.client
import json
import ssl
import threading
import time
import types
import urllib.parse

import pytest

import odsa
from bss_double import Bss
from neighbour_double import Answer, Double, good_eid, good_iccid, luhn, make_eid
from smdp_double import Smdp

HEADERS = {"Content-Type": "application/json", "X-Admin-Protocol": "gsma/rsp/v2.5.0"}


class Listener(Double):
    """The operator's side of callbacks."""
    kind = "listener"
    status = 204

    def function_of(self, request):
        return request.path

    def process(self, request):
        self.record(request.path, body=json.loads(request.body), peer=request.peer)
        return Answer(self.status, headers={"X-Admin-Protocol": "gsma/rsp/v2.5.0"})


@pytest.fixture(scope="module")
def trust(tmp_path_factory):
    return odsa.Trust(str(tmp_path_factory.mktemp("trust")), "doubles")


@pytest.fixture(scope="module")
def operator(trust):
    made = Listener(*trust.server("ecs"), trust.path)
    yield made
    made.close()


@pytest.fixture
def smdp(trust, operator):
    made = Smdp(*trust.server("smdp"), trust.path, odsa.REQUESTER, {"watch": 3, "phone": 2},
                operator=("127.0.0.1", operator.port, trust.path, *trust.client("dp")))
    made.us = trust.client("ecs")
    yield made
    made.close()


@pytest.fixture
def bss(trust):
    made = Bss(*trust.server("tmf"), trust.path, clients={"ecs": "p+ w:d"})
    made.us = trust.client("ecs")
    yield made
    made.close()


def call(double, trust, method, path, body=None, headers=HEADERS, timeout=5, identity=None):
    """(status, JSON or bytes)."""
    context = ssl.create_default_context(cafile=trust.path)
    if identity is None:
        context.load_cert_chain(*double.us)
    connection = http.client.HTTPSConnection("localhost", double.port, context=context, timeout=timeout)
    try:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, headers)
        reply = connection.getresponse()
        rest = reply.read()
        return reply.status, json.loads(rest) if rest and "json" in (reply.headers.get("Content-Type") or "") else rest
    finally:
        connection.close()


class Es2:
    """ES2+ calls as the digest writes them."""

    def __init__(self, double, trust):
        self.double, self.trust, self.n = double, trust, 0

    def __call__(self, function, call_id=None, header=None, headers=HEADERS, method="POST", **members):
        self.n += 1
        head = header or {"functionRequesterIdentifier": odsa.REQUESTER, "functionCallIdentifier": call_id or f"c-{self.n}"}
        status, body = call(self.double, self.trust, method, "/gsma/rsp2/es2plus/" + function, {"header": head, **members}, headers)
        if status != 200:
            return types.SimpleNamespace(status=status, ok=False, why=None)
        told = body["header"]["functionExecutionStatus"]
        code = told.get("statusCodeData", {})
        return types.SimpleNamespace(status=told["status"], ok=told["status"] == "Executed-Success",
                                     why=(code.get("subjectCode"), code.get("reasonCode")), **{k: v for k, v in body.items()
                                                                                               if k != "header"})


@pytest.fixture
def es2(smdp, trust):
    return Es2(smdp, trust)


def test_check_digits():
    assert luhn("7992739871") == "3" and luhn("49015420323751") == "8"
    for known in ("89049032123451234512345678901235", "89001012012341234012345678901224"):
        assert good_eid(known) and not good_eid(known[:-1] + str((int(known[-1]) + 1) % 10))
    assert all(good_eid(make_eid(i)) for i in range(200)) and not good_eid("8" * 31) and not good_eid("A" * 32)
    assert good_iccid("8949090000000000017" if luhn("894909000000000001") == "7" else "894909000000000001" + luhn("894909000000000001"))
    assert not good_iccid("89490900000000000") and not good_iccid("1949090000000000012")


@pytest.mark.parametrize("state", ["allocated", "linked"])
def test_a_profile_goes_through_its_states(smdp, es2, operator, state):
    number = odsa.eid()
    order = es2("downloadOrder", profileType="watch", **({"eid": number} if state == "linked" else {}))
    assert order.ok and order.iccid.endswith("F") and good_iccid(order.iccid)
    assert smdp.state(order.iccid) == ("Linked" if state == "linked" else "Allocated")
    done = es2("confirmOrder", iccid=order.iccid, eid=number, matchingId="ECS-1", releaseFlag=False)
    assert done.ok and done.matchingId == "ECS-1" and done.eid == number and smdp.state(order.iccid) == "Confirmed"
    with pytest.raises(AssertionError, match="refused: Confirmed"):
        smdp.download("1$smdp.example.com$ECS-1", eid=number)
    assert es2("releaseProfile", iccid=order.iccid).ok and smdp.state(order.iccid) == "Released"
    with pytest.raises(AssertionError, match="EID wrong"):
        smdp.download("1$smdp.example.com$ECS-1", eid=odsa.eid())
    operator.ledger.clear()
    profile = smdp.download("1$smdp.example.com$ECS-1", eid=number)
    assert profile.state == "Installed"
    told = [e["body"]["notificationPointId"] for e in operator.ledger]
    assert told == [1, 3, 4] and {e["peer"] for e in operator.ledger} == {"dp"}
    assert es2("cancelOrder", iccid=order.iccid, eid=number, matchingId="ECS-1",
               finalProfileStatusIndicator="Available").why == ("8.2.1", "3.3")
    smdp.delete(order.iccid)
    assert smdp.state(order.iccid) == "Available" and operator.ledger[-1]["body"]["notificationPointId"] == 5
    smdp.check()


def test_the_default_smdp_case_needs_the_eid(smdp, es2):
    number = odsa.eid()
    order = es2("downloadOrder", profileType="phone", eid=number)
    assert es2("confirmOrder", iccid=order.iccid, eid=number, matchingId="", releaseFlag=True).matchingId == ""
    assert smdp.download(address="smdp.example.com", eid=number).iccid + "F" == order.iccid
    other = es2("downloadOrder", profileType="phone")
    assert es2("confirmOrder", iccid=other.iccid, matchingId="", releaseFlag=True).why == ("8.1.1", "2.2")
    smdp.check()


def test_the_same_call_again_does_nothing_twice(smdp, es2):
    one, two = (es2("downloadOrder", call_id="same", profileType="watch") for _ in range(2))
    assert one.iccid == two.iccid and len(smdp.held()) == 1
    smdp.check_once(1, 0)
    assert [e["repeated"] for e in smdp.entries("downloadOrder")] == [False, True]
    es2("downloadOrder", call_id="same", profileType="phone")
    assert smdp.violations and "call id same" in smdp.violations[0]


def test_a_forgetful_smdp_orders_twice(smdp, es2):
    smdp.forgetful = True
    one, two = (es2("downloadOrder", call_id="same", profileType="watch") for _ in range(2))
    assert one.iccid != two.iccid
    with pytest.raises(AssertionError):
        smdp.check_once(1, 0)


def test_refusals_name_subject_and_reason(smdp, es2):
    assert es2("downloadOrder", profileType="gold").why == ("8.2.5", "3.9")
    for _ in range(3):
        assert es2("downloadOrder", profileType="watch").ok
    assert es2("downloadOrder", profileType="watch").why == ("8.2.5", "3.7")
    free = next(p.iccid for p in smdp.profiles.values() if p.state == "Available")
    assert es2("downloadOrder", iccid=free).ok
    assert es2("downloadOrder", iccid=free).why == ("8.2.1", "3.3")
    assert es2("downloadOrder", iccid="8949000000000000018" if good_iccid("8949000000000000018") else
               "894900000000000001" + luhn("894900000000000001")).why == ("8.2.1", "3.9")
    assert es2("confirmOrder", iccid=free, matchingId="M-1", releaseFlag=True).ok
    taken = smdp.in_state("Allocated")[0].iccid
    assert es2("confirmOrder", iccid=taken, matchingId="M-1", releaseFlag=True).why == ("8.2.6", "3.8")
    assert es2("confirmOrder", iccid=free, matchingId="M-1", releaseFlag=True).why == ("8.2.1", "3.3")
    assert es2("cancelOrder", iccid=free, matchingId="M-2", finalProfileStatusIndicator="Unavailable").why == ("8.2.6", "3.10")
    assert es2("cancelOrder", iccid=free, matchingId="M-1", finalProfileStatusIndicator="Unavailable").ok
    assert smdp.state(free) == "Unavailable"
    smdp.check()


@pytest.mark.parametrize("change", [
    {"headers": {**HEADERS, "Content-Type": "text/plain"}}, {"headers": {"Content-Type": "application/json"}},
    {"headers": {**HEADERS, "X-Admin-Protocol": "2.5.0"}}, {"header": {"functionCallIdentifier": "x"}},
    {"header": {"functionRequesterIdentifier": odsa.REQUESTER, "functionCallIdentifier": ""}},
    {"header": {"functionRequesterIdentifier": odsa.REQUESTER, "functionCallIdentifier": "x" * 65}},
    {"header": {"functionRequesterIdentifier": "1.2.3", "functionCallIdentifier": "x"}},
    {"releaseFlag": "true"}, {"releaseFlag": None}, {"matchingId": "lower"}, {"matchingId": "A$B"}, {"eid": "8" * 32},
    {"iccid": "12345"}, {"smdsAddress": "https://lpa.ds.gsma.com"}, {"colour": "red"}, {"method": "GET"}, {"function": "confirm"}],
    ids=str)
def test_a_wrong_form_is_a_violation(smdp, es2, change):
    members = {"iccid": smdp.add("watch"), "releaseFlag": True, **{k: v for k, v in change.items() if k not in ("headers", "header")}}
    es2(members.pop("function", "confirmOrder"), headers=change.get("headers", HEADERS), header=change.get("header"), **members)
    with pytest.raises(AssertionError):
        smdp.check()


def test_who_has_no_certificate_does_not_get_in(smdp, trust):
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        call(smdp, trust, "POST", "/gsma/rsp2/es2plus/downloadOrder", {}, identity=())
    assert not smdp.ledger


def test_faults_come_where_they_are_asked_for(smdp, es2, trust):
    smdp.fault("downloadOrder", drop="before")
    with pytest.raises((http.client.HTTPException, ConnectionError, ssl.SSLError)):
        es2("downloadOrder", call_id="a", profileType="watch")
    assert not smdp.ledger
    smdp.fault("downloadOrder", drop="after")
    with pytest.raises((http.client.HTTPException, ConnectionError, ssl.SSLError)):
        es2("downloadOrder", call_id="a", profileType="watch")
    assert len(smdp.held()) == 1 and es2("downloadOrder", call_id="a", profileType="watch").ok and len(smdp.held()) == 1
    smdp.fault("downloadOrder", refuse=("8.2.5", "3.7"))
    assert es2("downloadOrder", profileType="watch").why == ("8.2.5", "3.7")
    smdp.fault("downloadOrder", http=503, headers={"Retry-After": "1"})
    assert es2("downloadOrder", profileType="watch").status == 503
    smdp.fault("downloadOrder", refuse="Failed", skip=1)
    assert es2("downloadOrder", profileType="watch").ok
    assert es2("downloadOrder", profileType="watch").why == (None, None)
    begin = time.monotonic()
    smdp.fault("releaseProfile", delay=0.3)
    es2("releaseProfile", iccid=smdp.held()[0].iccid)
    assert time.monotonic() - begin > 0.29
    places = []
    for at in ("before", "after", "answered"):
        smdp.fault("releaseProfile", call=lambda at=at: places.append(at), at=at)
        if at == "before":
            with pytest.raises((http.client.HTTPException, ConnectionError, ssl.SSLError)):
                es2("releaseProfile", iccid=smdp.held()[0].iccid)
        else:
            es2("releaseProfile", iccid=smdp.held()[0].iccid)
    time.sleep(0.05)
    assert places == ["before", "after", "answered"]
    smdp.check()


def test_a_server_that_is_down_comes_back_at_its_port(smdp, es2):
    port = smdp.port
    smdp.down()
    with pytest.raises(OSError):
        es2("downloadOrder", profileType="watch")
    smdp.up()
    assert smdp.port == port and es2("downloadOrder", profileType="watch").ok


# ---- BSS ----

def token_of(bss, trust, basic=True):
    form = {"grant_type": "client_credentials"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if basic:
        pair = ":".join(urllib.parse.quote_plus(part) for part in ("ecs", "p+ w:d"))
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form.update(client_id="ecs", client_secret="p+ w:d")
    status, body = call(bss, trust, "POST", "/oauth/token", urllib.parse.urlencode(form).encode(), headers)
    assert status == 200, body
    return {"Content-Type": "application/json", "Authorization": "Bearer " + body["access_token"]}


def an_order(key, **change):
    item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": "CFS_COMPANION"}, "state": "active",
                                                    "serviceCharacteristic": [{"name": "eid", "value": odsa.eid()}]}}
    return {"externalId": key, "category": "ODSA", "serviceOrderItem": [item], **change}


ORDER = "/tmf-api/serviceOrdering/v4/serviceOrder"


@pytest.mark.parametrize("basic", [True, False])
def test_no_order_without_a_token(bss, trust, basic):
    assert call(bss, trust, "POST", ORDER, an_order("k"))[0] == 401
    headers = token_of(bss, trust, basic)
    assert call(bss, trust, "POST", ORDER, an_order("k"), headers)[0] == 201
    bss.revoke_tokens()
    assert call(bss, trust, "POST", ORDER, an_order("k"), headers)[0] == 401
    bss.check()


def test_an_order_is_made_once_and_found_by_its_key(bss, trust):
    headers, order = token_of(bss, trust), an_order("key-1")
    bss.behave("acknowledged")
    one, two = (call(bss, trust, "POST", ORDER, order, headers)[1] for _ in range(2))
    assert one["id"] == two["id"] and one["state"] == "acknowledged" and len(bss.orders) == 1
    bss.finish("key-1", result={"iccid": "8949"}, tell=False)
    status, found = call(bss, trust, "GET", ORDER + "?externalId=key-1", headers=headers)
    assert status == 200 and found[0]["state"] == "completed"
    assert {"name": "iccid", "value": "8949"} in found[0]["serviceOrderItem"][0]["service"]["serviceCharacteristic"]
    assert call(bss, trust, "GET", ORDER + "?externalId=key-2", headers=headers)[1] == []
    bss.check()
    assert call(bss, trust, "POST", ORDER, an_order("key-1", category="other"), headers)[0] == 409
    assert bss.violations


@pytest.mark.parametrize("change", [
    {"externalId": None}, {"externalId": ""}, {"externalId": "x" * 65}, {"serviceOrderItem": []},
    {"serviceOrderItem": [{"id": "1", "action": "create", "service": {}}]}, {"serviceOrderItem": [{"action": "add", "service": {}}]},
    {"serviceOrderItem": [{"id": "1", "action": "add", "service": {}}]}, {"relatedParty": [{"id": "x"}]},
    {"serviceOrderItem": [{"id": "1", "action": "modify", "service": {"id": "s", "serviceCharacteristic": [{"name": "x"}]}}]}],
    ids=str)
def test_an_order_of_wrong_form_is_refused(bss, trust, change):
    assert call(bss, trust, "POST", ORDER, an_order("k", **change), token_of(bss, trust))[0] == 400
    assert not bss.orders and bss.violations


def test_events_come_early_twice_and_late(bss, trust, operator):
    bss.operator = ("127.0.0.1", operator.port, trust.path, *trust.client("bss"))
    operator.ledger.clear()
    headers = token_of(bss, trust)
    bss.behave("acknowledged", event="completed", early=True)
    shown = call(bss, trust, "POST", ORDER, an_order("e-1"), headers)[1]
    assert shown["state"] == "acknowledged"
    assert [e["body"]["event"]["serviceOrder"]["state"] for e in operator.ledger] == ["completed"]
    bss.behave("acknowledged", event="failed", after=0.1, error=("17", "no"))
    call(bss, trust, "POST", ORDER, an_order("e-2"), headers)
    late = operator.wait_for(lambda d: len(d.ledger) == 2 and d.ledger[1])
    assert late["body"]["event"]["serviceOrder"]["errorMessage"] == [{"code": "17", "reason": "no"}]
    bss.tell(bss.order("e-2"), copies=2, event_id="same")
    assert [e["body"]["eventId"] for e in operator.ledger[2:]] == ["same", "same"]
    assert operator.ledger[0]["function"] == "/bss/listener/serviceOrderStateChangeEvent"


def test_cancelling_depends_on_the_state(bss, trust):
    headers = token_of(bss, trust)
    bss.behave("acknowledged")
    body = {"serviceOrder": {"id": call(bss, trust, "POST", ORDER, an_order("c-1"), headers)[1]["id"]}}
    path = "/tmf-api/serviceOrdering/v4/cancelServiceOrder"
    assert call(bss, trust, "POST", path, body, headers)[1]["state"] == "done" and bss.order("c-1").state == "cancelled"
    other = {"serviceOrder": {"id": call(bss, trust, "POST", ORDER, an_order("c-2"), headers)[1]["id"]}}
    assert call(bss, trust, "POST", path, other, headers)[1]["state"] == "terminatedWithError"


def test_inventories_filter_by_attributes_of_one_element(bss, trust):
    headers = token_of(bss, trust)
    bss.services = [{"id": f"s{i}", "name": "VoWiFi", "serviceCharacteristic": [{"name": "msisdn", "value": f"49{i}"},
                                                                                 {"name": "tc", "value": {"value": 1}}]}
                    for i in range(5)]
    base = "/tmf-api/serviceInventory/v4/service?"
    found = call(bss, trust, "GET", base + "serviceCharacteristic.name=msisdn&serviceCharacteristic.value=493", headers=headers)
    assert (found[0], [s["id"] for s in found[1]]) == (200, ["s3"])
    assert call(bss, trust, "GET", base + "serviceCharacteristic.name=tc&serviceCharacteristic.value=493", headers=headers)[1] == []
    assert call(bss, trust, "GET", base + "limit=2", headers=headers)[0] == 206


def test_the_ledger_counts_orders_of_parallel_callers(bss, trust):
    headers, order = token_of(bss, trust), an_order("p")
    threads = [threading.Thread(target=call, args=(bss, trust, "POST", ORDER, order, headers)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bss.orders) == 1 and len(bss.entries("serviceOrder", repeated=True)) == 7
    bss.check_once()
