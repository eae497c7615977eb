# SPDX-License-Identifier: Apache-2.0
"""Compatibility list of clients.md, C-1 to C-11: what real clients send. One test per row, with the bytes of the client that
the row comes from. The other rows: test_clients_relay.py, test_clients_documents.py, test_clients_status.py; whole clients:
test_clients_devsim.py."""
import gzip
import itertools
import json
import random
import ssl

import pytest

import client
from client import ACCEPT_JSON, ACCEPT_XML, JSON, XML
from test_vowifi import change_policy, copy_policy

ALL = ["ap2003", "ap2004", "ap2005"]
SAMSUNG_ACCEPT = ACCEPT_XML
HEALTH_ACCEPT = "application/json, application/xml"


@pytest.fixture
def known(phone):
    """A phone that has a token."""
    p = phone()
    p.login(ALL)
    return p


def raw_get(p, target, *headers, accept=ACCEPT_XML):
    """A GET whose target is sent byte by byte as it is given."""
    lines = [f"GET {target} HTTP/1.1", "Host: aes.mnc001.mcc001.pub.3gppnetwork.org", f"Accept: {accept}", *headers]
    return p.target.raw("\r\n".join(lines).encode() + b"\r\n\r\n")


def plain_query(parameters):
    """Nothing is escaped."""
    return "&".join(f"{name}={value}" for name, value in parameters)


# proves: X-001
def test_c01_parameters_in_any_order_and_application_lists_in_any_form_are_the_same_request(known):
    expected = known.ask(ALL).content
    parameters = known.parameters(ALL, token=known.token)
    body = known.json_parameters(ALL, token=known.token)
    for seed in range(6):
        order = random.Random(seed)
        mixed, members = parameters[:], list(body.items())
        order.shuffle(mixed)
        order.shuffle(members)
        answer = known.get(mixed).document()
        apps = [value for name, value in mixed if name == "app"]
        assert (list(answer.apps), sorted(answer.content.items())) == (apps, sorted(expected.items()))
        assert known.post(dict(members)).document().content == expected
        in_query = known.post({}, path="/?" + client.urllib.parse.urlencode(mixed)).document()
        assert sorted(in_query.content.items()) == sorted(expected.items())
    others = [(name, value) for name, value in parameters if name != "app"]
    for written in (",".join(ALL), "[" + ",".join(ALL) + "]"):
        assert known.get(others + [("app", written)]).document().content == expected, written
        assert known.post(dict(body, app=written)).document().content == expected, written
    assert known.post(dict(body, app=ALL)).document().content == expected


# proves: X-002
def test_c02_json_members_may_be_numbers_or_texts(known):
    body = known.json_parameters(ALL, token=known.token, notif_token="registration-1", operation_type="0")
    answers = [known.post(dict(body, vers=vers, notif_action=action, operation_type=kind)).document()
               for vers, action, kind in itertools.product((0, "0"), (2, "2"), (0, "0"))]
    assert len(answers) == 8
    assert all(answer.content == answers[0].content and answer.vers == answers[0].vers for answer in answers)


# proves: X-003
def test_c03_raw_blanks_at_signs_and_a_trailing_http_version_in_the_query_are_no_fault(phone, make_daemon):
    p = phone(at=make_daemon(auth={"attempts": 100}))
    for identity in (p.eap_id, p.eap_id.replace("@", "%40")):
        query = plain_query(p.parameters(terminal_model="ABC-L29 watch", EAP_ID=identity, vers=None))
        for vers in ("vers=1 HTTP/1.1", "vers=1%20HTTP/1.1", "vers=1+HTTP/1.1", "vers=1"):  # clients.md 8
            client.Exchange(raw_get(p, f"/?{vers}&{query}"))
            client.Exchange(raw_get(p, f"/?{query}&{vers}"))
    p.login()
    for blank in (" ", "+", "%20"):
        query = plain_query(p.parameters(terminal_model=f"A{blank}B", terminal_sw_version=f"4.2.0{blank}(SP1)", token=p.token,
                                         notif_token="reg-1@push", notif_action="1"))
        assert raw_get(p, "/?" + query).document().status("ap2004") == 1, repr(blank)


# proves: X-004
def test_c04_null_empty_unknown_and_repeated_parameters_are_no_fault(known, phone, make_daemon, area):
    strange = [("target_terminal_imeis", "350000000000001"), ("target_terminal_imeis", "350000000000002"),
               ("provisioning_version", "4.0"), ("ipv4_addr", "192.0.2.1"), ("ipv6_addr", "2001:db8::1"), ("gid1", "null"),
               ("GID1", ""), ("terminal_iccid", "null"), ("notif_token", "null"), ("boost_type", ""), ("x" * 60, "y" * 2000), ("", "z")]
    expected = known.ask(ALL).content
    assert known.get(known.parameters(ALL, token=known.token) + strange).document().content == expected
    # the first of several counts, where they are not identities
    twice = known.parameters("ap2003", token=known.token, entitlement_version=None)
    for first, second, nested in (("6.0", "12.0", False), ("12.0", "6.0", True)):
        block = known.get(twice + [("entitlement_version", first), ("entitlement_version", second)]).document()["ap2003"]
        assert ("VoiceOverCellularEntitleInfo" in block) == nested
    for name, other in (("token", "x"), ("terminal_id", "350000000000001"), ("EAP_ID", "0001019999999999@x.example")):
        given = known.parameters(token=known.token) + ([("EAP_ID", known.eap_id)] if name == "EAP_ID" else [])
        assert known.get(given + [(name, other)]).status == 400, name
    # gid1 of the library and GID1 of Google's build are one parameter
    where = copy_policy(area, "clients-gid")
    change_policy(where, "rules:\n", "rules:\n  - name: brand\n    when: [ \"sim.gid1 is 0A1B\" ]\n"
                                     "    then: { flow-url: \"https://brand.example/vowifi\" }\n")
    p = phone(at=make_daemon(policy={"directory": where}))
    p.login()
    for name in ("gid1", "GID1"):
        assert p.ask(**{name: "0A1B"})["ap2004"]["ServiceFlow_URL"] == "https://brand.example/vowifi", name
        assert p.ask(**{name: "null"})["ap2004"]["ServiceFlow_URL"] == "https://portal.example.net/vowifi", name


# proves: X-005
@pytest.mark.parametrize("vendor,model,software", [
    ("vend", "modelY", "versionZ"), ("samsung", "SM-G991U1", "G991U1UES4AUGF release keys"), ("V" * 300, "M" * 300, "S" * 300),
    ("Ünïcode", "Модель №1", "版本 1.0"), ("none", "none", "0")])
def test_c05_long_and_placeholder_terminal_texts_do_not_refuse_service(phone, vendor, model, software):
    p = phone()
    texts = {"terminal_vendor": vendor, "terminal_model": model, "terminal_sw_version": software}
    assert p.login(ALL, **texts).status("ap2004") == 1
    assert p.ask(ALL, **texts).status("ap2004") == 1
    assert p.post(p.json_parameters(ALL, token=p.token, **texts)).document().status("ap2004") == 1


# proves: X-006
@pytest.mark.parametrize("agent", [
    "PRD-TS43 term-vend/modelY client-IMS-Entitlement/1.0 OS-Android/versionZ",
    "PRD-TS43 term-Acme/Phone 1 /1.0 OS-Android/14.2",  # empty client field: a blank, then a slash
    "PRD-TS43/2.0 samsung/G991U1UES4AUGF release keys IMS-Entitlement/6 OS-Android/11",
    "PRD-TS43 SEC/S911BXXU3CXD7 release keys IMS-Entitlement/6 OS-Android/14", "PRD-TS43 HUAWEI/ABC-L29 watch Health/13",
    "PRD-TS43 term-Модель/№1 client-Primary-ODSA/ OS-Android/15", "okhttp/4.12.0", "Go-http-client/1.1", "", None])
def test_c06_each_user_agent_of_the_field_is_served(phone, agent):
    p = phone()
    headers = [] if agent is None else [("User-Agent", agent)]
    exchange = p.challenge(headers=headers)
    p.token = p.relay(exchange, p.solve(exchange.packet), [("Cookie", exchange.cookie), *headers]).document().token_text
    assert p.ask(headers=headers).status("ap2004") == 1


# proves: X-007
def test_c07_a_token_works_without_imsi_and_with_it_on_either_side(known, subscriber):
    rest = known.parameters(ALL)
    token, own, other = ("token", known.token), ("IMSI", known.imsi), ("IMSI", subscriber().imsi)
    for order in ([own, token, *rest], [token, own, *rest], [token, *rest], [token, *rest, own], [*rest, own, token]):
        assert list(known.get(order).document().apps) == ALL
    for order in ([other, token, *rest], [token, other, *rest], [*rest, token, other]):
        assert known.get(order).status == 511
    assert known.post(dict(known.json_parameters(token=known.token), IMSI=known.imsi)).status == 200
    assert known.post(dict(known.json_parameters(token=known.token), IMSI=other[1])).status == 511


# proves: X-008
def test_c08_each_vers_and_each_version_of_the_field_is_answered(known):
    for vers in ("0", "1", "3", "2147483647", "-1", "-2"):
        assert known.ask(ALL, vers=vers).status("ap2004") == 1, vers
    for number in range(1, 13):
        version = f"{number}.0"
        document = known.ask(ALL, entitlement_version=version)
        assert list(document.apps) == ALL and document.status("ap2004") == 1, version
    highest = known.ask(ALL, entitlement_version="12.0").content
    for version in ("12.1", "13.0", "99.0", "999.99"):
        assert known.ask(ALL, entitlement_version=version).content == highest, version
    assert known.ask(ALL, entitlement_version="1").content == known.ask(ALL, entitlement_version="1.0").content  # VoCat


# proves: X-009
@pytest.mark.parametrize("host", ["aes.mnc001.mcc001.pub.3gppnetwork.org", "unlisted.example.org", "127.0.0.1", "192.0.2.1:443",
                                  "[2001:db8::1]"])
def test_c09_any_path_and_any_host_reach_the_same_handler(known, host):
    query = plain_query(known.parameters(ALL, token=known.token))
    for target in (f"/?{query}", f"?{query}", f"/entitlement?{query}", f"/entitlement/?{query}"):
        reply = known.target.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: {XML}\r\n\r\n".encode())
        assert list(reply.document().apps) == ALL, target


# proves: X-010
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_c10_a_phone_that_connects_to_a_bare_address_gets_the_certificate_of_the_public_name(phone, make_daemon, certs, version):
    other = certs.make("clients-other", ["second.example.net"])
    p = phone(at=make_daemon(certificates=[certs.default, other]))
    context = client.tls_context(certs.default["certificate"])
    context.minimum_version = context.maximum_version = version
    with client.Connection(p.target, sni=None, context=context) as connection:  # Samsung with several addresses
        names = [name for kind, name in connection.sock.getpeercert()["subjectAltName"] if kind == "DNS"]
        assert "aes.mnc001.mcc001.pub.3gppnetwork.org" in names
        query = "/?" + client.urllib.parse.urlencode(p.parameters(ALL, EAP_ID=p.eap_id))
        client.Exchange(connection.request("GET", query, [("Accept", SAMSUNG_ACCEPT), ("Host", p.target.host)]))
        assert connection.sock.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]


# proves: X-011
def test_c11_packed_bodies_are_read_and_answers_are_packed_on_demand_only(phone, make_daemon):
    p = phone(at=make_daemon(device={"gzip_min": 200}))
    p.accept = HEALTH_ACCEPT

    def send(data, coding, more=()):
        return p.post(data, headers=[("Content-Encoding", coding), *more], content_type="application/json; charset=utf-8")

    start = gzip.compress(json.dumps(p.json_parameters(EAP_ID=p.eap_id)).encode())
    exchange = client.Exchange(send(start, "gzip"))
    answer = b'{"eap-relay-packet":"' + client.base64.b64encode(p.solve(exchange.packet)) + b'"}'
    reply = send(gzip.compress(answer), "gzip", [("Cookie", exchange.set_cookie)])
    p.token = reply.document().token_text
    body = json.dumps(p.json_parameters(ALL, token=p.token)).encode()
    assert send(gzip.compress(body), "gzip").document().status("ap2004") == 1
    for coding in ("br", "deflate", "zstd", "compress", "gzip, gzip"):
        assert send(gzip.compress(body), coding).status == 415, coding
    for size in (200_000, 50_000_000):  # a bomb is stopped at its limit
        assert send(gzip.compress(b" " * size), "gzip").status == 413, size
    for accepted, packed in ((None, False), ("identity", False), ("gzip;q=0", False), ("br", False), ("gzip", True),
                             ("gzip, deflate, br", True)):
        headers = [("Accept", ACCEPT_JSON)] + ([("Accept-Encoding", accepted)] if accepted else [])
        reply = p.query(ALL, headers=headers)
        assert (reply.header("Content-Encoding") == "gzip") == packed, accepted
        if packed:
            reply.body = gzip.decompress(reply.body)
        assert list(reply.document().apps) == ALL and reply.header("Content-Type") == JSON


# proves: X-009
def test_c09_a_configured_path_is_reached_with_and_without_its_slash_and_at_the_root(phone, make_daemon):
    p = phone(at=make_daemon(device={"path": "/ts43/entitlement"}))
    p.login()
    for path in ("/ts43/entitlement", "/ts43/entitlement/", "/"):  # old Samsung drops port and path
        assert p.get(p.parameters(token=p.token), path=path).document().status("ap2004") == 1, path
