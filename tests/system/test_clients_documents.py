# SPDX-License-Identifier: Apache-2.0
"""Compatibility list of clients.md, C-25 to C-35: the documents as the parsers of the field read them. The readers here are
written from the clients' own rules and not from ours (documents.py), with what each of them would lose or mistake."""
import base64
import datetime
import itertools
import json
import re
import time
import urllib.parse

import pytest

from client import ACCEPT_JSON, ACCEPT_XML, JSON, RELAY, XML, strict_json

ALL = ["ap2003", "ap2004", "ap2005"]


@pytest.fixture
def known(phone):
    """A phone with a token. One of ap2010 or ap2016 is a token of its own (A-010): extra_token()."""
    p = phone()
    p.login(ALL)
    return p


def extra_token(p, app):
    """The token of another group of applications."""
    kept, p.accept = p.accept, ACCEPT_XML
    exchange = p.challenge(app)
    found = p.relay(exchange, p.solve(exchange.packet)).document().token_text
    p.accept = kept
    return found


def aosp_maps(text):
    """The AOSP IMS application's reader: only characteristics without children, filed by AppID or by access and roaming type;
    names differ by case; "&" first becomes "&amp;", the doubled form is repaired, no other entity is resolved."""
    maps, stack = {}, []
    for tag in re.findall(r"<[^>]*>", text):
        if tag.startswith("<characteristic"):
            if stack:
                stack[-1]["nested"] = True
            stack.append({"type": re.search(r'="([^"]*)"', tag).group(1), "parms": {}, "nested": False})
        elif tag.startswith("<parm"):
            values = re.findall(r'"([^"]*)"', tag)
            stack[-1]["parms"][values[0]] = values[1].replace("&", "&amp;").replace("&amp;amp;", "&amp;").replace("&amp;", "&")
        elif tag.startswith("</characteristic"):
            block = stack.pop()
            parms = block["parms"]
            key = parms.get("AppID") or (f"{parms['AccessType']}-{parms['HomeRoamingNWType']}" if "AccessType" in parms
                                         else block["type"])
            if not block["nested"]:
                maps[key] = {name: value for name, value in parms.items() if value}
    return maps


def aosp_vowifi(block):
    """clients.md 3.3: entitled, data missing, in progress, incompatible; None: not switched off although not entitled."""
    status = int(block.get("EntitlementStatus", "2"))
    terms, address, prov = (int(block.get(name, "2")) for name in ("TC_Status", "AddrStatus", "ProvStatus"))
    fine = {1, 2}
    if status == 1 and {terms, address, prov} <= fine:
        return "entitled"
    if status == 0 and 0 in (terms, address):
        return "data missing"
    if status == 3 or status == 0 and (3 in (terms, address) or prov in (0, 3) and {terms, address} <= fine):
        return "in progress"
    return "incompatible" if status == 2 else None


# proves: X-025
@pytest.mark.parametrize("accept,kind", [
    (f"{JSON}, {XML}", XML), (f"{XML}, {JSON}", XML), (f"{RELAY}, {XML}", XML),  # library default; Samsung with a token
    (JSON, JSON), (f"{JSON}, application/xml", JSON), (RELAY, JSON),  # satellite; Huawei; old AOSP in JSON mode
    ("application/xml", XML), ("*/*", XML), (None, XML), ("text/html, */*;q=0.1", XML), ("", XML), ("rubbish", XML)])
def test_c25_accept_chooses_the_format_and_is_never_refused(known, accept, kind):
    known.accept = accept
    reply = known.query(ALL)
    assert (reply.status, reply.header("Content-Type")) == (200, kind)
    assert list(reply.document().apps) == ALL


# proves: X-026 X-025
@pytest.mark.parametrize("first,second,kind", [
    (RELAY, f"{RELAY}, {XML}", XML), (RELAY, f"{RELAY}, {JSON}", JSON), (f"{RELAY}, {JSON}", f"{RELAY}, {XML}", XML),
    (f"{RELAY}, {XML}", f"{RELAY}, {JSON}", JSON), (RELAY, f"{RELAY}, {JSON}, {XML}", XML), (f"{RELAY}, {XML}", RELAY, JSON),
    (f"{RELAY}, {JSON}", None, JSON), (f"{RELAY}, {XML}", None, XML)])
def test_c26_the_accept_of_the_eap_answer_decides(phone, first, second, kind):
    p = phone()
    p.accept = first
    exchange = p.challenge(ALL)
    body = json.dumps({"eap-relay-packet": base64.b64encode(p.solve(exchange.packet)).decode()}).encode()
    headers = [("Cookie", exchange.cookie), ("Content-Type", RELAY)] + ([("Accept", second)] if second else [])
    reply = p.target.request("POST", "/", headers, body)
    assert reply.header("Content-Type") == kind
    assert list(reply.document().apps) == ALL


# proves: X-027
def test_c27_content_types_are_written_without_any_suffix(known):
    satellite = extra_token(known, "ap2016")
    for accept, wanted in ((ACCEPT_XML, b"text/vnd.wap.connectivity-xml"), (ACCEPT_JSON, b"application/json")):
        for app, version in itertools.product((ALL, "ap2003", "ap2016"), ("2.0", "12.0")):
            token = satellite if app == "ap2016" else known.token
            reply = known.query(app, headers=[("Accept", accept)], entitlement_version=version, token=token)
            assert [value.encode() for value in reply.all("Content-Type")] == [wanted]


# proves: X-028
def test_c28_a_final_json_has_no_relay_packet_in_any_form(phone):
    p = phone()
    p.accept = ACCEPT_JSON
    exchange = p.challenge(ALL)
    final = p.relay(exchange, p.solve(exchange.packet))
    p.token = final.document().token_text
    satellite = p.query("ap2016", token=extra_token(p, "ap2016"))
    for reply in (final, p.query(ALL), satellite, p.query(ALL, entitlement_version="2.0")):
        assert b"eap-relay-packet" not in reply.body and reply.header("Content-Type") == JSON
        assert "eap-relay-packet" not in strict_json(reply.body.decode())


PARM = re.compile(r'<parm name="[^"<>&\s]+" value="[^"<>\n\r]*"/>')


# proves: X-029
def test_c29_xml_is_plain_enough_for_counting_parsers(phone):
    for fields in ({}, {"line_state": "barred"}, {"services": {"vowifi": {"tc_status": 0}}}, {"features": ["volte"]}):
        p = phone(**fields)
        text = p.login(ALL).text
        tags = re.findall(r"<[^>]*>", text)
        assert text.startswith("<?xml")
        for tag in tags[1:]:
            assert "\n" not in tag and "\r" not in tag and "'" not in tag and "xmlns" not in tag, tag
            if tag.startswith("<parm"):
                assert PARM.fullmatch(tag), tag
            elif tag.startswith("<characteristic"):
                assert re.fullmatch(r'<characteristic type="[A-Za-z0-9]+">', tag), tag
            elif tag.startswith("<wap"):
                assert tag == '<wap-provisioningdoc version="1.1">'
            else:
                assert tag in ("</characteristic>", "</wap-provisioningdoc>"), tag
        assert re.sub(r"<[^>]*>", "", text).strip() == "", "text between the tags"
        assert text.count("</parm>") == 0 and "<!--" not in text and "<!DOCTYPE" not in text


# proves: X-030
def test_c30_every_answer_has_a_legal_vers_pair_and_a_token_with_its_validity(phone, daemon):
    states = [{}, {"line_state": "barred"}, {"line_state": "terminated"}, {"features": []},
              {"services": {"vowifi": {"tc_status": 0}}}, {"services": {"vowifi": {"prov_status": 3}}}]
    for accept, fields in itertools.product((ACCEPT_XML, ACCEPT_JSON), states):
        p = phone(**fields)
        p.accept = accept
        documents = [p.login(ALL), p.ask(ALL), p.post(p.json_parameters(ALL, token=p.token)).document(), p.ask("ap2004")]
        for document in documents:
            version, validity = document.version, document.validity
            assert (version > 0 and validity >= 0) or (version, validity) in ((0, 0), (-1, -1), (-2, -2)), fields
            assert re.fullmatch(r"[A-Za-z0-9._~-]{16,}", document.token_text)  # nothing that a client would escape
            assert int(document.token["validity"]) > 0
            assert p.query(token=document.token_text).status == 200


# proves: X-031
def test_c31_each_application_asked_for_is_answered_and_no_other(known):
    for apps in (["ap2003"], ["ap2004"], ["ap2005"], ["ap2004", "ap2003", "ap2005"], [*ALL, "ap2016"], ["ap2010", "ap2016"]):
        document = known.ask(apps) if set(apps) <= set(ALL) else known.login(apps)
        assert list(document.apps) == apps
        for app in apps:
            if app == "ap2003":
                assert all("EntitlementStatus" in entry for entry in document.rats().values())
            else:
                assert document.status(app) == (1 if app in ALL else 2), app  # 2: not known here
    known.login(ALL)
    flat = known.ask(ALL, entitlement_version="2.0")
    assert [flat.status(app) for app in ALL] == [1, 1, 1]


# proves: X-031
def test_c31_an_entitled_user_has_the_address_page_and_prov_status_1(known):
    block = known.ask()["ap2004"]
    assert (block["EntitlementStatus"], block["ProvStatus"]) == ("1", "1")
    assert block["ServiceFlow_URL"].startswith("https://") and block["ServiceFlow_UserData"]


# proves: X-032
def test_c31a_a_refusal_is_status_2_and_0_comes_with_something_to_do(phone):
    refusals = [{"line_state": state} for state in ("suspended", "barred", "terminated")]
    refusals += [{"features": []}, {"services": {"vowifi": {"override": "deny"}}}]
    for fields in refusals:
        assert aosp_vowifi(phone(**fields).login()["ap2004"]) == "incompatible", fields
    p = phone()
    p.login()
    meanings = set()
    for prov, terms, address in itertools.product((0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3)):
        p.line.service("vowifi", prov_status=prov, tc_status=terms, addr_status=address)
        p.line.cluster.sql("UPDATE activation_order SET done_at = now() WHERE imsi = %s", p.imsi)
        block = aosp_maps(p.query().document().text)["ap2004"]
        meaning = aosp_vowifi(block)
        assert meaning, f"Android leaves Wi-Fi calling on for {block}"
        samsung_sheet = block["EntitlementStatus"] == "0" and "0" in (block["ProvStatus"], block["TC_Status"],
                                                                        block["AddrStatus"])
        if meaning == "data missing" or samsung_sheet:
            assert block["ServiceFlow_URL"].startswith("https://"), block
        meanings.add(meaning)
    assert meanings == {"entitled", "data missing", "in progress"}


# proves: X-033
def test_c31b_for_thirty_seconds_after_the_portal_android_polls_on(known, daemon):
    put = ("PUT", f"/v1/subscribers/{known.imsi}/services/vowifi")  # as the portal of an operator reports
    known.line.service("vowifi", prov_status=3, tc_status=0, addr_status=0)
    assert daemon.admin(*put, {"tc_status": 1, "addr_status": 1, "flow_closed": True})[0] == 200
    assert aosp_vowifi(known.ask()["ap2004"]) == "data missing"

    def closed(seconds):
        when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
        known.line.service("vowifi", prov_status=3, tc_status=1, addr_status=1, flow_closed_at=when)
        return aosp_vowifi(known.ask()["ap2004"])
    for seconds in (0, 5, 15, 27):
        assert closed(seconds) in ("data missing", "entitled"), seconds
    known.line.service("vowifi", prov_status=1)
    assert aosp_vowifi(known.ask()["ap2004"]) == "entitled"
    assert closed(33) == "in progress"


# proves: X-034
def test_c32_nothing_is_lost_on_a_parser_that_reads_innermost_blocks_only(phone):
    for features in (["volte", "vonr", "vowifi", "smsoip"], ["volte", "volte-roaming", "eps-fallback", "vowifi", "smsoip"], []):
        p = phone(features=features)
        for version in ("2.0", "8.0", "12.0"):
            document = (p.ask if p.token else p.login)(ALL, entitlement_version=version)
            p.token = document.token_text
            maps = aosp_maps(document.text)
            for app in ("ap2004", "ap2005"):
                assert maps[app] == {"AppID": app, **{k: v for k, v in document[app].items() if v}}
            if version == "2.0":
                assert maps["ap2003"]["EntitlementStatus"]
            else:
                cells = {key for key in maps if re.fullmatch("[12]-[123]", key)}
                assert cells == {f"{access}-{home}" for access, home in document.rats()} and "ap2003" not in maps
            assert {"VERS", "TOKEN"} <= set(maps)


SPELLING = {"EntitlementStatus", "ServiceFlow_URL", "ServiceFlow_UserData", "MessageForIncompatible", "AddrStatus", "TC_Status",
            "ProvStatus", "AddrExpiry", "AddrIdentifier", "AccessType", "HomeRoamingNWType", "NetworkVoiceIRATCapability",
            "NetworkVoiceIRatCapability", "AppID", "version", "validity", "token"}


# proves: X-035
def test_c33_names_are_spelled_as_in_the_specification_and_irat_twice(phone):
    p = phone(features=["volte", "volte-roaming", "eps-fallback", "vonr-roaming", "vowifi", "smsoip"])
    text = p.login(ALL).text
    names = set(re.findall(r'<parm name="([^"]*)"', text))
    assert names <= SPELLING, names - SPELLING
    assert {"EntitlementStatus", "ServiceFlow_URL", "TC_Status", "AddrStatus", "ProvStatus"} <= names
    irat = dict(re.findall(r'<parm name="(NetworkVoiceIR[A-Za-z]*)" value="([^"]*)"', text))
    assert irat == {"NetworkVoiceIRATCapability": "EPS-Fallback", "NetworkVoiceIRatCapability": "EPS-Fallback"}
    members = p.ask(ALL, headers=[("Accept", ACCEPT_JSON)]).text
    assert set(re.findall(r'"([A-Za-z_]+)":"', members)) <= SPELLING


# proves: X-036
@pytest.mark.parametrize("address", ["a=1&b=2", "O'Hara \"Inn\" <2nd floor>", "tab\tand\nline", "ä€ 漢", "&amp;", "100%"])
def test_c34_values_survive_parsers_without_entities(known, address):
    known.line.service("vowifi", tc_status=0, addr_identifier=address)
    text = known.ask(ALL).text
    for value in re.findall(r'value="([^"]*)"/>', text):
        assert not set("<>'\n\r\t") & set(value), value
        assert re.sub("&amp;", "", value).count("&") == 0, value
    block = aosp_maps(text)["ap2004"]
    assert re.fullmatch(r"https://[A-Za-z0-9._~:/?=%-]+", block["ServiceFlow_URL"])
    assert re.fullmatch(r"[A-Za-z0-9._~=%-]+", block["ServiceFlow_UserData"])  # no "&" for old Samsung
    if not set("<>\"'\n\t") & set(address) and "&amp;" not in address:
        assert block["AddrIdentifier"] == address


# proves: X-036
def test_c34_messages_have_no_character_that_phones_would_show_as_an_entity(phone):
    p = phone(features=[])
    p.login()
    for language in ("en", "de", "fr"):
        for fields in ({"line_state": "active"}, {"line_state": "barred"}):
            p.line.set(**fields)
            text = p.ask(ALL, headers=[("Accept-Language", language)]).text
            messages = re.findall(r'name="MessageForIncompatible" value="([^"]*)"', text)
            assert messages and all(message and not set("<>'&") & set(message) for message in messages)


# proves: X-037
def test_c35_json_has_texts_arrays_and_objects_only(phone):
    def walk(value):
        if isinstance(value, dict):
            return all(walk(part) for part in value.values())
        if isinstance(value, list):
            return all(isinstance(part, dict) and walk(part) for part in value)
        return isinstance(value, str)

    for fields in ({}, {"line_state": "barred"}, {"services": {"vowifi": {"prov_status": 3}}}):
        p = phone(**fields)
        p.accept = JSON
        p.login(ALL)
        for version in ("2.0", "12.0"):
            assert walk(strict_json(p.query(ALL, entitlement_version=version).body.decode())), (fields, version)


def test_c40_user_data_are_form_text_that_may_be_posted_or_put_behind_the_address(known, daemon):
    """The portal takes both: what a browser would send is resolved by the interface that portals use."""
    known.line.service("vowifi", tc_status=0)
    block = aosp_maps(known.query().document().text)["ap2004"]
    data = block["ServiceFlow_UserData"]
    posted = urllib.parse.parse_qs(data, strict_parsing=True)  # AOSP: the body as it stands
    address = urllib.parse.urlsplit(block["ServiceFlow_URL"] + "?" + data)  # a client that GETs
    assert urllib.parse.parse_qs(address.query, strict_parsing=True) == posted
    status, found = daemon.admin("POST", "/v1/flow-references", {"reference": posted["sid"][0]})
    assert status == 200 and found["imsi"] == known.imsi


# proves: X-051
def test_c49_the_query_after_the_portals_report_shows_the_new_state(known, daemon):
    known.line.service("vowifi", tc_status=0, addr_status=0)
    assert aosp_vowifi(known.ask()["ap2004"]) == "data missing"
    status, _ = daemon.admin("PUT", f"/v1/subscribers/{known.imsi}/services/vowifi", {"tc_status": 1, "addr_status": 1})
    assert status == 200
    began = time.monotonic()
    assert aosp_vowifi(known.ask()["ap2004"]) == "entitled"
    assert time.monotonic() - began < 1
