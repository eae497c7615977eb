# SPDX-License-Identifier: Apache-2.0
"""Authentication of applications (ap2015): operator tokens of registered applications and what their back ends do with them,
App tokens; phones, applications and servers each by their own code."""
import datetime
import json
import os
import re
import shutil
import threading
import time

import jwt
import pytest

import client
import harness
import partner

APP = ["ap2015"]
PUBLIC = "https://aes.example.net"
SECRET = "bank-back-end-secret-0123456789abcdef-0123456789"
SHARED = "wallet-shared-secret-0123456789abcdef-0123456789"
OFFERED = ["ap2003", "ap2004", "ap2005", "ap2014", "ap2015"]
SERVER = {"terminal_id": None, "terminal_vendor": "none", "terminal_model": "none", "terminal_sw_version": "0", "requestor_id": "bank-srv-1"}


class World:
    """Keys of the applications, and of our server."""

    def __init__(self, where):
        self.bank, self.receiver, self.ours = partner.Key("ES256", "k1"), partner.Receiver("rsa"), partner.Receiver("rsa")
        self.files = {}
        for name, text in (("bank.pem", self.bank.pem()), ("receiver.pem", self.receiver.pem()),
                           ("ours.key", self.ours.private_pem()),
                           ("jwks.json", json.dumps({"keys": [self.bank.jwk()]}))):
            self.files[name] = os.path.join(where, name)
            with open(self.files[name], "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(self.files[name], 0o600)

    def token(self, issuer="bank-7731", key=None, drop=(), **change):
        now = int(time.time())
        made = {"iss": issuer, "aud": PUBLIC, "iat": now, "exp": now + 300, **change}
        return (key or self.bank).sign({k: v for k, v in made.items() if k not in drop})

    def settings(self, **change):
        def app(**more):
            return {"access_token_key": "file:" + self.files["jwks.json"], **more}
        found = {
            "device": {"offered": OFFERED}, "web": {"public_url": PUBLIC},
            "number": {"sim_id_key": "ab" * 32, "access_key": "file:" + self.files["ours.key"], "verify_per_minute": 0},
            "oauth": {"enabled": True, "demand": False},
            "server_callers": [
                {"client_id": name, "requestor_ids": requestors, "client_secret": SECRET, "applications": ["ap2015"],
                 "operations": ["ValidateOperatorToken", "GetSubscriberDeviceInfo", "VerifyPhoneNumber", "AcquireOperatorToken",
                                "AcquireTemporaryToken", "Get3PAppInfo"],
                 "authentication": ["client_secret_basic", "client_secret_jwt"], "access_token_required": False}
                for name, requestors in (("bank-server", ["bank-srv-1", "bank-srv-2"]), ("wallet-3", ["wallet-srv"]),
                                         ("stranger", ["other-srv"]))],
            "applications": [
                app(client_id="bank-7731", scopes=["openid", "phone"], requestors=["bank-srv-1", "Bank-Srv-2"], name="x9Qe77Lm",
                    back_end="bank-server"),
                {"client_id": "wallet-3", "access_token_secret": SHARED, "scopes": ["openid"], "name": "W4lle7", "issuers": ["wallet-backend"]},
                {"client_id": "open-app", "access_token_required": False},
                app(client_id="vault", encryption_key="file:" + self.files["receiver.pem"], access_token_key="file:" + self.files["bank.pem"],
                    issuers=["vault-issuer"]),
            ],
        }
        return harness.merge(found, change)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(str(tmp_path_factory.mktemp("apps")))


@pytest.fixture(scope="module")
def ecs(make_module_daemon, world):
    return make_module_daemon(**world.settings())


@pytest.fixture
def handset(phone, ecs):
    def make(at=None, **how):
        p = phone(at=at or ecs, **how)
        p.login(APP, operation=None)
        return p
    return make


def operate(p, operation, **more):
    """The block of an operation that the phone asks for."""
    return p.ask(APP, operation=operation, **more)["ap2015"]


def status(p, operation, **more):
    return p.query(APP, operation=operation, **more).status


def operator(p, world, **more):
    """An operator token of the bank's application."""
    values = {"client_id": "bank-7731", "scope": "openid phone", "access_token": world.token(), **more}
    found = operate(p, "AcquireOperatorToken", **values)
    assert found["OperationResult"] == "1", found
    return found["OperatorToken"]


def consume(p, token, operation, post=False, **more):
    values = {**SERVER, "operator_token": token, "operation": operation, **more}
    if post:
        return p.post(p.json_parameters("ap2015", **values), headers=[("Accept", client.JSON)])
    return p.get(p.parameters(APP, **values))


def block(reply):
    return reply.document(token=False)["ap2015"]


# ---- acquiring ----

# proves: T-001 T-003 T-005
@pytest.mark.parametrize("way", ["token", "temporary", "temporary-unbound"])
def test_a_registered_application_gets_an_operator_token(handset, world, way):
    p = handset()
    values = {"client_id": "bank-7731", "scope": "openid phone"}
    if way == "token":
        found = operate(p, "AcquireOperatorToken", access_token=world.token(), **values)
    else:
        proof = {"access_token": world.token()}
        first = operate(p, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken", **(proof if way == "temporary" else {}))
        assert first["OperationTargets"] == "AcquireOperatorToken" and first["TemporaryTokenExpiry"].endswith("Z")
        reply = p.get(p.parameters(APP, operation="AcquireOperatorToken", temporary_token=first["TemporaryToken"],
                                   **({} if way == "temporary" else proof), **values))
        found = reply.document(token=False)["ap2015"]
    assert set(found) == {"OperationResult", "OperatorToken", "OperatorTokenExpiry", "OperatorTokenAuthURL", "ClientID"}
    assert found["OperationResult"] == "1" and found["ClientID"] == "bank-7731"
    assert found["OperatorTokenAuthURL"] == PUBLIC + "/"
    left = datetime.datetime.fromisoformat(found["OperatorTokenExpiry"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert 570 < left.total_seconds() <= 600
    assert re.fullmatch(r"[a-z2-7]{52}", found["OperatorToken"])


# proves: T-002 T-003
def test_an_application_that_is_not_proven_gets_nothing(handset, world):
    p = handset()
    other = partner.Key("ES256", "k1")
    now = int(time.time())
    shared = {"iss": "wallet-backend", "aud": PUBLIC, "iat": now, "exp": now + 60}
    bad = [
        {"client_id": "nobody", "access_token": world.token("nobody")},
        {"client_id": "bank-7731"},
        {"client_id": "bank-7731", "access_token": world.token(key=other)},
        {"client_id": "bank-7731", "access_token": world.token()[:-6] + "AAAAAA"},
        {"client_id": "bank-7731", "access_token": world.token(exp=now - 60)},
        {"client_id": "bank-7731", "access_token": world.token(drop=("exp",))},
        {"client_id": "bank-7731", "access_token": world.token(exp=now + 90000)},
        {"client_id": "bank-7731", "access_token": world.token(aud="https://other.example.net")},
        {"client_id": "bank-7731", "access_token": world.token("wallet-3")},
        {"client_id": "bank-7731", "access_token": world.token("vault-issuer")},
        {"client_id": "bank-7731", "access_token": jwt.encode({"iss": "bank-7731", "aud": PUBLIC, "exp": now + 60}, None, "none")},
        {"client_id": "bank-7731", "access_token": jwt.encode({"iss": "bank-7731", "aud": PUBLIC, "exp": now + 60}, SHARED, "HS256")},
        {"client_id": "bank-7731", "access_token": "opaque"},
        {"client_id": "wallet-3", "access_token": jwt.encode(shared, SHARED + "x", "HS256")},
    ]
    for values in bad:
        assert status(p, "AcquireOperatorToken", scope="openid", **values) == 403, values
    assert operate(p, "AcquireOperatorToken", scope="openid", access_token=world.token()) == {"OperationResult": "102"}
    good = operate(p, "AcquireOperatorToken", client_id="wallet-3", access_token=jwt.encode(shared, SHARED, "HS256"))
    assert good["OperatorToken"]


def test_an_access_token_may_be_encrypted_for_us(handset, world):
    p = handset()
    assert operator(p, world, access_token=world.ours.seal(world.token()))
    assert status(p, "AcquireOperatorToken", client_id="bank-7731", access_token=world.receiver.seal(world.token())) == 403
    assert status(p, "AcquireOperatorToken", client_id="bank-7731", access_token=world.ours.seal("no token")) == 403


# proves: T-004
def test_an_access_token_is_judged_before_the_phone_is_authenticated(phone, ecs, world, cluster):
    p = phone(at=ecs)
    before = cluster.one("SELECT count(*) FROM eap_session")
    for operation in ("AcquireOperatorToken", "AcquireTemporaryToken"):
        reply = p.get(p.parameters(APP, EAP_ID=p.eap_id, operation=operation, operation_targets="AcquireOperatorToken",
                                   client_id="bank-7731", access_token=world.token(exp=int(time.time()) - 100)))
        assert reply.status == 403 and reply.header("Set-Cookie") is None and b"eap-relay" not in reply.body
    assert cluster.one("SELECT count(*) FROM eap_session") == before
    exchange = p.challenge(APP, operation="AcquireOperatorToken", client_id="bank-7731", scope="openid", access_token=world.token())
    found = p.relay(exchange, p.solve(exchange.packet)).document()
    assert found["ap2015"]["OperatorToken"] and found.token_text


# proves: T-006
def test_a_temporary_token_of_one_application_does_not_serve_another(handset, world):
    p = handset()
    found = operate(p, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken", access_token=world.token())
    reply = p.get(p.parameters(APP, operation="AcquireOperatorToken", temporary_token=found["TemporaryToken"], client_id="open-app"))
    assert reply.status == 403
    unbound = operate(p, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken")
    reply = p.get(p.parameters(APP, operation="AcquireOperatorToken", temporary_token=unbound["TemporaryToken"], client_id="bank-7731"))
    assert reply.status == 403  # no access token, neither then nor now
    unbound = operate(p, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken")
    reply = p.get(p.parameters(APP, operation="AcquireOperatorToken", temporary_token=unbound["TemporaryToken"], client_id="open-app"))
    assert block(reply)["ClientID"] == "open-app"  # the token is its secret, as this application is set up
    assert status(p, "AcquireOperatorToken", client_id="open-app") == 403


# proves: T-006
def test_a_temporary_token_does_not_leave_its_phone(handset, world):
    p = handset()
    values = {"operation": "AcquireOperatorToken", "client_id": "bank-7731"}

    def token():
        return operate(p, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken", access_token=world.token())["TemporaryToken"]

    other = handset()
    assert p.get(p.parameters(APP, **values, temporary_token=token(), terminal_id=other.terminal_id)).status == 403
    assert p.get(p.parameters(APP, **values, temporary_token=token(), **{**SERVER, "requestor_id": "unregistered"})).status == 403
    assert block(p.get(p.parameters(APP, **values, temporary_token=token())))["OperatorToken"]


# proves: T-003
def test_an_access_token_is_not_replayed_for_another_line(handset, world):
    p, thief = handset(), handset()
    for access in (world.token(jti="a-1"), world.token()):
        values = {"client_id": "bank-7731", "access_token": access}
        for _ in range(2):  # its own phone may repeat itself, and go on
            assert operate(p, "AcquireOperatorToken", **values)["OperatorToken"]
        assert operate(p, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken", **values)["TemporaryToken"]
        assert status(thief, "AcquireOperatorToken", **values) == 403
        assert status(thief, "AcquireTemporaryToken", operation_targets="AcquireOperatorToken", **values) == 403
    found, access = [], world.token(jti="b-1")
    phones = [handset() for _ in range(3)] * 3
    threads = [threading.Thread(target=lambda q=q: found.append((q.imsi, status(q, "AcquireOperatorToken", client_id="bank-7731", access_token=access))))
               for q in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = {imsi for imsi, code in found if code == 200}
    assert len(won) == 1 and all((code == 200) == (imsi in won) for imsi, code in found), found


# proves: T-007
def test_the_other_spelling_of_operation_targets_is_read(handset, world):
    found = operate(handset(), "AcquireTemporaryToken", operation_target="AcquireOperatorToken", access_token=world.token())
    assert found["OperationTargets"] == "AcquireOperatorToken"


# proves: T-024
def test_quotation_marks_and_blanks_do_not_matter(handset, world):
    p = handset()
    token = operator(p, world, client_id='"bank-7731"', scope='"openid phone"')
    assert block(consume(p, token, "ValidateOperatorToken", scope='"phone"'))["OperatorTokenValidity"] == "1"
    assert block(consume(p, token, "ValidateOperatorToken", scope="phone  openid", client_id='"BANK-7731"'))["OperatorTokenValidity"] == "1"
    found = block(consume(p, token, "VerifyPhoneNumber", msisdn=f'"+{p.line.msisdn}"'))
    assert found["PhoneNumberVerification"] == "1" and found["msisdn"] == "+" + p.line.msisdn
    query = client.urllib.parse.urlencode(p.parameters(APP, operation="AcquireOperatorToken", token=p.token, client_id="bank-7731",
                                                       access_token=world.token()))
    reply = p.target.request("GET", f"/?{query}&scope=openid%20phone", [("Accept", client.ACCEPT_XML)])
    assert reply.document()["ap2015"]["OperationResult"] == "1"


def test_scopes_are_those_of_the_application(handset, world):
    p = handset()
    values = {"client_id": "bank-7731", "access_token": world.token()}
    assert operate(p, "AcquireOperatorToken", scope="openid admin", **values) == {"OperationResult": "102"}
    everything = operate(p, "AcquireOperatorToken", **values)["OperatorToken"]
    assert block(consume(p, everything, "ValidateOperatorToken", scope="openid phone"))["OperatorTokenValidity"] == "1"


# proves: T-019
def test_the_token_is_encrypted_for_the_back_end(handset, world):
    p = handset()
    found = operate(p, "AcquireOperatorToken", client_id="vault", access_token=world.token("vault-issuer"))
    assert found["OperatorToken"].count(".") == 4
    token = world.receiver.open(found["OperatorToken"])
    assert block(consume(p, token, "GetSubscriberDeviceInfo"))["MSISDN"] == "+" + p.line.msisdn
    assert consume(p, found["OperatorToken"], "GetSubscriberDeviceInfo").status == 401


# ---- consuming ----

# proves: T-009 T-010 T-016 T-017
@pytest.mark.parametrize("post", [False, True])
def test_the_back_end_consumes_the_token(handset, world, post):
    p = handset()
    token, number = operator(p, world), "+" + p.line.msisdn
    answers = [
        (consume(p, token, "ValidateOperatorToken", post, client_id="bank-7731", scope="phone"),
         {"OperationResult": "1", "OperatorTokenValidity": "1", "OperatorTokenValidatedParams": "client_id,scope"}),
        (consume(p, token, "GetSubscriberDeviceInfo", post), {"OperationResult": "1", "MSISDN": number}),
        (consume(p, token, "VerifyPhoneNumber", post, msisdn=number), {"OperationResult": "1", "PhoneNumberVerification": "1", "msisdn": number}),
        (consume(p, token, "VerifyPhoneNumber", post, msisdn="+4790000001"), {"OperationResult": "1", "PhoneNumberVerification": "0"}),
    ]
    for reply, wanted in answers:
        assert block(reply) == wanted
        assert b"\"TOKEN\"" not in reply.body and b"\"Token\"" not in reply.body and reply.header("Set-Cookie") is None


# proves: T-013 T-014 T-015
def test_a_token_is_judged_with_what_comes_beside_it(handset, world):
    p = handset()
    token = operator(p, world, scope="phone")

    def judge(text=token, **more):
        found = block(consume(p, text, "ValidateOperatorToken", **more))
        assert found["OperationResult"] == "1"
        return found["OperatorTokenValidity"], found.get("OperatorTokenValidatedParams")

    assert block(consume(p, token, "ValidateOperatorToken")) == {"OperationResult": "102"}
    assert judge(client_id="bank-7731") == ("1", "client_id")
    assert judge(scope="phone") == ("1", "scope")
    assert judge(scope="PHONE", client_id="Bank-7731") == ("1", "client_id,scope")
    assert judge(client_id="wallet-3") == ("0", None)
    assert judge(scope="openid") == ("0", None)
    assert judge(scope="phone openid") == ("0", None)
    assert judge(scope="openid", client_id="bank-7731") == ("0", "client_id")
    assert judge(scope="phone", client_id="other") == ("0", "scope")
    assert judge("unknown", client_id="bank-7731") == ("0", None)
    assert judge(token[:-1] + ("a" if token[-1] != "a" else "b"), client_id="bank-7731") == ("0", None)


# proves: T-008 T-018
def test_after_its_end_a_token_is_void(handset, world, ecs):
    p = handset()
    status_, made = ecs.admin("POST", "/v1/grants", {"kind": "operator", "imsi": p.imsi, "app": "ap2015", "life_s": 2, "scope": "phone",
                                                     "client_id": "bank-7731",
                                                     "operations": ["ValidateOperatorToken", "GetSubscriberDeviceInfo", "VerifyPhoneNumber"]})
    assert status_ == 200
    assert block(consume(p, made["token"], "ValidateOperatorToken", scope="phone"))["OperatorTokenValidity"] == "1"
    assert consume(p, made["token"], "GetSubscriberDeviceInfo").status == 200
    time.sleep(2.2)
    assert block(consume(p, made["token"], "ValidateOperatorToken", scope="phone"))["OperatorTokenValidity"] == "0"
    assert consume(p, made["token"], "GetSubscriberDeviceInfo").status == 401
    assert consume(p, made["token"], "VerifyPhoneNumber", msisdn="+4790000001").status == 401
    assert consume(p, "unknown", "GetSubscriberDeviceInfo").status == 401
    assert consume(p, "unknown", "VerifyPhoneNumber").status == 401
    token = operator(p, world)
    assert ecs.admin("POST", f"/v1/subscribers/{p.imsi}/revoke", {})[0] == 200
    assert block(consume(p, token, "ValidateOperatorToken", scope="phone"))["OperatorTokenValidity"] == "0"
    assert consume(p, token, "GetSubscriberDeviceInfo").status == 401


# proves: T-011
def test_an_operation_needs_its_scope(handset, world):
    p = handset()
    token = operator(p, world, scope="openid")
    assert consume(p, token, "GetSubscriberDeviceInfo").status == 403
    assert consume(p, token, "VerifyPhoneNumber", msisdn="+" + p.line.msisdn).status == 403
    assert block(consume(p, token, "ValidateOperatorToken", scope="openid"))["OperatorTokenValidity"] == "1"


# proves: T-012
def test_a_token_is_for_the_servers_of_its_application(handset, world):
    p = handset()
    token = operator(p, world)
    assert consume(p, token, "GetSubscriberDeviceInfo", requestor_id="BANK-SRV-2").status == 200
    for requestor in ("other-srv", None):
        assert consume(p, token, "GetSubscriberDeviceInfo", requestor_id=requestor, terminal_id=p.terminal_id).status == 403
        assert consume(p, token, "ValidateOperatorToken", requestor_id=requestor, terminal_id=p.terminal_id, scope="phone").status == 403


def test_tokens_of_an_application_end_with_its_registration(make_daemon, phone, world):
    daemon = make_daemon(**world.settings())
    p = phone(at=daemon)
    p.login(APP, operation=None)
    token = operator(p, world)
    assert consume(p, token, "GetSubscriberDeviceInfo").status == 200
    daemon.write(applications=[a for a in daemon.settings["applications"] if a["client_id"] != "bank-7731"])
    daemon.reload()
    assert consume(p, token, "GetSubscriberDeviceInfo").status == 403
    assert consume(p, token, "VerifyPhoneNumber", msisdn="+" + p.line.msisdn).status == 403
    assert block(consume(p, token, "ValidateOperatorToken", scope="phone"))["OperatorTokenValidity"] == "0"


# proves: T-016
def test_the_imsi_is_told_by_policy_only(make_daemon, phone, world, tmp_path):
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    file = policy / "appauth.yaml"
    file.write_text(file.read_text().replace("rules:\n", 'rules:\n  - name: bank\n    when: [ "application is bank-7731", '
                                             '"application.scopes has phone" ]\n    then: { imsi: yes }\n'))
    p = phone(at=make_daemon(**world.settings(), policy={"directory": str(policy)}))
    p.login(APP, operation=None)
    assert block(consume(p, operator(p, world), "GetSubscriberDeviceInfo"))["IMSI"] == p.imsi
    other = operate(p, "AcquireOperatorToken", client_id="vault", access_token=world.token("vault-issuer"))["OperatorToken"]
    assert "IMSI" not in block(consume(p, world.receiver.open(other), "GetSubscriberDeviceInfo"))


def test_a_terminal_id_spares_no_server_its_proof(make_daemon, phone, world, tmp_path):
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    file = policy / "appauth.yaml"
    file.write_text(file.read_text().replace("token-verify-phone-number: no", "token-verify-phone-number: yes"))
    p = phone(at=make_daemon(**world.settings(oauth={"enabled": True, "demand": True}), policy={"directory": str(policy)}))
    p.login(APP, operation=None)

    def verify(**who):
        token = operate(p, "AcquireTemporaryToken", operation_targets="VerifyPhoneNumber")["TemporaryToken"]
        return p.get(p.parameters(APP, operation="VerifyPhoneNumber", temporary_token=token, msisdn="+" + p.line.msisdn, **who))

    assert verify().status == 403
    assert verify(terminal_id=p.terminal_id, access_token="made up").status == 403
    assert block(verify(**SERVER))["PhoneNumberVerification"] == "1"


def test_devices_may_not_consume_and_servers_may_not_acquire(handset, world):
    p = handset()
    assert status(p, "GetSubscriberDeviceInfo") == 403
    assert status(p, "ValidateOperatorToken", scope="phone") == 403
    token = operator(p, world)
    for operation in ("AcquireOperatorToken", "AcquireTemporaryToken", "Get3PAppInfo"):
        assert consume(p, token, operation).status == 403


def test_a_number_that_is_not_known_is_404_for_the_back_end(handset, world, cluster):
    p = handset()
    token = operator(p, world)
    cluster.sql("UPDATE subscriber SET msisdn = NULL WHERE imsi = %s", p.imsi)
    assert consume(p, token, "GetSubscriberDeviceInfo").status == 404


# ---- App tokens ----

def app_token(ecs, **fields):
    return partner.Endpoint(ecs).post(fields, [partner.basic("bank-server", SECRET)], path="/web/oauth/app_token")


# proves: T-020
@pytest.mark.parametrize("accept", [client.ACCEPT_XML, client.ACCEPT_JSON])
def test_an_app_token_names_its_application(handset, ecs, accept):
    p = handset()
    p.accept = accept
    made = app_token(ecs)
    assert made.status == 200 and made.json["application"] == "bank-7731" and 290 <= made.json["expires_in"] <= 300
    assert operate(p, "Get3PAppInfo", App_token=made.json["app_token"]) == {"OperationResult": "1", "3PAppNameAnon": "x9Qe77Lm"}
    named = app_token(ecs, name="anon-4711")
    assert operate(p, "Get3PAppInfo", App_token=named.json["app_token"])["3PAppNameAnon"] == "anon-4711"


# proves: T-021
def test_an_app_token_works_once_also_in_parallel(handset, ecs):
    p = handset()
    token = app_token(ecs).json["app_token"]
    assert operate(p, "Get3PAppInfo", App_token=token)["OperationResult"] == "1"
    assert operate(p, "Get3PAppInfo", App_token=token) == {"OperationResult": "102"}
    token, found = app_token(ecs).json["app_token"], []
    threads = [threading.Thread(target=lambda: found.append(operate(p, "Get3PAppInfo", App_token=token)["OperationResult"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["1"] + ["102"] * 7


# proves: T-022
def test_an_app_token_lives_minutes_only(make_daemon, phone, world):
    daemon = make_daemon(**world.settings(), grants={"app_life": "10s"})
    p = phone(at=daemon)
    p.login(APP, operation=None)
    made = app_token(daemon).json
    assert made["expires_in"] <= 10
    old = app_token(daemon).json["app_token"]
    time.sleep(10.5)
    assert operate(p, "Get3PAppInfo", App_token=old) == {"OperationResult": "102"}
    for text in (None, "", "unknown", "a" * 52):
        assert operate(p, "Get3PAppInfo", App_token=text) == {"OperationResult": "102"}


# proves: T-023
def test_app_tokens_of_two_applications_name_each_its_own(handset, ecs):
    p = handset()
    bank = app_token(ecs).json["app_token"]
    wallet = partner.Endpoint(ecs).post({}, [partner.basic("wallet-3", SECRET)], path="/web/oauth/app_token").json["app_token"]
    assert operate(p, "Get3PAppInfo", App_token=wallet)["3PAppNameAnon"] == "W4lle7"
    assert operate(p, "Get3PAppInfo", App_token=bank)["3PAppNameAnon"] == "x9Qe77Lm"


def test_app_tokens_are_for_proven_back_ends(ecs, handset):
    endpoint, path = partner.Endpoint(ecs), "/web/oauth/app_token"

    def ask(headers, **fields):
        return endpoint.post(fields, headers, path=path).refusal

    assert ask([partner.basic("bank-server", "wrong")]) == (401, "invalid_client")
    assert ask([partner.basic("nobody", SECRET)]) == (401, "invalid_client")
    assert ask([]) == (401, "invalid_client")
    assert ask([partner.basic("stranger", SECRET)]) == (400, "unauthorized_client")
    assert ask([partner.basic("bank-server", SECRET)], application="wallet-3") == (400, "unauthorized_client")
    assert ask([partner.basic("bank-server", SECRET)], name="<b>")[0] == 400
    assert endpoint.post({"application": "bank-7731"}, [partner.basic("bank-server", SECRET)], path=path).status == 200
    made = jwt.encode(partner.claims("bank-server", endpoint.url), SECRET, "HS256")
    values = {"client_assertion_type": partner.ASSERTION_TYPE, "client_assertion": made, "client_id": "bank-server"}
    assert endpoint.post(values, path=path).status == 200
    assert endpoint.post(values, path=path).refusal == (401, "invalid_client")  # an assertion is good once
    p = handset()
    assert status(p, "Get3PAppInfo", App_token="x", token="wrong") == 511


def test_tokens_are_neither_in_the_log_nor_in_the_database(handset, world, ecs, cluster):
    p = handset()
    before = ecs.mark()
    access = world.token()
    token, mine = operator(p, world, access_token=access), app_token(ecs).json["app_token"]
    consume(p, token, "GetSubscriberDeviceInfo")
    operate(p, "Get3PAppInfo", App_token=mine)
    time.sleep(0.2)
    text = ecs.text(before)
    for secret in (token, mine, access, p.imsi, p.line.msisdn):
        assert secret not in text
    for secret in (token, mine):
        assert cluster.one("SELECT count(*) FROM grant_token t WHERE t::text ILIKE %s", f"%{secret}%") == 0


@pytest.mark.parametrize("change,text", [
    ({"applications": [{"client_id": "a"}]}, "access_token_key"),
    ({"applications": [{"client_id": "a", "access_token_required": False}, {"client_id": "A", "access_token_required": False}]}, "twice"),
    ({"applications": [{"client_id": "a", "access_token_key": "nonsense"}]}, "PEM"),
    ({"applications": [{"client_id": "a", "access_token_secret": "short"}]}, "32"),
    ({"applications": [{"client_id": "a", "access_token_required": False, "scopes": ["a b"]}]}, "one word"),
    ({"applications": [{"client_id": "a", "access_token_required": False, "algorithms": ["HS256"]}]}, "RS256"),
    ({"applications": [{"client_id": "a", "access_token_required": False, "encryption_key": "x"}]}, "PEM"),
    ({"oauth": {"token_path": "oauth/app_token"}}, "App tokens")])
def test_settings_that_do_not_go_together_are_told(build, make_daemon, world, change, text):
    import subprocess
    daemon = make_daemon(start=False, **world.settings(**change))
    done = subprocess.run([build.daemon, "--check=files", "-c", daemon.conf_path], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert done.returncode != 0 and text in done.stderr + done.stdout, done.stderr
