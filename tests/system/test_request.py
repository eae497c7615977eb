# SPDX-License-Identifier: Apache-2.0
"""How a request may be written: methods, parameters, applications, versions."""
import json
import uuid

import pytest

import client
from client import ACCEPT_JSON, ACCEPT_XML, JSON

ALL = ["ap2003", "ap2004", "ap2005"]


@pytest.fixture
def known(phone):
    """A phone that has a token."""
    p = phone()
    p.login(ALL)
    return p


# ---- GET and POST ----

# proves: P-001
def test_get_and_post_give_the_same_document(known):
    parameters = known.json_parameters(ALL, token=known.token)
    by_get, by_post = known.ask(ALL), known.post(parameters).document()
    assert by_get.content == by_post.content and list(by_get.apps) == ALL
    assert by_get.vers == by_post.vers


# proves: P-001 P-003
def test_first_request_by_post_is_challenged(phone):
    p = phone()
    exchange = client.Exchange(p.post(p.json_parameters(ALL, EAP_ID=p.eap_id)))
    assert list(p.relay(exchange, p.solve(exchange.packet)).document().apps) == ALL


# proves: P-002
def test_post_switched_off_is_told_with_the_methods_that_remain(phone, make_daemon):
    p = phone(at=make_daemon(device={"post": False}))
    reply = p.post(p.json_parameters(EAP_ID=p.eap_id))
    assert (reply.status, reply.header("Allow")) == (405, "GET")
    exchange = p.challenge()  # the answer of an EAP exchange stays possible
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1


# proves: P-003
def test_values_in_a_json_body_are_not_decoded(known):
    written = "%" + known.token[:1].encode().hex() + known.token[1:]
    assert known.post(known.json_parameters(token=known.token)).status == 200
    assert known.post(known.json_parameters(token=written)).status == 511
    query = "&".join(f"{k}={v}" for k, v in known.parameters(token=written))
    assert known.target.request("GET", "/?" + query, [("Accept", ACCEPT_XML)]).status == 200


# proves: P-004
def test_get_values_are_decoded_once(phone):
    p = phone()
    rest = "&".join(f"{k}={v}" for k, v in p.parameters())

    def ask(identity):
        return p.target.request("GET", f"/?{rest}&EAP_ID={identity}", [("Accept", ACCEPT_XML)])
    client.Exchange(ask(p.eap_id.replace("@", "%40")))
    assert ask(p.eap_id.replace("@", "%2540")).status in (400, 403)


# proves: P-062
@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_other_methods_are_refused_with_the_good_ones(daemon, method):
    reply = daemon.device.request(method, "/", [("Accept", "*/*")])
    assert (reply.status, reply.header("Allow")) == (405, "GET, POST")


# proves: P-062
def test_methods_differ_in_case(daemon):
    assert daemon.device.request("get", "/?app=ap2004").status in (400, 405, 501)


# ---- applications ----

# proves: P-005 P-006 P-007 P-008 X-001
def test_every_way_to_write_the_applications_is_one_set(known):
    expected = known.ask(["ap2003", "ap2004"]).content
    assert list(expected) == ["ap2003", "ap2004"]
    assert known.ask(["ap2003,ap2004"]).content == expected
    for written in (["ap2003", "ap2004"], "[ap2003,ap2004]", "ap2003,ap2004", "[ap2003, ap2004]"):
        body = dict(known.json_parameters(token=known.token), app=written)
        assert known.post(body).document().content == expected, written
    assert list(known.post(known.json_parameters("ap2004", token=known.token)).document().apps) == ["ap2004"]


# proves: P-005
def test_an_application_asked_twice_is_answered_once(known):
    assert list(known.ask(["ap2004", "ap2005", "ap2004"]).apps) == ["ap2004", "ap2005"]


# proves: X-001
def test_parameters_come_in_any_order(known):
    parameters = known.parameters(ALL, token=known.token)
    assert known.get(list(reversed(parameters))).document().status("ap2004") == 1
    body = dict(reversed(list(known.json_parameters(ALL, token=known.token).items())))
    assert known.post(body).document().status("ap2004") == 1


# proves: X-001
def test_parameters_in_the_query_of_a_post_count_and_the_body_wins(known):
    query = "/?" + "&".join(f"{k}={v}" for k, v in known.parameters("ap2005", token=known.token))
    body = {"app": "ap2004"}
    document = known.post(body, path=query).document()
    assert list(document.apps) == ["ap2004"]


# proves: P-008
@pytest.mark.parametrize("app", ALL)
def test_only_what_was_asked_is_answered(known, app):
    assert list(known.ask(app).apps) == [app]


# proves: P-009 X-031
@pytest.mark.parametrize("app", ["ap2010", "ap2012", "ap2013", "ap2016"])
def test_an_application_that_is_not_offered_is_incompatible(phone, app):
    p = phone()
    document = p.login([app, "ap2004"])
    assert (document.status(app), document.status("ap2004")) == (2, 1)


# proves: P-009
@pytest.mark.parametrize("app", ["ap2006", "ap2009"])
def test_an_operation_of_an_application_that_is_not_offered_has_a_result(phone, app):
    p = phone()
    block = p.login([app], operation="CheckEligibility")[app]
    assert block["OperationResult"] == "100"
    assert {"ap2006": "CompanionAppEligibility", "ap2009": "PrimaryAppEligibility"}[app] in block
    assert "2" in block.values()
    both = p.ask([app], operation="CheckEligibility")
    assert both[app] == block


# proves: P-013
def test_an_operation_belongs_to_the_application_that_has_them(phone):
    document = phone().login(["ap2006", "ap2004"], operation="CheckEligibility")
    assert document["ap2006"]["OperationResult"] == "100" and document.status("ap2004") == 1


# proves: P-010
def test_foreign_applications_are_skipped_and_logged(known, daemon):
    before = daemon.mark()
    assert list(known.ask(["ap9999", "ap2004"]).apps) == ["ap2004"]
    assert "ap9999" in daemon.wait_event("APP_SKIPPED", before)["msg"]
    assert known.query(["ap9999"]).status == 400


# proves: P-011
def test_no_application_is_400(known):
    assert known.query([]).status == 400
    assert known.query([""]).status == 400
    assert known.post({k: v for k, v in known.json_parameters(token=known.token).items() if k != "app"}).status == 400


# proves: P-012
@pytest.mark.parametrize("foreign", ["ap2001", "ap2002"])
def test_service_configuration_is_not_mixed_in(known, foreign):
    assert known.query([foreign, "ap2004"]).status == 400


# proves: P-013
def test_two_applications_with_operations_are_400(known):
    assert known.query(["ap2006", "ap2009"], operation="CheckEligibility").status == 400


# proves: P-024
def test_application_names_do_not_differ_by_case(known):
    assert known.query(["AP2004"]).document().status("ap2004") == 1


# ---- terminal_id ----

# proves: P-014
def test_terminal_id_is_needed(phone):
    p = phone()
    assert p.get(p.parameters(EAP_ID=p.eap_id, terminal_id=None)).status == 400
    assert p.get(p.parameters(EAP_ID=p.eap_id, terminal_id="")).status == 400


# proves: P-015 P-031
def test_requestor_id_stands_for_terminal_id(phone):
    p = phone()
    dummies = {"terminal_id": None, "terminal_vendor": "none", "terminal_model": "none", "requestor_id": "mdm-7"}
    assert p.login(**dummies).status("ap2004") == 1
    assert p.ask(**dummies).status("ap2004") == 1


# proves: P-016 P-024
def test_uuid_is_a_terminal_id_in_any_case(phone):
    p = phone(terminal_id=str(uuid.uuid4()))
    p.login()
    assert p.ask().status("ap2004") == 1
    assert p.ask(terminal_id=p.terminal_id.upper()).status("ap2004") == 1


# proves: P-017
@pytest.mark.parametrize("terminal", ["35999900123456", "359999001234561", "3599990012345612", "35999900123456123",
                                      "A10000009296F2"])
def test_terminal_ids_of_other_lengths_are_kept_as_they_are(phone, terminal):
    p = phone(terminal_id=terminal)
    p.login()
    assert p.ask().status("ap2004") == 1
    assert p.query(terminal_id=terminal[:-1] + "7").status == 511


# ---- versions ----

# proves: P-018
@pytest.mark.parametrize("version", [None, ""])
def test_version_is_needed(known, version):
    assert known.query(entitlement_version=version).status == 400


# proves: P-019 P-020 A-065
def test_versions_are_compared_as_two_numbers(phone, make_daemon):
    p = phone(at=make_daemon(device={"version_min": "10.0"}))
    p.login()
    for good in ("10.0", "11.9", "11.10", "12.0", "13.5"):
        assert p.query(entitlement_version=good).status == 200, good
    for bad in ("9.9", "2.0", "1.0"):
        reply = p.query(entitlement_version=bad, token="wrong")  # the version is looked at before the token
        assert reply.status == 406, bad
        assert "protocol not supported" in reply.body.decode().lower()



# proves: P-019
def test_highest_version_is_a_bound_too(phone, make_daemon):
    p = phone(at=make_daemon(device={"version_max": "11.9"}))
    p.login(entitlement_version="11.9")
    assert p.query(entitlement_version="11.9").status == 200
    assert p.query(entitlement_version="11.10").status == 406


# proves: P-021 P-022 C-001 C-002
@pytest.mark.parametrize("version,nested", [("1.0", False), ("2.0", False), ("6.9", False), ("6.1", False), ("7.0", True),
                                            ("8", True), ("V8.0", True), ("8.0.1", True), ("11.10", True), ("12.0", True)])
def test_each_version_gets_its_form_of_voice(known, version, nested):
    block = known.ask("ap2003", entitlement_version=version)["ap2003"]
    assert ("VoiceOverCellularEntitleInfo" in block) == nested
    assert ("EntitlementStatus" in block) != nested


# proves: P-022
@pytest.mark.parametrize("version", ["abc", "1.x", ".5", "-1.0", "8.", "1,0"])
def test_a_version_that_cannot_be_read_is_400(known, version):
    assert known.query(entitlement_version=version).status == 400


# proves: P-023
def test_an_application_may_be_newer_than_the_version(phone):
    p = phone()
    assert "ap2016" in p.login(["ap2016", "ap2004"], entitlement_version="2.0").apps
    assert p.ask("ap2004", entitlement_version="1.0").status("ap2004") == 1


# proves: X-008 X-046
@pytest.mark.parametrize("vers", ["0", "1", "-1", "-2", "2147483647", None])
def test_any_vers_and_any_version_are_answered(known, vers):
    assert known.ask(vers=vers).status("ap2004") == 1
    for version in ("13.0", "99.0", "12.1"):
        assert known.ask(ALL, vers=vers, entitlement_version=version).content == known.ask(ALL).content


def test_version_map_answers_unfaithful_clients_by_what_they_implement(phone, make_daemon):
    p = phone(at=make_daemon(device={"version_map": ["2.0-2.9=8.0"]}))
    p.login("ap2003", entitlement_version="2.0")
    assert p.ask("ap2003", entitlement_version="2.5").rats()
    assert "EntitlementStatus" in p.ask("ap2003", entitlement_version="3.0")["ap2003"]


# ---- other parameters ----

# proves: P-025 X-043
def test_tokens_differ_by_case(known):
    assert known.query(token=known.token).status == 200
    assert known.query(token=known.token.swapcase()).status == 511


# proves: P-026
def test_parameter_names_do_not_differ_by_case(phone):
    p = phone()
    parameters = [(name.swapcase(), value) for name, value in p.parameters(EAP_ID=p.eap_id)]
    exchange = client.Exchange(p.get(parameters))
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1


# proves: P-027
def test_empty_values_are_absent(phone):
    p = phone()
    p.challenge(token="", IMSI="", GID1="", notif_token="", notif_action="")
    p.challenge(terminal_sw_version="", terminal_vendor="", terminal_model="")


# proves: P-028
def test_terminal_texts_may_be_missing(phone):
    p = phone()
    assert p.login(terminal_vendor=None, terminal_model=None, terminal_sw_version=None).status("ap2004") == 1


# proves: P-053
@pytest.mark.parametrize("extra", [{"notif_action": "x", "notif_token": "t"}, {"notif_token": "t"}])
def test_malformed_common_parameters_are_400(known, extra):
    assert known.query(**extra).status == 400


# proves: X-003
def test_blanks_and_raw_characters_in_the_query_are_tolerated(known, phone):
    rest = "&".join(f"{k}={v}" for k, v in known.parameters(token=known.token))

    def ask(more):
        return client.Target.raw(known.target, f"GET /?{rest}&{more} HTTP/1.1\r\nHost: a\r\nAccept: {ACCEPT_XML}\r\n\r\n"
                                 .encode())
    for more in ("app_name=a%20b", "app_name=a+b", "app_name=a@b", "GID1=0A HTTP/1.1", "terminal_model2=x%zz"):
        assert ask(more).document().status("ap2004") == 1, more
    p = phone()
    rest = "&".join(f"{k}={v}" for k, v in p.parameters())
    client.Exchange(p.target.raw(f"GET /?{rest}&EAP_ID={p.eap_id} HTTP/1.1\r\nHost: a\r\nAccept: {ACCEPT_XML}\r\n\r\n"
                                 .encode()))


# proves: X-003
def test_a_raw_blank_in_the_query_is_tolerated(known):
    rest = "&".join(f"{k}={v}" for k, v in known.parameters(token=known.token))
    reply = known.target.raw(f"GET /?app_name=my app&{rest} HTTP/1.1\r\nHost: a\r\nAccept: {ACCEPT_XML}\r\n\r\n".encode())
    assert reply.document().status("ap2004") == 1


# proves: X-004
def test_null_and_unknown_parameters_are_ignored(known):
    extra = {"target_terminal_imeis": "null", "provisioning_version": "3", "ipv4_addr": "192.0.2.1", "gid1": "0A",
             "GID1": "0A", "GID2": "null", "notif_token": "null", "notif_action": "null", "requestor_id": "null"}
    assert known.ask(**extra).status("ap2004") == 1


# proves: X-005
def test_long_and_placeholder_texts_do_not_refuse_service(known):
    assert known.ask(terminal_vendor="vend", terminal_model="modelY", terminal_sw_version="versionZ").status("ap2004") == 1
    assert known.ask(terminal_vendor="x" * 300, terminal_model="y" * 300,
                     terminal_sw_version="z" * 300).status("ap2004") == 1


# proves: X-006
@pytest.mark.parametrize("agent", [None, "", "PRD-TS43 TVENDOR/TMODEL IMS-Entitlement/1.0 OS-Android/8.0",
                                   "PRD-TS43 term-ACME/Phone1-A1 client-/ OS-Android/15", "PRD-TS43", "téléphone/1 ☎",
                                   "Mozilla/5.0 (Linux) " + "x" * 500])
def test_any_user_agent_is_served(known, agent):
    headers = [] if agent is None else [("User-Agent", agent)]
    assert known.ask(headers=headers).status("ap2004") == 1


# proves: X-007
def test_token_works_with_and_without_imsi(known, subscriber):
    first = [("IMSI", known.imsi)] + known.parameters(token=known.token)
    last = known.parameters(token=known.token) + [("IMSI", known.imsi)]
    for parameters in (first, last, known.parameters(token=known.token)):
        assert known.get(parameters).document().status("ap2004") == 1
    assert known.query(IMSI=subscriber().imsi).status == 511


# proves: X-002
def test_json_numbers_and_strings_are_equal(known):
    for vers in (0, "0", -1, "7"):
        body = dict(known.json_parameters(token=known.token), vers=vers)
        assert known.post(body).document().status("ap2004") == 1
    body = dict(known.json_parameters(token=known.token), notif_action=0, notif_token="t")
    assert known.post(body).document().status("ap2004") == 1


# proves: P-064 X-049
@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"[{}]", b"7", b"null", b"\xff\xfe", b'{"app":{}}', b'{"app":[["ap2004"]]}',
                                  b'{"app":"ap2004","terminal_id":{"a":1}}', b'{"a":"\xc3"}', b'{"app":"ap2004"} x',
                                  b'{"app":[1]}', b"{" * 5000, b'{"a":' * 5000],
                         ids=lambda b: b[:24].decode("latin-1"))
def test_a_body_that_is_no_flat_object_is_400(daemon, body):
    before = daemon.mark()
    reply = daemon.device.request("POST", "/", [("Content-Type", JSON), ("Accept", ACCEPT_JSON)], body)
    assert reply.status == 400
    daemon.wait_event("REQUEST_FAILED", before, "400")


# proves: P-065
def test_json_null_is_absent(phone):
    p = phone()
    client.Exchange(p.post(dict(p.json_parameters(EAP_ID=p.eap_id), token=None, IMSI=None)))


# proves: P-065
@pytest.mark.parametrize("name", ["terminal_id", "token", "IMSI", "EAP_ID"])
def test_duplicate_members_with_other_identities_are_400(known, name):
    body = json.dumps(known.json_parameters(token=known.token))
    value = {"terminal_id": known.terminal_id, "token": known.token, "IMSI": known.imsi, "EAP_ID": known.eap_id}[name]
    first = body[:-1] + f', "{name}": "{value}", "{name}": "other"}}'
    assert known.post(first.encode()).status == 400


# proves: P-066
def test_duplicates_in_get(known):
    again = known.parameters(token=known.token)
    assert known.get(again + [("vers", "1"), ("vers", "1")]).status == 200
    assert known.get(again + [("terminal_model", "other")]).status == 200
    assert known.get(again + [("terminal_id", known.terminal_id)]).status == 200
    for name, value in (("terminal_id", "490154203237518"), ("token", "other"), ("IMSI", "001010000000001")):
        parameters = again + ([("IMSI", known.imsi)] if name == "IMSI" else []) + [(name, value)]
        assert known.get(parameters).status == 400, name


# proves: P-063
def test_a_target_of_twelve_kilobytes_is_accepted(known):
    assert known.ask(notif_action="2", notif_token="n" * 4096, ipv4_addr="a" * 4000,
                     operator_data="b" * 4000).status("ap2004") == 1


# proves: P-068 P-048
def test_the_source_of_a_request_does_not_matter(phone, daemon):
    p = phone(plain=True)
    answers = []
    for source in ("192.0.2.7", "10.20.30.40", "2001:db8::7"):
        exchange = p.challenge(headers=[("X-Forwarded-For", source)])
        document = p.relay(exchange, p.solve(exchange.packet),
                           [("Cookie", exchange.cookie), ("X-Forwarded-For", source)]).document()
        answers.append(document.content)
    assert answers[0] == answers[1] == answers[2]
