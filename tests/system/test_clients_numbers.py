# SPDX-License-Identifier: Apache-2.0
"""The number-verification server of entitlement-devsim (clients.md 5): its token and number requests against a partner in Python,
and against the daemon, which gives and verifies real numbers."""
import base64
import json

import pytest

import client
from test_clients_common import RESOLVE, between, devsim, make_reply, play, rules  # noqa: F401 (fixtures)


class Partner:
    """A token endpoint and an ap2014 resource that answer as the digest wants, until they are told otherwise."""

    def __init__(self):
        self.token = (200, {"access_token": "at-0123456789", "token_type": "Bearer", "expires_in": 300}, [("Cache-Control",
                                                                                                         "no-store")])
        self.number = (200, {"Vers": {"version": "1", "validity": "60"}, "ap2014": {"MSISDN": "+4915120000000"}}, [])

    def answer(self, request, number):
        status, body, headers = self.token if b"/oauth/token " in request.split(b"\r\n")[0] else self.number
        return make_reply(status, [("Content-Type", "application/json"), *headers], json.dumps(body).encode())


@pytest.fixture
def partner(between):
    found = Partner()
    found.proxy = between(answer=found.answer)
    return found


ASK = ("--temporary-token", "tmp-Qk1a7Qk1a7")
BASIC = (*ASK, "--client-id", "pnv one", "--client-secret", "s:e/c")


def test_a_number_is_asked_for_with_client_credentials(play, partner):
    found = play("pnv-server", *BASIC, "--resource", "https://ecs.example/", url=partner.proxy.url)
    token, number = (request.decode() for request in partner.proxy.requests)
    assert token.startswith("POST /web/oauth/token HTTP/1.1\r\n")
    assert "\r\nAuthorization: Basic " + base64.b64encode(b"pnv+one:s%3Ae%2Fc").decode() + "\r\n" in token
    assert token.endswith("\r\n\r\ngrant_type=client_credentials&resource=https%3A%2F%2Fecs.example%2F")
    assert number.startswith("POST / HTTP/1.1\r\n")
    body = json.loads(number.split("\r\n\r\n", 1)[1])
    assert body.pop("requestor_id") and set(body) == {
        "app", "app_name", "operation", "vers", "entitlement_version", "temporary_token", "access_token", "terminal_vendor",
        "terminal_model", "terminal_sw_version"}
    assert (body["operation"], body["access_token"], body["vers"]) == ("GetPhoneNumber", "at-0123456789", "1")
    assert found["words"][-1] == "Phone number: phone number received"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_number_is_asked_for_with_a_signed_assertion(play, partner, tmp_path, algorithm):
    jwt = pytest.importorskip("jwt")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    key = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    play("pnv-server", *ASK, "--assertion-key", str(path), "--assertion-alg", algorithm, "--assertion-kid", "k1",
         "--assertion-iss", "google-pnv", "--scope", "openid", url=partner.proxy.url)
    form = client.urllib.parse.parse_qs(partner.proxy.requests[0].decode().split("\r\n\r\n", 1)[1])
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"] and form["scope"] == ["openid"]
    text = form["assertion"][0]
    assert jwt.get_unverified_header(text)["kid"] == "k1"
    claims = jwt.decode(text, key.public_key(), [algorithm], audience=partner.proxy.url + "web/oauth/token")
    assert (claims["iss"], claims["sub"]) == ("google-pnv", "temptoken:tmp-Qk1a7Qk1a7")
    assert claims["exp"] - claims["iat"] == 300 and len(claims["jti"]) == 32


@pytest.mark.parametrize("answer,code,text", [
    ((200, {"ap2014": {"MSISDN": "+4915120000000"}}), 4, "VERS"), ((200, {"Vers": {"version": "1", "validity": "60"}, "ap2014": {
        "msisdn": "+4915120000000"}}), 4, "MSISDN"),
    ((200, {"Vers": {"version": "1", "validity": "60"}, "ap2014": {"MSISDN": "0151 20000"}}), 4, "E.164"),
    ((200, {"Vers": {"version": "1", "validity": "60"}, "ap2014": {"OperationResult": "100"}}), 4, "Table 8"),
    ((401, {}), 3, None), ((403, {}), 3, None), ((404, {}), 3, None), ((511, {}), 3, "401 is due"), ((302, {}), 3, "Table 8")])
def test_the_answer_to_a_server_is_judged_by_table_8(play, partner, answer, code, text):
    partner.number = (*answer, [])
    found = play("pnv-server", *ASK, "--access-token", "at", url=partner.proxy.url, code=code)
    assert len(partner.proxy.requests) == 1
    assert (text in str(found["findings"])) if text else not rules(found)


@pytest.mark.parametrize("answer,code", [((401, {"error": "invalid_client"}, []), 3), ((400, {"error": "invalid_grant"}, []), 3),
                                         ((200, {"token_type": "Bearer"}, []), 4),
                                         ((200, {"access_token": "x", "token_type": "mac"}, []), 4),
                                         ((200, {"access_token": "x", "token_type": "bearer", "expires_in": 7200},
                                           [("Cache-Control", "no-store")]), 4),
                                         ((200, {"access_token": "x", "token_type": "bearer", "expires_in": 60}, []), 4)])
def test_the_answer_of_a_token_endpoint_is_judged(play, partner, answer, code):
    partner.token = answer
    found = play("pnv-server", *BASIC, url=partner.proxy.url, code=code)
    assert found["findings"]
    assert "s:e/c" not in json.dumps(found) and "at-0123456789" not in json.dumps(found)


def test_secrets_of_a_server_are_masked_in_the_story(devsim, partner):
    text = devsim("run", "--url", partner.proxy.url, "--ca", devsim.ca, *RESOLVE, "--personality", "pnv-server", *BASIC,
                  "--explain")
    for secret in ("tmp-Qk1a7Qk1a7", "at-0123456789", base64.b64encode(b"pnv+one:s%3Ae%2Fc").decode(), "s:e/c"):
        assert secret not in text
    assert "phone number received" in text and "+4915120000000" not in text


# ---- the daemon ----

SECRET = "pnv-secret-0123456789abcdef-0123456789"


@pytest.fixture(scope="module")
def numbers(make_module_daemon):
    """A daemon that gives numbers to two registered servers; one of them (no client of ours) only with an access token."""
    def caller(client_id, requestor, **more):
        return {"client_id": client_id, "requestor_ids": [requestor], "client_secret": SECRET, "applications": ["ap2014"],
                "operations": ["GetPhoneNumber", "VerifyPhoneNumber", "GetSubscriberInfo"], "authentication": ["client_secret_basic"], **more}
    return make_module_daemon(
        device={"offered": ["ap2004", "ap2014"]}, number={"sim_id_key": "ab" * 32}, web={"public_url": "https://aes.example.net"},
        oauth={"enabled": True}, server_callers=[caller("pnv", "pnv-server-1"),
                                                 caller("validator", "validator-1", access_token_required=False)])


@pytest.fixture
def acquire(phone, numbers):
    """Function: a phone with a fresh line and a temporary token that it has acquired."""
    def make(*targets):
        p = phone(at=numbers)
        p.login(["ap2014"], operation=None)
        found = p.ask(["ap2014"], operation="AcquireTemporaryToken", operation_targets=",".join(targets))
        return p, found["ap2014"]["TemporaryToken"]
    return make


def test_the_daemon_gives_a_number_to_the_verification_server(play, numbers, acquire):
    p, token = acquire("GetPhoneNumber")
    proof = ("--temporary-token", token, "--client-id", "pnv", "--client-secret", SECRET, "--param", "requestor_id=pnv-server-1")
    found = play("pnv-server", *proof, at=numbers)
    assert found["status"] == 200 and not rules(found)
    assert found["words"][-1] == "Phone number: phone number received" and "+" + p.line.msisdn in json.dumps(found)
    spent = play("pnv-server", *proof, "--param", "app_version=2", at=numbers, code=3)
    assert spent["status"] == 401 and not rules(spent)


def test_the_daemon_verifies_a_number_for_the_validator(play, numbers, acquire):
    p, token = acquire("VerifyPhoneNumber")
    found = play("validator", "--temporary-token", token, "--param", "operation=VerifyPhoneNumber", "--param",
                 "msisdn=+" + p.line.msisdn, "--param", "requestor_id=validator-1", "--param", "app=ap2014", at=numbers)
    assert found["status"] == 200 and not rules(found)


def test_a_server_with_a_token_that_is_not_ours_is_401(play):
    found = play("pnv-server", *ASK, code=3)
    assert found["status"] == 401 and not rules(found)
    found = play("validator", *ASK, "--param", "operation=VerifyPhoneNumber", "--param", "msisdn=+4915120000000", "--param",
                 "requestor_id=validator-1", "--param", "app=ap2014", code=3)
    assert found["status"] in (400, 401) and not rules(found)
