# SPDX-License-Identifier: Apache-2.0
"""Application servers with OAuth 2.0 access tokens (TS.43 2.8.3) at the real daemon: the token endpoint, its refusals, what a
token is good for. The partner is partner.py, whose tokens another implementation signs."""
import hashlib
import hmac
import os
import re
import subprocess
import time
import typing
import types

import jwt
import pytest
import yaml

import harness
import partner
from partner import ASSERTION_TYPE, BEARER_GRANT, Endpoint, Key, basic, claims

SECRET = "mdm-7-secret-0123456789abcdef-0123456789"
OLD_SECRET = "mdm-7-secret-of-last-year-0123456789abc"
R_MDM, R_MDM_2 = "8f0c2c1e-6a36-4f7a-9f2b-3d6c0a4a51aa", "1f4a7c1e-6a36-4f7a-9f2b-3d6c0a4a51bb"
R_PNV, R_KEY, R_FREE = "b1b6e9b2-0000-4f7a-9f2b-3d6c0a4a51cc", "pk-server-1", "free-server"
OPERATIONS = ["GetPhoneNumber", "CheckEligibility"]
INVALID_CLIENT = (401, "invalid_client")


def callers(world):
    return [
        {"client_id": "mdm-7", "requestor_ids": [R_MDM, R_MDM_2], "applications": ["ap2011", "ap2014"],
         "operations": OPERATIONS, "scopes": ["odsa", "phone"], "client_secret": SECRET, "old_secret": OLD_SECRET,
         "authentication": ["client_secret_basic", "client_secret_jwt"], "enterprise_ids": ["ENT-1", "ENT-2"]},
        {"client_id": "pk-1", "requestor_ids": [R_KEY], "applications": ["ap2014"], "operations": ["GetPhoneNumber"],
         "authentication": ["private_key_jwt"], "public_key": "file:" + world.pem_path},
        {"client_id": "pnv", "requestor_ids": [R_PNV], "applications": ["ap2014"], "operations": ["GetPhoneNumber"],
         "authentication": ["jwt_bearer"], "issuers": ["google-pnv", "firebase"],
         "jwks_url": world.server.url + "/jwks.json", "scopes": ["dpv"]},
        {"client_id": "far", "requestor_ids": ["far-server"], "applications": ["ap2014"], "operations": ["GetPhoneNumber"],
         "authentication": ["client_secret_basic"], "client_secret": SECRET, "addresses": ["192.0.2.0/24"]},
        {"client_id": "once", "requestor_ids": [R_FREE], "applications": ["ap2014"], "operations": ["GetPhoneNumber"],
         "authentication": ["client_secret_basic"], "client_secret": SECRET, "single_use": True,
         "token_life": "30s"},
    ]


@pytest.fixture(scope="module")
def world(area):
    """Keys and servers of the partners."""
    made = types.SimpleNamespace(server=partner.Server(), key=Key(), pnv=Key("ES256", "k1"),
                                 pem_path=os.path.join(area, "partner.pem"))
    with open(made.pem_path, "w", encoding="ascii") as file:
        file.write(made.key.pem())
    made.server.keys = [made.pnv]
    yield made
    made.server.close()


def settings_of(world, **oauth):
    return {"web": {"public_url": "https://aes.example.net"}, "oauth": {"enabled": True, "failures_per_minute": 10000, **oauth},
            "server_callers": callers(world)}


@pytest.fixture(scope="module")
def server(make_module_daemon, world):
    return make_module_daemon(**settings_of(world))


@pytest.fixture
def endpoint(server):
    return Endpoint(server)


def call(daemon, token=None, headers=(), app="ap2014", requestor=R_MDM, operation="GetPhoneNumber", **extra):
    """A request of an application server as in Table 35, without a subscriber."""
    fields = {"app": app, "vers": "1", "entitlement_version": "12.0", "requestor_id": requestor, "operation": operation,
              "access_token": token, "terminal_vendor": "none", "terminal_model": "none", "terminal_sw_version": "0", **extra}
    query = "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return daemon.device.request("GET", "/?" + query, headers)


def assert_proven(reply):
    """The caller was let in; there is nobody that its request could be about."""
    assert (reply.status, b"temporary_token is missing" in reply.body) == (400, True), reply


def assert_refused(reply, why):
    assert (reply.status, why in reply.body.decode()) == (403, True), reply


# ---- client assertion with the client secret ----

# proves: A-046
@pytest.mark.parametrize("grant", [{}, {"grant_type": "client_credentials"}])
def test_a_client_assertion_buys_an_access_token(server, endpoint, grant):
    made = jwt.encode(claims("mdm-7", endpoint.url, drop=("iat", "jti"), exp=int(time.time()) + 100 + len(grant)), SECRET, "HS256")
    answer = endpoint.post({"client_id": "mdm-7", "client_assertion_type": ASSERTION_TYPE, "client_assertion": made, **grant})
    assert answer.status == 200, answer.reply
    assert answer.json["token_type"] == "Bearer" and answer.json["expires_in"] == 3600
    assert set(answer.json["scope"].split()) == {"odsa", "phone"}
    assert_proven(call(server, answer.token))


def test_client_id_may_be_left_out_and_aud_may_be_our_name(endpoint):
    made = jwt.encode(claims("mdm-7", ["https://x.example", "https://aes.example.net"]), SECRET, "HS256")
    assert endpoint.by_assertion(made).status == 200


def test_the_former_secret_works_on(endpoint):
    assert endpoint.by_secret("mdm-7", OLD_SECRET).status == 200
    assert endpoint.by_basic("mdm-7", OLD_SECRET).status == 200


class In(typing.NamedTuple):
    """So many seconds from when the test runs, not from when its parameters are read."""
    s: int


# proves: A-047
@pytest.mark.parametrize("change", [
    {"drop": ("iss",)}, {"drop": ("sub",)}, {"drop": ("aud",)}, {"drop": ("exp",)},
    {"iss": "mdm-8"}, {"sub": "mdm-8"}, {"aud": "https://other.example.net/token"}, {"aud": []},
    {"exp": In(-60), "iat": In(-120)}, {"exp": In(86400)}, {"nbf": In(600)}, {"iat": In(600)}, {"exp": "soon"}, {"sub": 7}],
    ids=str)
def test_defective_claims_are_refused(endpoint, change):
    change = {name: int(time.time()) + value.s if isinstance(value, In) else value for name, value in change.items()}
    assert endpoint.by_secret("mdm-7", SECRET, **change).refusal == INVALID_CLIENT


# proves: A-047
def test_a_bad_signature_is_refused(endpoint):
    assert endpoint.by_secret("mdm-7", SECRET + "x").refusal == INVALID_CLIENT
    good = jwt.encode(claims("mdm-7", endpoint.url), SECRET, "HS256").split(".")
    other = jwt.encode(claims("mdm-7", endpoint.url), SECRET, "HS256").split(".")
    assert endpoint.by_assertion(".".join([good[0], other[1], good[2]])).refusal == INVALID_CLIENT
    assert endpoint.by_assertion("nonsense").refusal == INVALID_CLIENT
    assert endpoint.by_secret("nobody", SECRET).refusal == INVALID_CLIENT


# proves: A-048
def test_unsigned_assertions_are_refused(endpoint):
    head = partner.b64u(b'{"alg":"none"}')
    body = jwt.encode(claims("mdm-7", endpoint.url), SECRET, "HS256").split(".")[1]
    for signature in ("", "AAAA"):
        assert endpoint.by_assertion(f"{head}.{body}.{signature}", client_id="mdm-7").refusal == INVALID_CLIENT
    body = jwt.encode(claims("pk-1", endpoint.url), SECRET, "HS256").split(".")[1]
    assert endpoint.by_assertion(f"{head}.{body}.", client_id="pk-1").refusal == INVALID_CLIENT


# proves: A-048
def test_a_public_key_is_no_shared_secret(endpoint, world):
    for secret in (world.key.pem().encode(), world.key.pem().strip().encode()):
        text = partner.b64u(b'{"alg":"HS256"}') + "." + world.key.sign(claims("pk-1", endpoint.url)).split(".")[1]
        forged = text + "." + partner.b64u(hmac.new(secret, text.encode(), hashlib.sha256).digest())
        assert endpoint.by_assertion(forged, client_id="pk-1").refusal == INVALID_CLIENT
    # and a caller with a secret is not asked for a key
    assert endpoint.by_assertion(world.key.sign(claims("mdm-7", endpoint.url))).refusal == INVALID_CLIENT


# proves: A-048
@pytest.mark.parametrize("drop", [(), ("jti",)])
def test_an_assertion_is_taken_once_by_all_nodes(make_daemon, server, world, drop):
    second = make_daemon(**settings_of(world))
    made = jwt.encode(claims("mdm-7", Endpoint(server).url, drop), SECRET, "HS256")
    assert Endpoint(server).by_assertion(made).status == 200
    assert Endpoint(second).by_assertion(made).refusal == INVALID_CLIENT
    assert Endpoint(server).by_assertion(made).refusal == INVALID_CLIENT


# proves: A-048
def test_another_assertion_with_the_same_jti_is_refused(endpoint):
    assert endpoint.by_secret("mdm-7", SECRET, jti="same").status == 200
    assert endpoint.by_secret("mdm-7", SECRET, jti="same", exp=int(time.time()) + 77).refusal == INVALID_CLIENT


# ---- other ways to prove oneself ----

def test_private_key_jwt(server, endpoint, world):
    answer = endpoint.by_assertion(world.key.sign(claims("pk-1", endpoint.url)))
    assert_proven(call(server, answer.token, requestor=R_KEY))
    assert "scope" not in answer.json
    assert endpoint.by_assertion(Key().sign(claims("pk-1", endpoint.url))).refusal == INVALID_CLIENT


def test_client_secret_basic(endpoint):
    assert endpoint.by_basic("mdm-7", SECRET).status == 200
    assert endpoint.by_basic("mdm%2D7", SECRET.replace("-", "%2D")).status == 200  # RFC 6749 2.3.1
    refused = endpoint.by_basic("mdm-7", "x" + SECRET)
    assert refused.refusal == INVALID_CLIENT
    assert refused.reply.header("WWW-Authenticate").startswith("Basic ")
    for header in ("Basic !!", "Basic bWRtLTc=", "Bearer abc", "Basic", "Basic Og=="):
        assert endpoint.post({}, [("Authorization", header)]).refusal == INVALID_CLIENT
    assert endpoint.post({}).refusal == INVALID_CLIENT
    assert endpoint.post({"client_id": "mdm-7", "client_secret": SECRET}).refusal == INVALID_CLIENT
    assert endpoint.by_basic("pk-1", SECRET).refusal == INVALID_CLIENT


def test_a_caller_elsewhere_is_refused(endpoint, server):
    assert endpoint.by_basic("far", SECRET).refusal == INVALID_CLIENT
    assert_refused(call(server, "x", requestor="far-server"), "not from this address")


def test_a_grant_about_one_temporary_token(endpoint, world, cluster):
    made = world.pnv.sign(claims("google-pnv", endpoint.url, sub="temptoken:tmp-1", scope="dpv"))
    answer = endpoint.by_grant(made, resource="https://aes.example.net/")
    assert answer.status == 200, answer.reply
    assert answer.json["expires_in"] == 300 and answer.json["scope"] == "dpv"
    row = cluster.one("SELECT single_use AND subject IS NOT NULL AND audience = 'https://aes.example.net/' "
                      "FROM server_token ORDER BY issued_at DESC LIMIT 1")
    assert row is True
    invalid = (400, "invalid_grant")
    assert endpoint.by_grant(made).refusal == invalid
    for change in ({"sub": "tmp-1"}, {"sub": "temptoken:"}, {"sub": "phone:1"}, {"iss": "stranger"}, {"aud": "x"},
                   {"exp": int(time.time()) - 100}):
        forged = world.pnv.sign(dict(claims("firebase", endpoint.url, sub="temptoken:t"), **change))
        assert endpoint.by_grant(forged).refusal == invalid, change
    stranger = Key("ES256", "k1").sign(claims("firebase", endpoint.url, sub="operatortoken:t"))
    assert endpoint.by_grant(stranger).refusal == invalid
    assert endpoint.post({"grant_type": BEARER_GRANT}).refusal == (400, "invalid_request")
    assert endpoint.by_grant(made, client_id="mdm-7").status in (400, 401)


def test_a_partner_changes_its_keys(make_daemon, world):
    before, after = world.pnv, Key("RS256", "k2")
    settings = settings_of(world)
    settings["server_callers"][2]["jwks_interval"] = "2s"
    endpoint = Endpoint(make_daemon(server={"workers": 1}, **settings))

    def ask(key):
        return endpoint.by_grant(key.sign(claims("firebase", endpoint.url, sub="temptoken:t"))).status
    try:
        assert ask(before) == 200
        world.server.keys = [after]
        assert ask(before) == 200  # the kept set
        fetched = world.server.count("/jwks.json")
        assert ask(Key("RS256", "k9")) == ask(Key("RS256", "k8")) == 400  # made-up keys make nobody fetch at once
        assert world.server.count("/jwks.json") == fetched
        time.sleep(2.5)
        assert ask(after) == 200
        assert ask(before) == 400
    finally:
        world.server.keys = [before]


def test_an_unreachable_key_set_is_a_temporary_fault(make_daemon, world):
    settings = settings_of(world)
    settings["server_callers"][2]["jwks_url"] = "http://127.0.0.1:9/jwks.json"
    endpoint = Endpoint(make_daemon(**settings))
    made = world.pnv.sign(claims("firebase", endpoint.url, sub="temptoken:t"))
    answer = endpoint.by_grant(made)
    assert answer.refusal == (503, "temporarily_unavailable")
    assert answer.reply.header("Retry-After")


# ---- what may be asked for ----

def test_scope_and_resource(endpoint):
    assert endpoint.by_basic("mdm-7", SECRET, scope="phone").json["scope"] == "phone"
    assert endpoint.by_basic("mdm-7", SECRET, scope="phone admin").refusal == (400, "invalid_scope")
    assert endpoint.by_basic("mdm-7", SECRET, resource="https://aes.example.net").status == 200
    assert endpoint.by_basic("mdm-7", SECRET, resource="https://aes.example.net.evil.example").refusal == (
        400, "invalid_target")


def test_malformed_token_requests(endpoint, server):
    assert endpoint.by_basic("mdm-7", SECRET, grant_type="password").refusal == (400, "unsupported_grant_type")
    assert endpoint.post([("scope", "phone"), ("scope", "odsa")], [basic("mdm-7", SECRET)]).refusal == (
        400, "invalid_request")
    assert endpoint.post({}, [basic("mdm-7", SECRET)], endpoint.path + "?scope=phone").refusal == (400, "invalid_request")
    both = endpoint.post({"client_assertion_type": ASSERTION_TYPE, "client_assertion": "x"}, [basic("mdm-7", SECRET)])
    assert both.refusal == (400, "invalid_request")
    assert endpoint.post({"client_assertion": "a.b.c"}).refusal == (400, "invalid_request")
    assert endpoint.post({}, path="/web/oauth/other").status == 404
    assert server.device.request("GET", endpoint.path).status == 405
    reply = server.device.request("POST", endpoint.path, [("Content-Type", "application/json")], b"{}")
    assert reply.status == 415, reply


def test_without_the_section_there_is_no_endpoint(daemon):
    reply = daemon.device.request("POST", "/web/oauth/token", [partner.FORM], b"")
    assert reply.status != 200 and b"access_token" not in reply.body
    assert call(daemon, "x").status == 511


def test_refusals_of_one_address_are_limited(make_daemon, world):
    endpoint = Endpoint(make_daemon(server={"workers": 1}, **settings_of(world, failures_per_minute=5)))
    seen = [endpoint.by_basic("mdm-7", "x" * 40).status for _ in range(8)]
    assert seen == [401] * 5 + [503] * 3
    assert endpoint.by_basic("mdm-7", SECRET).refusal == (503, "temporarily_unavailable")


def test_requests_of_one_caller_are_limited(make_daemon, world):
    endpoint = Endpoint(make_daemon(server={"workers": 1}, **settings_of(world, requests_per_minute=2)))
    seen = [endpoint.by_basic("mdm-7", SECRET).status for _ in range(13)]
    assert seen[:11] == [200] * 11 and seen[-1] == 503
    assert endpoint.by_basic("once", SECRET).status == 200


# ---- the access token in a request ----

# proves: A-049
def test_the_token_is_a_parameter_or_a_header(server, endpoint):
    token = endpoint.by_basic("mdm-7", SECRET).token
    assert_proven(call(server, token))
    assert_proven(call(server, headers=[("Authorization", f"Bearer {token}")]))
    assert_proven(call(server, token, headers=[("Authorization", f"Bearer {token}")]))
    assert call(server, token, headers=[("Authorization", "Bearer other")]).status == 400
    assert_refused(call(server, headers=[("Authorization", "Bearer other")]), "access_token")


# proves: A-050
def test_a_missing_or_bad_token_is_refused(server, endpoint):
    token = endpoint.by_basic("mdm-7", SECRET).token
    assert_refused(call(server), "access_token is missing")
    for bad in ("x", token[:-1], token.upper(), token + "a", "%00" + token):
        assert call(server, bad).status in (400, 403), bad
    assert_refused(call(server, "a" * 52), "not one of ours")


# proves: A-045
def test_ended_tokens_are_refused(server, endpoint, cluster):
    token = endpoint.by_basic("mdm-7", SECRET).token
    assert_proven(call(server, token))
    ended = endpoint.post({"token": token}, [basic("mdm-7", SECRET)], "/web/oauth/revoke")
    assert ended.status == 200, ended.reply
    assert_refused(call(server, token), "revoked")
    token = endpoint.by_basic("mdm-7", SECRET).token
    assert_proven(call(server, token))
    cluster.sql("UPDATE server_token SET expires_at = now()")
    assert_refused(call(server, token), "expired")


def test_only_its_owner_revokes_a_token(server, endpoint, world):
    token = endpoint.by_basic("mdm-7", SECRET).token
    path = "/web/oauth/revoke"
    assert endpoint.post({"token": token}, [basic("once", SECRET)], path).status == 200
    assert endpoint.post({"token": token}, [basic("mdm-7", "x" * 40)], path).refusal == INVALID_CLIENT
    assert endpoint.post({}, [basic("mdm-7", SECRET)], path).refusal == (400, "invalid_request")
    assert_proven(call(server, token))
    made = jwt.encode(claims("mdm-7", endpoint.url), SECRET, "HS256")
    fields = {"token": token, "client_assertion_type": ASSERTION_TYPE, "client_assertion": made}
    assert endpoint.post(fields, path=path).status == 200
    assert endpoint.post(fields, path=path).refusal == INVALID_CLIENT  # spent
    assert_refused(call(server, token), "revoked")


# proves: P-030
def test_what_a_requestor_may_not_use_is_refused(server, endpoint):
    token = endpoint.by_basic("mdm-7", SECRET).token
    assert_refused(call(server, token, requestor="unregistered"), "not registered")
    assert_refused(call(server, token, operation="GetSubscriberInfo"), "may not use this operation")
    assert_refused(call(server, token, app="ap2015"), "may not use this application")
    assert_refused(call(server, token, requestor=R_KEY), "of another caller")
    assert_proven(call(server, token, operation="getphonenumber"))  # P-024
    assert_proven(call(server, token, requestor=R_MDM.upper()))


# proves: A-064
def test_a_token_is_bound_to_requestor_and_enterprise(server, endpoint):
    token = endpoint.by_basic("mdm-7", SECRET).token
    first = {"app": "ap2011", "operation": "CheckEligibility", "enterprise_id": "ENT-1"}
    assert call(server, token, **first).status == 200  # proven; ap2011 is not offered here: not eligible
    assert_refused(call(server, token, **{**first, "enterprise_id": "ENT-2"}), "bound to another enterprise_id")
    assert_refused(call(server, token, **{**first, "enterprise_id": "ENT-9"}), "may not act for")
    assert_refused(call(server, token, requestor=R_MDM_2, **first), "bound to another requestor_id")
    assert call(server, token, **{**first, "enterprise_id": None}).status == 400  # OS-006
    assert call(server, token, **first).status == 200


def test_a_single_use_token_is_spent_for_all_nodes(make_daemon, server, endpoint, world):
    second = make_daemon(**settings_of(world))
    answer = endpoint.by_basic("once", SECRET)
    assert answer.json["expires_in"] == 30
    assert_proven(call(second, answer.token, requestor=R_FREE))
    assert_refused(call(server, answer.token, requestor=R_FREE), "was used before")
    assert_refused(call(second, answer.token, requestor=R_FREE), "was used before")


def test_a_call_without_an_operation_is_malformed(server, endpoint):
    reply = call(server, endpoint.by_basic("mdm-7", SECRET).token, operation=None)
    assert (reply.status, b"operation is missing" in reply.body) == (400, True)


# proves: P-031
def test_dummies_of_a_server_are_not_looked_at(server, phone):
    p = phone(at=server)
    dummies = {"terminal_id": "0", "terminal_vendor": "none", "terminal_model": "none", "terminal_sw_version": "0",
               "requestor_id": "someone-else"}
    assert p.login(**dummies).status("ap2004") == 1


def test_secrets_stay_out_of_log_and_database(server, endpoint, cluster):
    made = jwt.encode(claims("mdm-7", endpoint.url), SECRET, "HS256")
    token = endpoint.by_assertion(made).token
    assert_proven(call(server, token))
    endpoint.by_basic("mdm-7", "wrong-" + SECRET)
    text = server.text()
    for secret in (SECRET, token, made, made.split(".")[2], basic("mdm-7", SECRET)[1]):
        assert secret not in text
    assert len(token) == 52 and token == token.lower()
    rows = cluster.one("SELECT string_agg(t::text, ' ') FROM server_token t") or ""
    assert token not in rows and SECRET not in rows


def test_a_reload_takes_callers_away(make_daemon, world):
    daemon = make_daemon(**settings_of(world))
    token = Endpoint(daemon).by_basic("mdm-7", SECRET).token
    assert_proven(call(daemon, token))
    daemon.write(server_callers=callers(world)[1:])
    daemon.reload()
    assert_refused(call(daemon, token), "not registered")
    assert Endpoint(daemon).by_basic("mdm-7", SECRET).refusal == INVALID_CLIENT


def test_issued_and_refused_tokens_are_counted(server, endpoint):
    before = [server.metric("ecs_server_tokens_total"), server.metric("ecs_server_tokens_refused_total")]
    assert endpoint.by_basic("mdm-7", SECRET).status == 200
    assert endpoint.by_basic("mdm-7", "x" * 40).status == 401
    assert endpoint.post({}).status == 401
    assert server.metric("ecs_server_tokens_total") == before[0] + 1
    assert server.metric("ecs_server_tokens_refused_total") == before[1] + 2


# ---- beside a temporary token ----

def with_temporary(server, token=None, temporary="tmp-1", requestor=R_PNV):
    return call(server, token, requestor=requestor, temporary_token=temporary)


# proves: A-050
def test_the_caller_proves_itself_before_the_temporary_token_counts(server):
    assert_refused(with_temporary(server), "access_token is missing")
    assert_refused(with_temporary(server, "x"), "not one of ours")
    assert_refused(with_temporary(server, requestor="unregistered"), "not registered")
    reply = call(server, requestor=None, terminal_id="35999900123456", temporary_token="tmp-1")
    assert_refused(reply, "requestor_id is missing")


def test_an_access_token_goes_with_its_temporary_token_only(server, endpoint, world):
    def buy(subject):
        return endpoint.by_grant(world.pnv.sign(claims("google-pnv", endpoint.url, sub=subject))).token
    assert_refused(with_temporary(server, buy("temptoken:tmp-2")), "belongs to another")
    assert_refused(with_temporary(server, buy("operatortoken:tmp-1")), "belongs to another")
    token = buy("temptoken:tmp-1")
    assert with_temporary(server, token).status == 401  # the caller is proven, nobody ever gave out tmp-1
    assert_refused(with_temporary(server, token), "was used before")


def test_a_caller_may_be_freed_from_access_tokens(make_daemon, world):
    settings = settings_of(world)
    settings["server_callers"][2]["access_token_required"] = False
    daemon = make_daemon(**settings)
    assert with_temporary(daemon).status == 401
    assert_refused(with_temporary(daemon, "x"), "not one of ours")
    assert_refused(call(daemon, requestor=R_PNV), "access_token is missing")  # nothing else speaks for it
    free = make_daemon(**settings_of(world, demand=False))
    assert call(free, requestor=None, terminal_id="35999900123456", temporary_token="tmp-1").status == 401


# ---- the manual ----

def test_the_examples_of_the_manual_work(make_daemon, tmp_path):
    """docs/server-callers.md: its configuration and its shell examples, run by a shell."""
    with open(os.path.join(harness.ROOT, "docs", "server-callers.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```(\w+)\n(.*?)^```", file.read(), re.S | re.M)
    settings = yaml.safe_load(next(text for kind, text in blocks if kind == "yaml"))
    script = "set -e\n" + "\n".join(text for kind, text in blocks if kind == "sh")
    secret = re.search(r"secret=(\w+)", script).group(1)
    (tmp_path / "secret").write_text(secret + "\n")
    settings["server_callers"][0]["client_secret"] = f"file:{tmp_path}/secret"
    settings["server_callers"][1]["jwks_url"] = "http://127.0.0.1:9/keys.json"
    daemon = make_daemon(**settings)
    address = daemon.settings["device"]["listen"][0]
    (tmp_path / ".curlrc").write_text(f'connect-to = "aes.example.net:443:{address}"\n'
                                      'insecure\nwrite-out = "%{stderr} %{http_code}\\n"\n')
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "HOME": str(tmp_path), "CURL_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == ["200", "200", "200", "200"], done.stdout
    assert done.stdout.count('"token_type":"Bearer"') == 2
