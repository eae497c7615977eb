# SPDX-License-Identifier: Apache-2.0
"""Login at an identity provider (TS.43 2.8.2, 2.8.4): the provider is idp.py, with real keys, on loopback."""
import concurrent.futures
import json
import re
import time
import urllib.parse

import jwt
import pytest

import client
import harness
from idp import Idp, Key, base64url

PUBLIC = "https://aes.mnc001.mcc001.pub.3gppnetwork.org"
ERROR_URL = "https://portal.example.net/autherror"


@pytest.fixture(scope="module")
def idp():
    provider = Idp().start()
    yield provider
    provider.stop()


@pytest.fixture(autouse=True)
def fresh(idp):
    idp.reset()
    idp.requests.clear()
    idp.faults.clear()
    yield
    assert not idp.faults, idp.faults


@pytest.fixture(scope="module")
def server(idp, make_module_daemon):
    return make_module_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(error_url=ERROR_URL)])


@pytest.fixture
def account(lines, cluster):
    """Function: a line and the subject of its account."""
    count = iter(range(100000))

    def make(provider="idp", **what):
        line = lines.take(**what)
        subject = f"user-{line.imsi[-8:]}-{next(count)}"
        cluster.sql("INSERT INTO subject_identity (provider, subject, imsi) VALUES (%s, %s, %s)", provider, subject, line.imsi)
        line.subject = subject
        return line
    return make


@pytest.fixture
def device(lines, server, account):
    """Function: a phone that cannot use its card, with a line and an account."""
    def make(at=None, line=None, **what):
        line = line or account(**what)
        made = client.Phone((at or server).device, line.imsi, line.ki, line.opc, lines.imei())
        made.line = line
        return made
    return make


def begin(phone, app=("ap2004",), **extra):
    """The request without a credential: the address that the device is sent to."""
    reply = phone.get(phone.parameters(app, **extra))
    assert reply.status == 302, reply
    return reply.header("Location")


def returned(target, url, accept=client.ACCEPT_XML, headers=(), **how):
    """The browser's way back: a plain GET by whoever it is."""
    parts = urllib.parse.urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == PUBLIC
    headers = [*headers, *([("Accept", accept)] if accept else [])]
    return target.request("GET", f"{parts.path}?{parts.query}", headers, **how)


def login(idp, phone, app=("ap2004",), at=None, **extra):
    location = begin(phone, app, **extra)
    return returned(at or phone.target, idp.login(location, phone.line.subject))


def query_of(location):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query, strict_parsing=True))


# ---- the redirect ----

# proves: A-002 A-033
def test_a_request_without_credentials_is_sent_to_the_provider(device):
    phone = device()
    reply = phone.get(phone.parameters())
    assert reply.status == 302 and reply.body == b"" and reply.header("Cache-Control") == "no-store"
    query = query_of(reply.header("Location"))
    assert query["response_type"] == "code" and query["scope"] == "openid" and query["client_id"] == "ecs-1"
    assert query["redirect_uri"] == PUBLIC + "/" and query["tenant"] == "a"
    assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
    assert reply.header("Set-Cookie") is None
    again = query_of(begin(phone))
    for name in ("state", "nonce", "code_challenge"):
        assert query[name] != again[name]
    assert len(query["state"]) == 32 and len(query["nonce"]) == 32


# proves: A-039
def test_a_post_without_credentials_is_redirected_with_302(idp, device):
    phone = device()
    reply = phone.post(phone.json_parameters())
    assert reply.status == 302, reply
    document = returned(phone.target, idp.login(reply.header("Location"), phone.line.subject)).document()
    assert document.status("ap2004") == 1


# proves: X-047
def test_a_bad_token_gets_511_and_an_eap_identity_its_challenge_not_a_redirect(device):
    phone = device()
    assert phone.get(phone.parameters(token="nonsense")).status == 511
    phone.challenge()
    assert phone.get(phone.parameters(temporary_token="nonsense")).status in (400, 401)
    assert phone.get(phone.parameters(operator_token="nonsense")).status != 302
    assert phone.get(phone.parameters(access_token="nonsense")).status != 302
    assert phone.get(phone.parameters(), headers=[("Authorization", "Bearer nonsense")]).status != 302
    assert phone.get(phone.parameters(requestor_id="06170799658", terminal_id=None)).status != 302


# proves: A-032
def test_after_a_511_the_device_comes_without_eap_id_and_is_redirected(idp, device):
    phone = device()
    phone.token = "bad"
    assert phone.query().status == 511
    assert login(idp, phone).document().token_text


def test_without_a_provider_that_serves_the_request_it_gets_511(idp, make_daemon, device):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[
        idp.settings(name="watch", apps=["ap2006", "ap2009"]), idp.settings(name="brand", hosts=["aes.brand.example"],
                                                                            gid1=["0Aff"])])
    phone = device(at=daemon)
    assert phone.get(phone.parameters()).status == 511
    assert phone.get(phone.parameters(GID1="0AFF")).status == 511
    host = [("Host", "aes.brand.example:443")]
    assert phone.get(phone.parameters(), headers=host).status == 511
    assert phone.get(phone.parameters(GID1="0AFF"), headers=host).status == 302
    assert phone.get(phone.parameters("ap2006", operation="CheckEligibility")).status == 302
    assert phone.get(phone.parameters(("ap2006", "ap2004"), operation="CheckEligibility")).status == 511


# ---- the way back ----

# proves: A-034 A-036
def test_the_code_becomes_the_document_of_the_first_request_with_a_token(idp, device):
    phone = device()
    location = begin(phone, ("ap2004", "ap2003"))
    before = len(idp.requests)
    document = returned(phone.target, idp.login(location, phone.line.subject)).document()
    assert set(document.apps) == {"ap2003", "ap2004"}
    assert document.status("ap2004") == 1
    [request] = idp.requests[before:]
    assert request.form["grant_type"] == "authorization_code"
    assert request.form["redirect_uri"] == query_of(location)["redirect_uri"]
    assert len(request.form["code_verifier"]) == 43
    phone.token = document.token_text
    assert phone.ask("ap2004").status("ap2004") == 1  # and the token is this line's
    phone.line.revoke()
    assert phone.query("ap2004").status == 511


# proves: A-038
def test_another_http_client_may_return_without_a_cookie(idp, device, server):
    phone = device()
    location = begin(phone)
    reply = server.plain.request("GET", "/?" + urllib.parse.urlsplit(idp.login(location, phone.line.subject)).query,
                                 [("User-Agent", "Mozilla/5.0 (another one)")])
    assert reply.status == 200 and reply.header("Content-Type") == client.XML
    assert reply.document().status("ap2004") == 1


def test_the_format_is_that_of_whoever_returns_else_that_of_the_first_request(idp, device):
    phone = device()
    phone.accept = client.ACCEPT_JSON
    browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
    reply = returned(phone.target, idp.login(begin(phone), phone.line.subject), accept=browser)
    assert reply.header("Content-Type") == client.JSON
    reply = returned(phone.target, idp.login(begin(phone), phone.line.subject), accept=client.ACCEPT_XML)
    assert reply.header("Content-Type") == client.XML


# proves: A-037
def test_a_state_serves_once_and_a_guess_never(idp, device):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject)
    assert returned(phone.target, back).status == 200
    again = returned(phone.target, back)
    assert again.status == 511 and len(idp.requests) == 1
    guess = re.sub("state=[^&]*", "state=" + "a" * 32, back)
    assert returned(phone.target, guess).status == 511


# proves: A-037
def test_an_old_state_is_not_taken(idp, device, cluster):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject)
    assert cluster.one("SELECT max(round(extract(epoch FROM expires_at - created_at))) FROM login WHERE kind = 'oidc'") == 600
    cluster.sql("UPDATE login SET expires_at = now() WHERE kind = 'oidc'")
    assert returned(phone.target, back).status == 511
    assert not idp.requests


def test_of_many_returns_with_one_state_one_gets_the_document(idp, device):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(r.status for r in pool.map(lambda _: returned(phone.target, back), range(8)))
    assert statuses == [200] + [511] * 7


def test_any_node_may_take_the_way_back(idp, device, make_daemon, server):
    other = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings()])
    phone = device()
    document = returned(other.device, idp.login(begin(phone), phone.line.subject)).document()
    phone.token = document.token_text
    assert phone.ask("ap2004").status("ap2004") == 1


def test_nothing_in_the_table_of_logins_can_be_used_by_its_reader(idp, device, cluster):
    phone = device()
    location = begin(phone)
    query = query_of(location)
    rows = cluster.sql("SELECT * FROM login WHERE kind = 'oidc' ORDER BY created_at DESC LIMIT 1")
    assert query["state"].encode() not in b"|".join(str(v).encode() if not isinstance(v, bytes) else v for v in rows[0])
    returned(phone.target, idp.login(location, phone.line.subject)).document()


def test_no_secret_and_no_subject_goes_to_the_log(idp, device, server):
    phone = device()
    mark = server.mark()
    location = begin(phone)
    back = idp.login(location, phone.line.subject)
    token = returned(phone.target, back).document().token_text
    text = server.text(mark)
    query, code = query_of(location), query_of(back)["code"]
    for secret in (query["state"], query["nonce"], code, token, idp.secret, phone.line.subject, phone.line.imsi,
                   phone.line.msisdn, idp.requests[-1].form["code_verifier"]):
        assert secret not in text


# ---- the ID token ----

def other_key(algorithm="RS256"):
    return Key(algorithm, "k-other")


def none_token(claims, header):
    return ".".join([base64url(json.dumps({"alg": "none", "typ": "JWT"}).encode()), base64url(json.dumps(claims).encode()), ""])


def hs_with_public_key(idp):
    """The classic confusion: the public key taken as a secret."""
    import hashlib
    import hmac
    from cryptography.hazmat.primitives import serialization
    pem = idp.keys[-1].private.public_key().public_bytes(serialization.Encoding.PEM,
                                                          serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(claims, header):
        head = base64url(json.dumps(dict(header, alg="HS256")).encode()) + "." + base64url(json.dumps(claims).encode())
        return head + "." + base64url(hmac.new(pem, head.encode(), hashlib.sha256).digest())
    return sign


DEFECTS = {
    "audience": lambda idp: idp.claims.update(aud="somebody-else"),
    "audience of several without azp": lambda idp: idp.claims.update(aud=["x", "ecs-1"], azp="x"),
    "issuer": lambda idp: idp.claims.update(iss="https://evil.example"),
    "nonce": lambda idp: idp.claims.update(nonce="x" * 32),
    "no nonce": lambda idp: idp.claims.update(nonce=None),
    "expired": lambda idp: idp.claims.update(exp=int(time.time()) - 3600, iat=int(time.time()) - 7200),
    "no exp": lambda idp: idp.claims.update(exp=None),
    "issued in the future": lambda idp: idp.claims.update(iat=int(time.time()) + 3600, exp=int(time.time()) + 7200),
    "no subject": lambda idp: idp.claims.update(sub=None),
    "access token of another": lambda idp: idp.claims.update(at_hash=base64url(b"0" * 16)),
    "signature": lambda idp: setattr(idp, "sign", lambda c, h: jwt.encode(c, other_key().private, algorithm="RS256", headers=h)),
    "altered": lambda idp: setattr(idp, "sign", lambda c, h: jwt.encode(c, idp.keys[-1].private, algorithm="RS256",
                                                                         headers=h)[:-8] + "AAAAAAAA"),
    "alg none": lambda idp: setattr(idp, "sign", none_token),
    "HMAC with the public key": lambda idp: setattr(idp, "sign", hs_with_public_key(idp)),
    "no token at all": lambda idp: setattr(idp, "sign", lambda c, h: "abc"),
}


# proves: A-035
@pytest.mark.parametrize("defect", DEFECTS)
def test_an_id_token_that_does_not_hold_gives_no_token(idp, device, server, defect):
    phone = device()
    mark = server.mark()
    DEFECTS[defect](idp)
    reply = login(idp, phone)
    assert reply.status == 200, reply
    document = reply.document(token=False)
    assert document.token is None
    assert document["ap2004"]["GeneralErrorURL"] == ERROR_URL
    assert "reason=invalid_token" in document["ap2004"]["GeneralErrorUserData"]
    ref = re.search("ref=([a-z2-7]+)", document["ap2004"]["GeneralErrorUserData"]).group(1)
    server.wait_event("AUTH_FAILED", mark, ref)


# proves: A-035
def test_without_an_error_page_a_bad_id_token_is_refused(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings()])
    phone = device(at=daemon)
    idp.claims["aud"] = "somebody-else"
    assert login(idp, phone).status == 403


# proves: A-035
def test_an_access_token_that_is_a_jwt_is_verified_when_asked_for(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC},
                         oidc=[idp.settings(access_token_jwt=True, access_token_audience=["urn:ecs"])])
    now = int(time.time())

    def signed(**change):
        def make(claims):
            key = idp.keys[-1]
            return jwt.encode(dict({"iss": idp.base, "aud": "urn:ecs", "iat": now, "exp": now + 300}, **change), key.private,
                              algorithm=key.algorithm, headers={"kid": key.kid})
        return make
    phone = device(at=daemon)
    idp.access_token = signed()
    assert login(idp, phone).document().token_text
    for change in ({"aud": "other"}, {"exp": now - 3600, "iat": now - 7200}, {"iss": "https://evil.example"}):
        idp.access_token = signed(**change)
        assert login(idp, device(at=daemon)).status == 403
    idp.access_token = None
    assert login(idp, device(at=daemon)).status == 403  # opaque


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "RS256"])
def test_keys_may_be_rotated_to_another_algorithm(idp, device, algorithm):
    assert login(idp, device()).document().token_text
    idp.rotate(algorithm, keep=1)
    time.sleep(1.1)  # key_interval
    assert login(idp, device()).document().token_text


def test_made_up_key_ids_do_not_make_the_server_fetch_without_end(idp, device):
    assert login(idp, device()).document().token_text
    time.sleep(1.1)
    before = idp.fetches
    for i in range(6):
        idp.header = {"kid": f"made-up-{i}"}
        reply = login(idp, device())
        assert reply.status == 503 and int(reply.header("Retry-After")) > 0
    assert idp.fetches - before <= 4  # two workers, one per second each
    idp.header = {}
    assert login(idp, device()).document().token_text


def test_max_age_is_asked_for_and_looked_at(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(max_age="1h", skew="5s", authorize_parameters=[
        "prompt=login", "acr_values=urn:example:loa 2"])])
    phone = device(at=daemon)
    query = query_of(begin(phone))
    assert query["max_age"] == "3600" and query["prompt"] == "login" and query["acr_values"] == "urn:example:loa 2"
    assert login(idp, phone).document().token_text
    idp.claims["auth_time"] = int(time.time()) - 4000
    assert login(idp, device(at=daemon)).status == 403
    idp.claims["auth_time"] = None
    assert login(idp, device(at=daemon)).status == 403


# ---- who it is ----

def test_an_account_without_a_line_gets_the_error_page(idp, device, server):
    phone = device()
    back = idp.login(begin(phone), "nobody")
    document = returned(phone.target, back).document(token=False)
    assert document.token is None and "reason=unknown_subscriber" in document["ap2004"]["GeneralErrorUserData"]


def test_an_account_of_several_lines_needs_the_imsi(idp, device, cluster, lines):
    phone = device()
    other = lines.take()
    cluster.sql("INSERT INTO subject_identity (provider, subject, imsi) VALUES ('idp', %s, %s)", phone.line.subject, other.imsi)
    document = login(idp, phone).document(token=False)
    assert "reason=other_line" in document["ap2004"]["GeneralErrorUserData"]
    document = login(idp, phone, IMSI=other.imsi).document()
    phone.token = document.token_text
    assert phone.query(IMSI=other.imsi).status == 200
    assert phone.query(IMSI=phone.imsi).status == 511
    stranger = lines.take()
    document = login(idp, phone, IMSI=stranger.imsi).document(token=False)
    assert document.token is None


@pytest.mark.parametrize("subject,claim,value", [
    ("msisdn", "phone_number", lambda line: "tel:+" + line.msisdn),
    ("imsi", "ids.imsi", lambda line: line.imsi),
])
def test_the_claim_may_be_the_number_or_the_imsi(idp, device, lines, make_daemon, subject, claim, value):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[
        idp.settings(subject=subject, subject_claim=claim, subject_prefix="tel:")])
    line = lines.take()
    line.subject = "whoever"
    phone = device(at=daemon, line=line)
    outer, _, inner = claim.partition(".")
    idp.claims[outer] = {inner: value(line)} if inner else value(line)
    document = login(idp, phone).document()
    phone.token = document.token_text
    assert phone.query(IMSI=line.imsi).status == 200
    for bad in ("", "abc", None, 5 * ["1"]):
        idp.claims[outer] = {inner: bad} if inner else bad
        assert login(idp, device(at=daemon, line=line)).status == 403


# ---- the provider says no ----

# proves: A-040 A-041
@pytest.mark.parametrize("accept", [client.ACCEPT_XML, client.ACCEPT_JSON])
def test_an_error_return_is_a_document_with_the_error_page_and_without_token(idp, device, accept):
    phone = device()
    phone.accept = accept
    back = idp.login(begin(phone, ("ap2004", "ap2003")), phone.line.subject, error="access_denied")
    reply = returned(phone.target, back, accept=accept)
    document = reply.document(token=False)
    assert document.token is None and set(document.apps) == {"ap2003", "ap2004"}
    for app in document.apps:
        assert document[app]["GeneralErrorURL"] == ERROR_URL
        assert re.fullmatch("ref=[a-z2-7]{8}&reason=access_denied", document[app]["GeneralErrorUserData"])
        assert document[app]["GeneralErrorText"]
    assert b"AuthenticationError" not in reply.body
    assert not idp.requests
    assert returned(phone.target, back, accept=accept).status == 511


# proves: A-040
def test_an_error_for_an_application_with_operations_has_an_operation_result(idp, device):
    phone = device()
    back = idp.login(begin(phone, "ap2009", operation="CheckEligibility"), phone.line.subject, error="server_error")
    text = returned(phone.target, back).body.decode()
    assert 'name="OperationResult" value="100"' in text and ERROR_URL in text and "TOKEN" not in text


def test_code_and_error_together_are_an_error(idp, device):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject) + "&error=access_denied"
    assert returned(phone.target, back).document(token=False).token is None
    assert not idp.requests


def test_an_error_code_of_odd_shape_is_not_passed_on(idp, device):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject, error="<script>&x=y")
    document = returned(phone.target, back).document(token=False)
    assert document["ap2004"]["GeneralErrorUserData"].endswith("reason=error")


def test_an_answer_of_another_issuer_is_refused(idp, device):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject)
    reply = returned(phone.target, back + "&iss=" + urllib.parse.quote("https://evil.example", safe=""))
    assert reply.status == 403 and not idp.requests
    back = idp.login(begin(phone), phone.line.subject)
    assert returned(phone.target, back + "&iss=" + urllib.parse.quote(idp.base, safe="")).document().token_text


# ---- the token endpoint fails ----

def test_a_code_that_the_provider_refuses_leads_to_a_new_start(idp, device):
    phone = device()
    back = re.sub("code=[^&]*", "code=wrong", idp.login(begin(phone), phone.line.subject))
    assert returned(phone.target, back).status == 511


@pytest.mark.parametrize("answer", [
    (500, {}), (503, {"error": "temporarily_unavailable"}), (429, {}), (200, b"<html>captive portal</html>"), (200, b"{"),
    (200, {"access_token": "a", "token_type": "Bearer"}), (200, {"access_token": "a", "token_type": "mac", "id_token": "x"}),
    (200, b"x" * 300000), (404, b"nothing here"), (302, b""),
], ids=str)
def test_a_token_endpoint_out_of_order_is_told_and_the_same_address_works_later(idp, device, answer):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject)
    idp.answer = answer
    reply = returned(phone.target, back)
    assert reply.status == 503 and int(reply.header("Retry-After")) > 0, reply
    idp.answer = None
    assert returned(phone.target, back).document().token_text


def test_a_login_is_not_repeated_without_end(idp, device):
    phone = device()
    back = idp.login(begin(phone), phone.line.subject)
    idp.answer = (500, {})
    assert [returned(phone.target, back).status for _ in range(6)] == [503] * 5 + [511]


def test_a_slow_provider_costs_its_own_callers_only(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(timeout="500ms")])
    phone, other = device(at=daemon), device(at=daemon)
    back = idp.login(begin(phone), phone.line.subject)
    idp.delay = 2
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(returned, phone.target, back)
        other.login()  # by EAP-AKA, meanwhile
        reply = waiting.result()
    assert reply.status == 503 and time.monotonic() - began < 1.9
    idp.delay = 0
    time.sleep(2)
    idp.login(begin(phone), phone.line.subject)


def test_a_provider_that_is_not_there(idp, device, make_daemon, cluster):
    dead = f"http://127.0.0.1:{harness.free_port()}"
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(token_url=f"{dead}/token")])
    phone = device(at=daemon)
    back = idp.login(begin(phone), phone.line.subject)
    reply = returned(phone.target, back)
    assert reply.status == 503 and int(reply.header("Retry-After")) > 0


def test_keys_that_cannot_be_fetched(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings()])
    idp.keys_status = 500
    phone = device(at=daemon)
    reply = login(idp, phone)
    assert reply.status == 503
    idp.keys_status = 200
    time.sleep(1.1)
    assert login(idp, device(at=daemon)).document().token_text


# ---- how the server proves itself ----

def test_the_client_proves_itself_in_three_ways(idp, device, make_daemon, tmp_path):
    from cryptography.hazmat.primitives import serialization
    key = Key("ES256", "c1")
    path = tmp_path / "client.pem"
    path.write_bytes(key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
    idp.client_key = key.private.public_key()
    post = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(client_auth="client_secret_post", pkce=False)])
    signed = make_daemon(web={"public_url": PUBLIC}, oidc=[
        idp.settings(client_auth="private_key_jwt", client_secret="", private_key=f"file:{path}", key_id="c1")])
    assert login(idp, device(at=post)).document().token_text
    assert idp.requests[-1].form["client_secret"] == idp.secret and "code_verifier" not in idp.requests[-1].form
    assert login(idp, device(at=signed)).document().token_text
    form = idp.requests[-1].form
    assert jwt.get_unverified_header(form["client_assertion"]) in ({"alg": "ES256", "kid": "c1"},
                                                                   {"alg": "ES256", "kid": "c1", "typ": "JWT"})
    assert "client_secret" not in form and idp.requests[-1].headers.get("Authorization") is None


def test_wrong_credentials_of_ours_are_an_alarm_and_503(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(client_secret="wrong")])
    mark = daemon.mark()
    reply = login(idp, device(at=daemon))
    assert reply.status == 503
    daemon.wait_event("NEIGHBOUR_DOWN", mark, "does not accept this client")
    assert idp.faults == ["client credentials"]
    idp.faults.clear()


def test_the_provider_is_called_by_tls_that_is_verified(device, make_daemon, certs, area):
    import subprocess
    made = {"certificate": f"{area}/idp.crt", "key": f"{area}/idp.key"}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=idp", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", made["key"], "-out",
                    made["certificate"]], check=True, capture_output=True)
    provider = Idp(**made).start()
    try:
        good = make_daemon(web={"public_url": PUBLIC}, oidc=[provider.settings(ca_file=made["certificate"])])
        bad = make_daemon(web={"public_url": PUBLIC}, oidc=[provider.settings(ca_file=certs.default["certificate"])])
        assert login(provider, device(at=good)).document().token_text
        assert login(provider, device(at=bad)).status == 503
    finally:
        provider.stop()


# ---- limits ----

def test_begun_logins_are_limited_by_source_and_in_all(idp, device, make_daemon):
    daemon = make_daemon(server={"workers": 1}, web={"public_url": PUBLIC}, oidc=[idp.settings(begin_per_minute=5)])
    phone = device(at=daemon)
    statuses = [phone.get(phone.parameters()) for _ in range(7)]
    assert [r.status for r in statuses] == [302] * 5 + [503] * 2
    assert int(statuses[-1].header("Retry-After")) >= 1
    daemon = make_daemon(server={"workers": 1}, web={"public_url": PUBLIC}, oidc=[idp.settings()],
                         auth={"source_per_minute": 60, "source_burst": 3})
    phone = device(at=daemon)
    assert [phone.get(phone.parameters()).status for _ in range(5)] == [302] * 3 + [503] * 2


# ---- the operator's side ----

def test_expired_logins_are_deleted(device, cluster, server):
    begin(device())
    cluster.sql("UPDATE login SET expires_at = now() - interval '1 s'")
    harness.wait_for(lambda: cluster.one("SELECT count(*) FROM login WHERE expires_at <= now()") == 0, 15, "login is not reaped")


def test_accounts_are_imported_and_lead_to_their_lines(idp, device, lines, ctl, tmp_path, cluster):
    first, second = lines.take(), lines.take()
    path, rejected = tmp_path / "subjects.csv", tmp_path / "rejected"
    path.write_text("provider,subject,imsi,msisdn\n"
                    f"idp,imported|1,{first.imsi},\nidp,imported|2,,+{second.msisdn}\n"
                    f"idp,imported|1,{first.imsi},\nidp,x,999990000000000,\nIDP,x,{first.imsi},\nidp,x,,\n"
                    f"idp,x,{first.imsi},{first.msisdn}\nidp,x,,4999999999\n")
    done = ctl("subject", "import", str(path), "--rejected", str(rejected), check=False)
    assert done.returncode == 1 and "2 rows inserted" in done.stdout, done.stdout + done.stderr
    reasons = dict(line.split(": ", 1) for line in rejected.read_text().splitlines())
    assert set(reasons) == {"4", "5", "6", "7", "8", "9"}, reasons
    assert "second time" in reasons["4"] and "unknown subscriber" in reasons["5"] and "provider" in reasons["6"]
    again = ctl("subject", "import", str(path), "--rejected", str(rejected), check=False)
    assert "0 rows inserted" in again.stdout
    for line, subject in ((first, "imported|1"), (second, "imported|2")):
        line.subject = subject
        phone = device(line=line)
        phone.token = login(idp, phone).document().token_text
        assert phone.query(IMSI=line.imsi).status == 200
    assert cluster.one("SELECT count(*) FROM audit WHERE action = 'subject.import'") == 2


def test_the_operator_joins_and_parts_accounts(idp, device, lines, server, build, cluster):
    line = lines.take()
    line.subject = "joined / by % hand"
    where = f"/v1/subscribers/{line.imsi}/subjects"
    assert server.admin("GET", where) == (200, {"subjects": []})
    assert server.admin("PUT", f"{where}/idp", {"subject": line.subject})[0] == 201
    assert server.admin("PUT", f"{where}/idp", {"subject": line.subject})[0] == 200
    assert server.admin("PUT", f"{where}/idp", {})[0] == 400
    assert server.admin("PUT", f"{where}/Idp", {"subject": "x"})[0] == 400
    assert server.admin("PUT", "/v1/subscribers/999990000000000/subjects/idp", {"subject": "x"})[0] == 400
    status, found = server.admin("GET", where)
    assert [(row["provider"], row["subject"]) for row in found["subjects"]] == [("idp", line.subject)]
    assert login(idp, device(line=line)).document().token_text
    target = f"{where}/idp?subject=" + urllib.parse.quote(line.subject, safe="")
    assert server.admin("DELETE", f"{where}/idp")[0] == 400
    assert server.admin("DELETE", target)[0] == 200
    assert server.admin("DELETE", target)[0] == 404
    assert login(idp, device(line=line)).document(token=False).token is None
    details = cluster.sql("SELECT action, subject_masked, detail::text FROM audit WHERE action LIKE 'subject.%%' "
                          "AND action <> 'subject.import' AND id > 0 ORDER BY id DESC LIMIT 3" .replace("%%", "%"))
    assert [row[0] for row in details] == ["subject.remove", "subject.add", "subject.add"]
    assert line.imsi not in str(details) and line.subject not in str(details)


def test_the_command_does_the_same(lines, server, build):
    import subprocess
    line = lines.take()

    def run(*words):
        return subprocess.run([build.ctl, "-c", server.conf_path, "subject", *words], capture_output=True, text=True,
                              env=harness.environment(), timeout=60)
    assert run("add", line.imsi, "idp", "a b/c?d").returncode == 0
    assert "a b/c?d" in run("list", line.imsi).stdout
    assert run("remove", line.imsi, "idp", "a b/c?d").returncode == 0
    assert run("remove", line.imsi, "idp", "a b/c?d").returncode == 1


def test_a_reload_may_take_the_provider_away_between_the_legs(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings()])
    phone = device(at=daemon)
    first, second = (idp.login(begin(phone), phone.line.subject) for _ in range(2))
    daemon.reload()
    assert returned(phone.target, first).document().token_text
    daemon.write(oidc=[idp.settings(name="another")])
    daemon.reload()
    assert returned(phone.target, second).status == 511


@pytest.mark.parametrize("change,text", [
    ({"issuer": "http://idp.example"}, "issuer must be an https:// address"),
    ({"token_url": "http://localhost.example/token"}, "token_url must be"),
    ({"token_url": "http://127.0.0.1@evil.example/"}, "token_url must be"),
    ({"jwks_url": "ftp://idp.example"}, "jwks_url must be"),
    ({"name": "Big Name"}, "name must consist of"),
    ({"scope": "profile"}, "scope must hold openid"),
    ({"algorithms": ["HS256"]}, "algorithms must be of"),
    ({"algorithms": ["none"]}, "algorithms must be of"),
    ({"apps": ["ap9999"]}, "apps must be AppIDs"),
    ({"authorize_parameters": ["state=x"]}, "authorize_parameters must be"),
    ({"authorize_parameters": ["prompt"]}, "authorize_parameters must be"),
    ({"client_secret": ""}, "client_secret is needed"),
    ({"client_auth": "private_key_jwt", "private_key": "no key"}, "private_key cannot be used"),
    ({"second_factor": "external", "second_factor_secret": "short", "second_factor_url": "https://x.example"}, "at least 32"),
    ({"second_factor": "external", "second_factor_secret": "s" * 32}, "second_factor_url must be"),
    ({"second_factor": "otp-page"}, "needs the section sms"),
    ({"error_data": "x={name}"}, "{ref} and {reason} only"),
])
def test_a_configuration_that_cannot_work_is_refused_with_its_place(idp, daemon_for, build, change, text):
    import subprocess
    daemon = daemon_for(web={"public_url": PUBLIC}, oidc=[idp.settings(**change)])
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check=files"], capture_output=True, text=True,
                          env=harness.environment(), timeout=60)
    assert done.returncode != 0 and text in done.stderr + done.stdout, done.stderr + done.stdout


def test_two_entries_need_two_names_and_a_public_address(idp, daemon_for, build):
    import subprocess
    daemon = daemon_for(oidc=[idp.settings(), idp.settings()])
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check=files"], capture_output=True, text=True,
                          env=harness.environment(), timeout=60)
    out = done.stderr + done.stdout
    assert done.returncode != 0 and 'two entries are called "idp"' in out and "needs web.public_url" in out
