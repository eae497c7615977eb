# SPDX-License-Identifier: Apache-2.0
"""The document of an answer as phones read it: formats, order, spelling, VERS and TOKEN."""
import re

import pytest

import client
from client import ACCEPT_JSON, ACCEPT_XML, JSON, RELAY, XML

ALL = ["ap2003", "ap2004", "ap2005"]


@pytest.fixture
def known(phone):
    p = phone()
    p.login(ALL)
    return p


# proves: A-022 P-037 P-038 X-027
def test_right_answer_is_the_document_with_a_token(phone):
    p = phone()
    exchange = p.challenge()
    reply = p.relay(exchange, p.solve(exchange.packet))
    assert reply.status == 200 and reply.header("Content-Type") == "text/vnd.wap.connectivity-xml"
    assert list(reply.document().apps) == ["ap2004"]


# The strict readers of client.py refuse anything else, so these tests prove the form of every document.

# proves: P-038 P-039 P-040 P-041 P-042 X-027 X-029 X-034 X-036 C-013 S-004
def test_xml_document(known):
    known.line.service("vowifi", addr_identifier="a=1&b=2")
    reply = known.query(ALL)
    assert reply.header("Content-Type") == "text/vnd.wap.connectivity-xml"
    document = reply.document()
    assert list(document.apps) == ALL
    text = document.text
    assert re.match(r'<\?xml version="1\.0"[^>]*>\s*<wap-provisioningdoc version="1\.1">\s*<characteristic type="VERS">\s*'
                    r'<parm name="version" value="[0-9]+"/>\s*<parm name="validity" value="[0-9]+"/>\s*</characteristic>\s*'
                    r'<characteristic type="TOKEN">', text)
    assert text.count("<wap-provisioningdoc") == 1 and text.rstrip().endswith("</wap-provisioningdoc>")
    assert text.count('<characteristic type="APPLICATION">') == 3
    assert len(re.findall(r'<characteristic type="APPLICATION">\s*<parm name="AppID"', text)) == 3
    assert document["ap2004"]["AddrIdentifier"] == "a=1&b=2"
    assert 'value="a=1&amp;b=2"' in text and "<!--" not in text


# proves: P-043 P-044 P-047 X-027 X-028 X-037 C-013 S-004
def test_json_document(known):
    known.line.service("vowifi", addr_identifier="a=1&b=2")
    reply = known.query(ALL, headers=[("Accept", ACCEPT_JSON)])
    assert reply.header("Content-Type") == "application/json"
    value = client.strict_json(reply.body.decode())
    assert list(value) == ["Vers", "Token", *ALL]
    assert isinstance(value["ap2003"]["VoiceOverCellularEntitleInfo"], list)
    assert value["ap2004"]["AddrIdentifier"] == "a=1&b=2" and "&amp;" not in reply.body.decode()
    reply.document()


# proves: P-045 C-013
def test_both_formats_say_the_same(known):
    by_xml, by_json = known.ask(ALL), known.ask(ALL, headers=[("Accept", ACCEPT_JSON)])
    assert by_xml.content == by_json.content
    assert by_xml.vers == by_json.vers


# proves: X-025
@pytest.mark.parametrize("accept,kind", [
    (ACCEPT_XML, XML), (XML, XML), (f"{JSON}, {XML}", XML), (f"{XML}, {JSON}", XML), (f"{JSON};q=0.9, {XML};q=0.1", XML),
    (JSON, JSON), (ACCEPT_JSON, JSON), (f"{JSON}, application/xml", JSON), (RELAY, JSON), ("application/xml", XML),
    ("text/xml", XML), ("*/*", XML), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML), (None, XML),
    ("image/png", XML), ("", XML), ("application/JSON; charset=utf-8", JSON), (f"{RELAY},{XML.upper()}", XML), (";;,,", XML)])
def test_accept_decides_the_format(known, accept, kind):
    known.accept = accept
    reply = known.query(ALL)
    assert (reply.status, reply.header("Content-Type")) == (200, kind)
    reply.document()


# proves: X-035
def test_names_are_spelled_as_in_the_specification(known):
    document = known.ask(ALL)
    assert set(document["ap2004"]) >= {"EntitlementStatus", "ServiceFlow_URL", "ServiceFlow_UserData",
                                       "MessageForIncompatible", "AddrStatus", "TC_Status", "ProvStatus"}
    for entry in document["ap2003"]["VoiceOverCellularEntitleInfo"]:
        assert set(entry) >= {"AccessType", "HomeRoamingNWType", "EntitlementStatus"}
    assert list(document["ap2005"]) == ["EntitlementStatus"]


# proves: P-050
def test_the_same_version_gets_the_full_document(known):
    first = known.ask(ALL)
    again = known.ask(ALL, vers=first.vers["version"])
    assert again.content == first.content and again.vers == first.vers


# proves: P-051
def test_version_grows_with_the_content_and_only_then(known, cluster):
    line = known.line

    def version():
        return known.ask(ALL).version
    last = version()
    assert last > 0 and version() == last
    changes = [lambda: line.set(line_state="suspended"), lambda: line.set(line_state="active"),
               lambda: line.service("vowifi", tc_status=0), lambda: line.service("smsoip", prov_status=3),
               lambda: line.forget("smsoip"), lambda: line.features(["vowifi"]), lambda: line.features(["vowifi", "smsoip"]),
               lambda: line.set(plan="full"), lambda: line.service("volte", override="deny"),
               lambda: cluster.sql("INSERT INTO device_identity (terminal_id, state) VALUES (%s, 'deny')", known.terminal_id),
               lambda: cluster.sql("DELETE FROM device_identity WHERE terminal_id = %s", known.terminal_id)]
    for i, change in enumerate(changes):
        change()
        now = version()
        assert now > last, i
        assert version() == now
        last = now
    known.login()
    known.line.revoke()
    known.login()
    assert version() == last  # tokens are no content


# proves: P-052
def test_one_validity_for_all_is_the_shortest(known):
    known.line.service("smsoip", prov_status=3)
    voice, sms = known.ask("ap2003").validity, known.ask("ap2005").validity
    assert sms < voice
    assert known.ask(ALL).validity == sms


# proves: P-052
def test_validity_is_spread_by_a_tenth_at_most(phone, make_daemon):
    p = phone(at=make_daemon(device={"jitter_percent": 10}))
    p.login()
    full = 2 * 86400
    found = [p.ask().validity for _ in range(12)]
    assert all(full * 0.9 <= value <= full for value in found)
    assert len(set(found)) > 3


# proves: P-040 X-030
def test_every_document_has_a_legal_pair_and_a_token(phone):
    for fields in ({}, {"line_state": "barred"}, {"line_state": "terminated"}, {"features": []}):
        p = phone(**fields)
        for document in (p.login(ALL), p.ask(ALL)):
            assert document.version > 0 and document.validity > 0 and document.token
            assert list(document.apps) == ALL


# proves: X-031 S-004
def test_three_applications_one_document(known):
    document = known.ask(ALL)
    assert [document.status(app) for app in ("ap2004", "ap2005")] == [1, 1]
    assert document.rats() == {(1, 1): {"EntitlementStatus": "1"}, (2, 1): {"EntitlementStatus": "1"}}
    assert document["ap2004"]["ProvStatus"] == "1"


# proves: X-045 X-032
def test_refusals_are_documents(phone):
    p = phone(line_state="barred")
    document = p.login(ALL)
    assert (document.status("ap2004"), document.status("ap2005")) == (2, 2)
    assert {entry["EntitlementStatus"] for entry in document.rats().values()} == {"2"}
    assert p.ask("ap2003", entitlement_version="6.0")["ap2003"] == {"EntitlementStatus": "2"}
