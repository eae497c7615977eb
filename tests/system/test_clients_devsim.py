# SPDX-License-Identifier: Apache-2.0
"""Each client of clients.md, played by entitlement-devsim against the real daemon: what works, and what is known to fail. Where a
spoiled answer breaks the client: test_clients_spoiled.py. A server that asks for numbers: test_clients_numbers.py."""
import json
import re

import pytest

import harness
from test_clients_common import between, devsim, make_reply, play, rules, url_of  # noqa: F401 (fixtures)

PHONES = ["library", "library-post", "ims", "samsung-old", "samsung-new"]
PROBES = ["headless", "vocat"]


# ---- each client gets what it is for ----

# proves: X-001 X-003 X-012 X-017 X-019 X-026
@pytest.mark.parametrize("personality", PHONES + PROBES)
def test_each_phone_and_probe_is_entitled_and_finds_nothing_wrong(play, personality):
    found = play(personality)
    assert found["values"]["ap2004/EntitlementStatus"] == "1"
    assert not [f for f in found["findings"] if f["severity"] != "note"], found["findings"]


# proves: X-001 X-002 X-017
@pytest.mark.parametrize("personality", ["library", "ims", "samsung-old", "samsung-new", "health", "vocat", "microg"])
def test_each_client_may_begin_by_post(play, personality):
    found = play(personality, "--post", "--lenient", "--app", "ap2004")
    assert "ap2004/EntitlementStatus" in found["values"] or personality == "microg"
    assert not rules(found)


# proves: X-011
@pytest.mark.parametrize("personality", ["health", "library-post"])
def test_packed_bodies_of_a_client_that_packs_everything(play, personality):
    assert not rules(play(personality, "--post", "--gzip-request", "--lenient"))


# proves: X-007 X-043
@pytest.mark.parametrize("personality", PHONES + ["health", "vocat", "microg", "node-mock"])
def test_each_client_comes_back_with_its_token_and_gets_over_a_bad_one(play, subscriber, lines, tmp_path, personality):
    line, imei, path = subscriber(), lines.imei(), tmp_path / "token"
    arguments = ("--app", "ap2004", "--token-file", str(path), "--lenient")
    first = play(personality, *arguments, line=line, imei=imei)
    token = path.read_text()
    assert token.strip() and first["connections"] >= 1
    again = play(personality, *arguments, line=line, imei=imei)
    assert again["status"] == 200
    path.write_text("k5wz7mq2tr4d6x3h\n")
    over = play(personality, *arguments, line=line, imei=imei, code=3 if personality == "node-mock" else 0)
    assert over["status"] == (511 if personality == "node-mock" else 200)
    if personality != "node-mock":
        assert path.read_text().strip() != "k5wz7mq2tr4d6x3h"


# proves: X-025 X-026 X-028 X-037
@pytest.mark.parametrize("personality,app", [("satellite", "ap2016"), ("satellite-new", "ap2016"), ("slicing", "ap2010"),
                                             ("node-mock", "ap2004")])
def test_clients_that_ask_for_json_get_json(play, personality, app):
    found = play(personality)
    assert found["values"][f"{app}/EntitlementStatus"] == ("1" if app == "ap2004" else "2")  # 2: not offered here
    assert not rules(found) and not rules(found, "fault"), found["findings"]


# proves: X-030
@pytest.mark.parametrize("personality", ["satellite", "slicing"])
def test_telephony_authenticates_in_full_each_time(play, subscriber, lines, tmp_path, between, personality):
    proxy, line, imei = between(), subscriber(), lines.imei()
    for _ in range(2):
        play(personality, "--token-file", str(tmp_path / "token"), line=line, imei=imei, url=proxy.url)
    assert len(proxy.requests) == 4 and not (tmp_path / "token").exists()
    assert all(b"EAP_ID=" in request and b"token=" not in request for request in proxy.requests[::2])
    first = proxy.requests[0].decode()
    if personality == "slicing":
        assert "&boost_type=0&app=ap2010&terminal_vendor=vend&terminal_model=modelY&" in first
    else:
        assert "&app_name=androidSatmode&app=ap2016&" in first and "&vers=0&entitlement_version=2.0 " in first
    assert "\r\nAccept: application/vnd.gsma.eap-relay.v1.0+json\r\n" in first
    assert "\r\nAccept: application/vnd.gsma.eap-relay.v1.0+json, application/json\r\n" in proxy.requests[1].decode()


@pytest.mark.parametrize("personality,app,name", [("odsa-primary", "ap2009", "PrimaryAppEligibility"),
                                                  ("odsa-companion", "ap2006", "CompanionAppEligibility"),
                                                  ("health", "ap2006", None)])
def test_device_managers_authenticate_then_run_their_operation_by_token(play, between, personality, app, name):
    proxy = between()
    more = () if name else ("--param", "operation=CheckEligibility")
    found = play(personality, *more, "--lenient", url=proxy.url)
    assert len(proxy.requests) == 3
    start, answer, operation = (request.decode() for request in proxy.requests)
    assert "operation=" not in start and "companion_terminal_eid" not in start and "EAP_ID=" in start
    assert answer.startswith("POST / HTTP/1.1\r\n")
    assert "operation=CheckEligibility" in operation and "token=" in operation and "EAP_ID" not in operation
    assert found["values"][f"{app}/OperationResult"]
    if name:
        assert name in "".join(found["values"])
        order = ["IMSI=", "token=", "terminal_id=", f"app={app}", "terminal_vendor=Acme", "vers=", "entitlement_version=",
                 "operation="]
        places = [operation.index(part) for part in order]
        assert places == sorted(places)
        assert "\r\nAccept: application/json, text/vnd.wap.connectivity-xml\r\n" in operation  # XML is due, and comes
        assert "vnd.wap.connectivity-xml" not in str(found["findings"])


def is_refused(found):
    """How an operation of ap2014 is answered until it is offered: with a result that is no success (P-009), or 405 (P-054)."""
    if found["exit"] == 3:
        return found["status"] == 405
    return found["values"]["ap2014/OperationResult"] not in ("", "1") and "general error" in found["words"][-1]


def test_the_phone_side_of_number_verification_gets_its_token_and_then_a_refusal(play, between):
    """ap2014 comes with a later issue; the judgement of a temporary token is in test_clients_spoiled.py."""
    proxy = between()
    found = play("gms", "--lenient", url=proxy.url, code=(0, 3))
    operation = proxy.requests[-1].decode()
    assert len(proxy.requests) == 3
    assert "&GID1=null&app_name=google-pnv&app=ap2014&" in operation and "entitlement_version=12.0" in operation
    assert "operation=AcquireTemporaryToken&operation_targets=GetPhoneNumber" in operation
    assert "\r\nAccept: text/vnd.wap.connectivity-xml\r\n" in operation
    assert is_refused(found) and not rules(found)


def test_microg_takes_the_token_then_asks_for_the_number_in_json(play, between):
    proxy = between()
    found = play("microg", "--lenient", url=proxy.url, code=(0, 3))
    start, _, operation = (request.decode() for request in proxy.requests)
    assert re.match(r"GET /\?EAP_ID=\S+?&terminal_id=\d+&terminal_vendor=Acme&terminal_model=Phone%201&"
                    r"terminal_sw_version=14.2&app_name=&app=ap2014&vers=0&entitlement_version=2.0 HTTP", start)
    assert re.match(r"GET /\?token=\S+?&IMSI=\d+&terminal_id=", operation), operation  # token before IMSI
    assert "&operation=GetPhoneNumber&terminal_iccid=" in operation
    assert "\r\nAccept: application/json\r\n" in operation and "Cookie:" in operation
    assert is_refused(found) and not rules(found)


# proves: X-016
def test_microg_with_a_custom_realm_is_accepted_in_spite_of_its_keys(play):
    realm = "wlan.mnc001.mcc001.3gppnetwork.org"  # stands behind the @ as it is
    for more in ((), ("--mk-identity", "sent")):  # with the fault, and without it
        found = play("microg", "--realm", realm, *more, "--param", "operation=", "--lenient")
        assert found["status"] == 200 and found["values"]["TOKEN/token"] and not rules(found)
    as_library = play("library", "--realm", "wlan", "--mk-identity", "usual", "--app", "ap2004")
    assert as_library["values"]["ap2004/EntitlementStatus"] == "1"


# proves: X-017 X-019
def test_vocat_sends_its_parameters_twice_and_keeps_its_query(play, between):
    proxy = between()
    found = play("vocat", "--post", url=proxy.url)
    assert found["values"]["ap2004/EntitlementStatus"] == "1"
    start, answer = (request.decode() for request in proxy.requests)
    query, body = start.split(" ")[1], json.loads(start.split("\r\n\r\n", 1)[1])
    names = re.findall(r"[?&](\w+)=", query)
    assert names == sorted(names) and set(names) == set(body) and body["vers"] == "1" and body["entitlement_version"] == "1"
    assert answer.split(" ")[1] == query and "\r\nContent-Type: application/json\r\n" in answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_vocat_follows_redirects_as_go_does(play, daemon, between, status):
    target = url_of(daemon)

    def answer(request, number):
        path = request.split(b" ")[1].decode()
        return make_reply(status, [("Location", target.rstrip("/") + path)])
    proxy = between(answer=answer)
    if status >= 307:
        assert play("vocat", url=proxy.url)["values"]["ap2004/EntitlementStatus"] == "1"
        assert [request.split(b" ")[0] for request in proxy.requests] == [b"GET", b"POST"]
    else:  # the EAP answer becomes a GET without a body, which begins anew
        play("vocat", url=proxy.url, code=(3, 4))
        assert len(proxy.requests) >= 2


def test_simadmin_answers_where_the_last_redirect_led(play, daemon, between):
    target = url_of(daemon)
    proxy = between(answer=lambda request, number: make_reply(
        307, [("Location", target.rstrip("/") + request.split(b" ")[1].decode())]))
    found = play("simadmin", url=proxy.url, code=4)
    assert len(proxy.requests) == 1 and rules(found) == {"C-31"}
    away = between(answer=lambda request, number: make_reply(302, [("Location", "https://elsewhere.example/")]))
    assert "within the host" in str(play("simadmin", url=away.url, code=3)["findings"])


# ---- known losers: documented, and told by the simulation ----

# proves: X-031
def test_simadmin_misreads_the_address_page_of_an_entitled_user_and_phones_win(play, make_daemon):
    found = play("simadmin", code=4)
    assert rules(found) == {"C-31"} and "ServiceFlow_URL" in str(found["findings"])
    assert found["values"]["ap2004/EntitlementStatus"] == "1" and found["values"]["ap2004/ProvStatus"] == "1"
    without = play("simadmin", at=make_daemon(policy={"portal_url": ""}), code=0)
    assert without["words"][-1] == "Wi-Fi calling: enabled"


# proves: X-043
def test_simadmin_stays_stuck_after_511_and_nothing_can_be_done(play, tmp_path):
    (tmp_path / "token").write_text("stale-token-of-simadmin\n")
    found = play("simadmin", "--token-file", str(tmp_path / "token"), code=3)
    assert (found["status"], rules(found)) == (511, {"C-41"})


def test_the_validator_works_with_the_cookie_name_that_it_knows(play, make_daemon):
    assert "eap_session" in str(play("validator", code=4)["findings"])
    found = play("validator", at=make_daemon(auth={"cookie": "eap_session"}))
    assert found["values"]["ap2004/EntitlementStatus"] == "1" and not rules(found)


def test_aka_prime_of_vocat_is_refused_with_a_status(play):
    assert play("vocat", "--nai-prefix", "6", code=3)["status"] == 511


def test_every_personality_is_listed_and_has_a_row_in_the_readme(devsim):
    listed = re.findall(r"^(\S+) +\S", devsim("personalities"), re.M)
    assert len(listed) >= 19 and len(set(listed)) == len(listed)
    with open(f"{harness.ROOT}/src/tools/devsim/README.md", encoding="utf-8") as file:
        text = file.read()
    assert [name for name in listed if f"| `{name}` |" not in text] == []
