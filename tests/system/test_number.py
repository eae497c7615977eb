# SPDX-License-Identifier: Apache-2.0
"""Device and user information (ap2014): phones and servers that ask for numbers, the way of TS.43 13 with real temporary tokens."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import shutil

import pytest

import client
import harness
import partner

APP = ["ap2014"]
SIM_KEY = "c0ffee00" * 8
SHOP = {"terminal_id": None, "terminal_vendor": "none", "terminal_model": "none", "terminal_sw_version": "0", "requestor_id": "shop-77"}
OFFERED = ["ap2003", "ap2004", "ap2005", "ap2014"]
QUICK = {"verify_per_minute": 100000, "verify_burst": 100000}


def settings(**number):
    return {"device": {"offered": OFFERED}, "number": {"sim_id_key": SIM_KEY, **QUICK, **number}}


@pytest.fixture(scope="module")
def ecs(make_module_daemon):
    """A daemon that offers ap2014 and takes temporary tokens from anybody who has them."""
    return make_module_daemon(**settings())


@pytest.fixture
def handset(phone, ecs):
    """Function: a phone that has logged in for ap2014."""
    def make(at=None, **how):
        p = phone(at=at or ecs, **how)
        p.login(APP, operation=None)
        return p
    return make


def acquire(p, *targets, **more):
    """A temporary token that the phone acquires; the answer's block."""
    return p.ask(APP, operation="AcquireTemporaryToken", operation_targets=",".join(targets), **more)["ap2014"]


def temporary(p, *targets):
    return acquire(p, *targets)["TemporaryToken"]


def serve(p, token, operation="GetPhoneNumber", post=False, **more):
    """A request of an application server."""
    values = {**SHOP, "operation": operation, "temporary_token": token, **more}
    if post:
        return p.post(p.json_parameters("ap2014", **values), headers=[("Accept", client.JSON)])
    return p.get(p.parameters(APP, **values))


def block(reply):
    """Block of an answer to a server: a document without TOKEN."""
    return reply.document(token=False)["ap2014"]


# ---- the device's own number ----

# proves: N-001 N-003
@pytest.mark.parametrize("accept", [client.ACCEPT_XML, client.ACCEPT_JSON])
def test_a_phone_learns_its_number_without_any_entitlement(handset, cluster, accept):
    p = handset()
    cluster.sql("UPDATE line_service SET override = 'deny' WHERE imsi = %s", p.imsi)
    p.accept = accept
    document = p.ask(APP, operation="GetPhoneNumber")
    assert document["ap2014"] == {"OperationResult": "1", "MSISDN": "+" + p.line.msisdn}
    assert document.token_text


def test_a_login_without_operation_gives_a_token_and_a_success(phone, ecs):
    document = phone(at=ecs).login(APP, operation=None)
    assert document["ap2014"] == {"OperationResult": "1"}
    p = phone(at=ecs)
    p.login(APP, operation=None)
    assert p.query(APP, operation=None).status == 400


def test_the_number_comes_with_the_answer_of_a_full_authentication(phone, ecs):
    p = phone(at=ecs)
    assert p.login(APP, operation="GetPhoneNumber")["ap2014"]["MSISDN"] == "+" + p.line.msisdn


def test_other_applications_beside_it_keep_their_answers(handset):
    p = handset()
    p.login(["ap2014", "ap2004"], operation="GetPhoneNumber")
    document = p.ask(["ap2014", "ap2004"], operation="GetPhoneNumber")
    assert document["ap2014"]["MSISDN"] == "+" + p.line.msisdn and document.status("ap2004") == 1


# proves: N-002
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_number_may_be_encoded_or_encrypted(make_daemon, phone, tmp_path, kind):
    plain = make_daemon(**settings(form="encoded"))
    p = phone(at=plain)
    text = p.login(APP, operation="GetPhoneNumber")["ap2014"]["MSISDN"]
    assert text.startswith("encodedValue=")
    assert base64.b64decode(text[len("encodedValue="):]).decode() == "+" + p.line.msisdn
    key = partner.Receiver(kind)
    path = tmp_path / "numbers.pem"
    path.write_text(key.pem())
    plain.write(number={**settings()["number"], "form": "encrypted", "form_key": f"file:{path}"})
    plain.reload()
    text = p.login(APP, operation="GetPhoneNumber")["ap2014"]["MSISDN"]
    assert key.open(base64.b64decode(text[len("encodedValue="):]).decode()) == "+" + p.line.msisdn


# proves: N-004
def test_the_number_is_405_where_it_is_not_offered(make_daemon, phone):
    daemon = make_daemon(**settings(device_operations=["VerifyPhoneNumber"]))
    p = phone(at=daemon)
    p.login(APP, operation=None)
    reply = p.query(APP, operation="GetPhoneNumber")
    assert reply.status == 405 and reply.header("Allow")
    assert p.ask(APP, operation="VerifyPhoneNumber", msisdn=p.line.msisdn)["ap2014"]["PhoneNumberVerification"] == "1"
    assert block(serve(p, temporary(p, "GetPhoneNumber")))["MSISDN"] == "+" + p.line.msisdn  # servers still get it
    daemon.write(number={**settings()["number"], "operations": ["AcquireTemporaryToken"]})
    daemon.reload()
    assert p.query(APP, operation="VerifyPhoneNumber", msisdn=p.line.msisdn).status == 405
    for offered in (OFFERED, OFFERED + ["ap2009"]):  # what ap2009 serves under the same name does not open it for ap2014
        daemon.write(device={**daemon.settings["device"], "offered": offered}, number={**settings()["number"], "operations": ["GetPhoneNumber"]})
        daemon.reload()
        assert p.query(APP, operation="AcquireTemporaryToken", operation_targets="GetPhoneNumber").status == 405


# proves: N-008 A-055
def test_a_line_without_a_number_is_100_for_phones_and_404_for_servers(handset, cluster):
    p = handset()
    token, info = temporary(p, "GetPhoneNumber", "VerifyPhoneNumber"), temporary(p, "GetSubscriberInfo")
    cluster.sql("UPDATE subscriber SET msisdn = NULL WHERE imsi = %s", p.imsi)
    assert p.ask(APP, operation="GetPhoneNumber")["ap2014"] == {"OperationResult": "100"}
    assert p.ask(APP, operation="VerifyPhoneNumber", msisdn="+4790000001")["ap2014"] == {"OperationResult": "100"}
    for operation, text in (("GetPhoneNumber", token), ("VerifyPhoneNumber", token), ("GetSubscriberInfo", info)):
        reply = serve(p, text, operation, msisdn="+4790000001")
        assert reply.status == 404 and b"eap-relay" not in reply.body


# ---- temporary tokens ----

# proves: N-022
def test_tokens_are_for_the_operations_that_are_allowed(handset):
    p = handset()
    found = acquire(p, "GetPhoneNumber", "GetSubscriberInfo")
    assert found["OperationResult"] == "1" and found["OperationTargets"] == "GetPhoneNumber,GetSubscriberInfo"
    expiry = datetime.datetime.fromisoformat(found["TemporaryTokenExpiry"].replace("Z", "+00:00"))
    left = (expiry - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 280 < left <= 300 and re.fullmatch(r"[a-z2-7]{52}", found["TemporaryToken"])
    assert acquire(p, "VerifyPhoneNumber")["OperationTargets"] == "VerifyPhoneNumber"
    assert acquire(p, "getphonenumber", " GetSubscriberInfo")["OperationTargets"] == "GetPhoneNumber,GetSubscriberInfo"
    # what is of other applications, or nothing at all, is left out and told
    assert acquire(p, "GetPhoneNumber", "ManageSubscription", "Nonsense")["OperationTargets"] == "GetPhoneNumber"
    assert acquire(p, "ManageSubscription")["OperationResult"] == "100"
    assert acquire(p, "AcquireTemporaryToken")["OperationResult"] == "100"
    assert acquire(p, "Nonsense") == {"OperationResult": "102"}
    assert p.ask(APP, operation="AcquireTemporaryToken")["ap2014"] == {"OperationResult": "102"}


# proves: N-022
def test_the_policy_chooses_the_operations(make_daemon, phone, tmp_path):
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    text = (policy / "userinfo.yaml").read_text().replace("  token-all: yes\n", "  token-get-phone-number: yes\n"
                                                          "  token-verify-phone-number: no\n  token-get-subscriber-info: no\n")
    (policy / "userinfo.yaml").write_text(text)
    p = phone(at=make_daemon(**settings(), policy={"directory": str(policy)}))
    p.login(APP, operation=None)
    assert acquire(p, "GetPhoneNumber", "GetSubscriberInfo")["OperationTargets"] == "GetPhoneNumber"
    refused = acquire(p, "GetSubscriberInfo", **{})
    assert refused["OperationResult"] == "100" and "TemporaryToken" not in refused and refused["GeneralErrorText"]


# ---- servers ----

# proves: N-005 N-021 X-039
@pytest.mark.parametrize("post", [False, True])
def test_a_server_gets_the_number_with_a_temporary_token(handset, post):
    p = handset()
    reply = serve(p, temporary(p, "GetPhoneNumber"), post=post)
    assert block(reply) == {"OperationResult": "1", "MSISDN": "+" + p.line.msisdn}
    if post:
        text = json.loads(reply.body)
        assert text["ap2014"]["MSISDN"] == "+" + p.line.msisdn and "Token" not in text and "msisdn" not in text["ap2014"]


# proves: N-016 N-017 N-018 N-021
def test_a_server_gets_number_and_hash_of_the_sim(handset):
    p = handset()
    found = block(serve(p, temporary(p, "GetSubscriberInfo"), "GetSubscriberInfo"))
    wanted = hmac.new(bytes.fromhex(SIM_KEY), p.imsi.encode(), hashlib.sha256).hexdigest()
    assert found == {"OperationResult": "1", "SubscriberInfo": {"MSISDN": "+" + p.line.msisdn, "SimIdType": "2", "SimID": wanted}}


# proves: N-017 N-019
def test_the_form_of_the_sim_identity_and_the_operators_name_are_policy(make_daemon, phone, cluster, tmp_path, lines):
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    file = policy / "userinfo.yaml"
    rules = ('  - name: known-shop\n    when: [ "requestor is shop-77" ]\n    then: { sim-id: imsi }\n'
             '  - name: other-shop\n    when: [ "requestor is shop-78" ]\n    then: { sim-id: uuid, mvno-name: gid1 }\n')
    file.write_text(file.read_text().replace("rules:\n", "rules:\n" + rules))
    p = phone(at=make_daemon(**settings(), policy={"directory": str(policy)}))
    p.login(APP, operation=None)
    cluster.sql("INSERT INTO brand (brand, name) VALUES ('nordmobil', 'Nordmobil') ON CONFLICT DO NOTHING")
    cluster.sql("UPDATE subscriber SET brand = 'nordmobil' WHERE imsi = %s", p.imsi)
    found = block(serve(p, temporary(p, "GetSubscriberInfo"), "GetSubscriberInfo"))["SubscriberInfo"]
    assert (found["SimIdType"], found["SimID"], found["MvnoName"]) == ("0", p.imsi, "nordmobil")
    texts = []
    for _ in range(2):
        found = block(serve(p, temporary(p, "GetSubscriberInfo"), "GetSubscriberInfo", requestor_id="shop-78", GID1="a1b2"))["SubscriberInfo"]
        assert (found["SimIdType"], found["MvnoName"]) == ("1", "a1b2")
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", found["SimID"])
        texts.append(found["SimID"])
    assert texts[0] == texts[1]
    found = block(serve(p, temporary(p, "GetSubscriberInfo"), "GetSubscriberInfo", requestor_id="shop-79"))["SubscriberInfo"]
    assert found["SimIdType"] == "2"


# proves: N-020
def test_subscriber_information_is_for_servers_only(handset):
    p = handset()
    assert p.query(APP, operation="GetSubscriberInfo").status == 403
    exchange = p.challenge(APP, operation="GetSubscriberInfo")
    assert p.relay(exchange, p.solve(exchange.packet)).status == 403


# proves: N-006
def test_the_policy_refuses_servers(make_daemon, phone, tmp_path):
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    file = policy / "userinfo.yaml"
    rules = '  - name: strangers\n    when: [ "caller is server", "requestor is not shop-77" ]\n    then: { number: no }\n'
    file.write_text(file.read_text().replace("rules:\n", "rules:\n" + rules))
    daemon = make_daemon(**settings(), policy={"directory": str(policy)})
    p = phone(at=daemon)
    p.login(APP, operation=None)
    assert serve(p, temporary(p, "GetPhoneNumber"), requestor_id="shop-66").status == 403
    assert serve(p, temporary(p, "GetPhoneNumber"), requestor_id=None, terminal_id=p.terminal_id).status == 403
    assert serve(p, temporary(p, "GetPhoneNumber")).status == 200
    assert p.ask(APP, operation="GetPhoneNumber")["ap2014"]["OperationResult"] == "1"


# proves: N-007
def test_the_policy_demands_proven_servers(make_daemon, phone, tmp_path):
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    file = policy / "userinfo.yaml"
    file.write_text(file.read_text().replace("demand-proof: no", "demand-proof: yes"))
    secret = "shop-77-secret-0123456789abcdef-0123456789"
    daemon = make_daemon(**settings(), policy={"directory": str(policy)}, web={"public_url": "https://aes.example.net"},
                         oauth={"enabled": True, "demand": False}, server_callers=[
        {"client_id": "shop", "requestor_ids": ["shop-77"], "client_secret": secret, "applications": ["ap2014"],
         "operations": ["GetPhoneNumber"], "authentication": ["client_secret_basic"], "access_token_required": False}])
    p = phone(at=daemon)
    p.login(APP, operation=None)
    access = partner.Endpoint(daemon).by_basic("shop", secret).token
    assert serve(p, temporary(p, "GetPhoneNumber"), requestor_id=None, terminal_id=p.terminal_id).status == 403
    assert serve(p, temporary(p, "GetPhoneNumber")).status == 403
    assert serve(p, temporary(p, "GetPhoneNumber"), access_token="wrong").status == 403
    assert block(serve(p, temporary(p, "GetPhoneNumber"), access_token=access))["MSISDN"] == "+" + p.line.msisdn


# proves: N-005
def test_a_used_temporary_token_is_401_and_a_repetition_gets_the_same(handset):
    p = handset()
    token = temporary(p, "GetPhoneNumber")
    first = serve(p, token)
    assert serve(p, token).body == first.body
    assert serve(p, token, app_version="2").status == 401
    assert serve(p, temporary(p, "GetPhoneNumber"), "GetSubscriberInfo").status == 403
    assert serve(p, temporary(p, "GetPhoneNumber"), "VerifyPhoneNumber", msisdn=p.line.msisdn).status == 403


# ---- verification ----

# proves: N-009 N-010 N-011
@pytest.mark.parametrize("accept", [client.ACCEPT_XML, client.ACCEPT_JSON])
def test_the_number_of_the_line_is_verified(handset, accept):
    p = handset()
    p.accept = accept
    sent = "+" + p.line.msisdn
    assert p.ask(APP, operation="VerifyPhoneNumber", msisdn=sent)["ap2014"] == {
        "OperationResult": "1", "PhoneNumberVerification": "1", "msisdn": sent}
    assert p.ask(APP, operation="VerifyPhoneNumber", msisdn="+4790000001")["ap2014"] == {
        "OperationResult": "1", "PhoneNumberVerification": "0"}


# proves: N-012
@pytest.mark.parametrize("sent", [None, "", "hello", "+", "123", "+12345678901234567890", "+47 9x"])
def test_what_is_no_number_is_102(handset, sent):
    assert handset().ask(APP, operation="VerifyPhoneNumber", msisdn=sent)["ap2014"] == {"OperationResult": "102"}


# proves: N-013
def test_all_spellings_of_the_number_are_the_same(handset):
    p = handset()
    digits = p.line.msisdn
    for sent in ("+" + digits, " " + digits, digits, "00" + digits, f'"+{digits}"', "tel:+" + digits, f"+{digits[:2]} {digits[2:]}"):
        found = p.ask(APP, operation="VerifyPhoneNumber", msisdn=sent)["ap2014"]
        assert found["PhoneNumberVerification"] == "1", sent
    raw = client.urllib.parse.urlencode(p.parameters(APP, operation="VerifyPhoneNumber", token=p.token))
    reply = p.target.request("GET", f"/?{raw}&msisdn=+{digits}", [("Accept", client.ACCEPT_XML)])  # a plus that is a blank
    assert reply.document()["ap2014"]["PhoneNumberVerification"] == "1"


# proves: N-015
def test_a_server_verifies_with_a_temporary_token(handset):
    p = handset()
    token = temporary(p, "VerifyPhoneNumber")
    assert block(serve(p, token, "VerifyPhoneNumber", post=True, msisdn="+" + p.line.msisdn))["PhoneNumberVerification"] == "1"
    assert serve(p, token, "GetPhoneNumber").status == 403


# proves: N-014
def test_numbers_cannot_be_tried_out(make_daemon, phone):
    daemon = make_daemon(server={"workers": 1}, **settings(verify_per_minute=6, verify_burst=3))
    p, other = phone(at=daemon), phone(at=daemon)
    p.login(APP, operation=None)
    other.login(APP, operation=None)
    seen = []
    for number in range(5):
        reply = p.query(APP, operation="VerifyPhoneNumber", msisdn=f"+4790000{number:03d}")
        seen.append(reply.status)
    assert seen == [200, 200, 200, 503, 503]
    assert int(reply.header("Retry-After")) > 0
    p.login(APP, operation=None)  # with a new token, too
    assert p.query(APP, operation="VerifyPhoneNumber", msisdn="+" + p.line.msisdn).status == 503
    assert other.query(APP, operation="VerifyPhoneNumber", msisdn="+4790000001").status == 200
    assert p.query(APP, operation="GetPhoneNumber").status == 200


# proves: N-014
def test_neither_other_workers_and_nodes_nor_other_names_give_new_tries(make_daemon, phone):
    pace = settings(verify_per_minute=4, verify_burst=4)
    one, two = make_daemon(server={"workers": 2}, **pace), make_daemon(server={"workers": 2}, **pace)
    p = phone(at=one)
    p.login(APP, operation=None)
    seen = []
    for number in range(8):
        p.target = (one, two)[number % 2].device
        seen.append(p.query(APP, operation="VerifyPhoneNumber", msisdn=f"+4790000{number:03d}", requestor_id=f"somebody-{number}").status)
    assert seen.count(200) == 4 and set(seen) == {200, 503} and set(seen[-2:]) == {503}
    # servers that have not proven who they are share the tries of the line, whatever they call themselves
    tokens, seen = [temporary(p, "VerifyPhoneNumber") for _ in range(6)], []
    for number, token in enumerate(tokens):
        p.target = (one, two)[number % 2].device
        seen.append(serve(p, token, "VerifyPhoneNumber", msisdn=f"+4790000{number:03d}", requestor_id=f"shop-{number}").status)
    assert seen.count(200) == 4 and seen[-2:] == [503, 503]
    again = serve(p, tokens[-1], "VerifyPhoneNumber", msisdn="+4790000005", requestor_id="shop-5")
    assert again.status == 503  # a repetition of what was refused is no way around it


# ---- beside it ----

def test_numbers_and_identities_are_not_in_the_log(handset, ecs):
    p = handset()
    before = ecs.mark()
    sent = "+4790012345"
    p.ask(APP, operation="VerifyPhoneNumber", msisdn=sent)
    serve(p, temporary(p, "GetSubscriberInfo"), "GetSubscriberInfo")
    p.ask(APP, operation="GetPhoneNumber")
    text = ecs.text(before)
    for secret in (sent[1:], p.line.msisdn, p.imsi, hmac.new(bytes.fromhex(SIM_KEY), p.imsi.encode(), hashlib.sha256).hexdigest()):
        assert secret not in text


@pytest.mark.parametrize("number,text", [({"sim_id_key": None}, "sim_id_key"), ({"sim_id_key": "zz" * 32}, "64 hex digits"),
                                         ({"form": "encrypted"}, "form_key"), ({"form_key": "nonsense"}, "PEM"),
                                         ({"operations": ["Foo"]}, "GetPhoneNumber"), ({"scopes": ["GetPhoneNumber=phone"]}, "scopes"),
                                         ({"country_code": "0a"}, "country_code"), ({"auth_url": "http://x/"}, "https")])
def test_settings_that_do_not_go_together_are_told(build, make_daemon, number, text):
    import subprocess
    daemon = make_daemon(start=False, **settings(**{k: v for k, v in number.items() if v is not None}))
    if number.get("sim_id_key", "") is None:
        changed = dict(daemon.settings)
        changed["number"] = {k: v for k, v in changed["number"].items() if k != "sim_id_key"}
        daemon.settings = changed
        daemon.write()
    done = subprocess.run([build.daemon, "--check=files", "-c", daemon.conf_path], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert done.returncode != 0 and text in done.stderr + done.stdout, done


# ---- the partner that the operator plays ----

def selftest(ctl, daemon, cert, *arguments, check=True):
    url = "https://localhost:" + daemon.settings["device"]["listen"][0].rsplit(":", 1)[1]
    return ctl("selftest", "number", "--url", url, "--ca", cert["certificate"], *arguments, conf=daemon.conf_path, check=check)


@pytest.fixture(scope="module")
def proven(make_module_daemon, certs):
    """A daemon with two registered servers, whose certificate names localhost."""
    cert = certs.make("localhost", ["localhost"])
    daemon = make_module_daemon(
        **settings(), certificates=[cert], web={"public_url": "https://aes.example.net"}, oauth={"enabled": True},
        server_callers=[{"client_id": name, "requestor_ids": [name + "-77"], "client_secret": f"{name}-secret-0123456789abcdef-0123456789",
                         "applications": ["ap2014"], "operations": ["GetPhoneNumber", "VerifyPhoneNumber", "GetSubscriberInfo"],
                         "authentication": ["client_secret_basic"], "single_use": name == "bank"} for name in ("shop", "bank")])
    daemon.cert = cert
    return daemon


def test_the_selftest_passes_all_its_checks(ctl, proven, lines):
    line = lines.take()
    done = selftest(ctl, proven, proven.cert, "--imsi", line.imsi)
    assert "14 checks, 0 failed" in done.stdout, done.stdout
    assert line.msisdn not in done.stdout and line.imsi not in done.stdout
    rows = json.loads(selftest(ctl, proven, proven.cert, "--imsi", line.imsi, "--client", "bank", "--json").stdout)
    assert {row["result"] for row in rows} == {"pass"} and {"N-005", "A-053", "N-007"} <= {row["rule"] for row in rows}


def test_the_selftest_finds_what_is_wrong(ctl, proven, lines, cluster, make_daemon, certs):
    line = lines.take()
    cluster.sql("UPDATE subscriber SET msisdn = NULL WHERE imsi = %s", line.imsi)
    done = selftest(ctl, proven, proven.cert, "--imsi", line.imsi, check=False)
    assert done.returncode == 1 and "FAIL" in done.stdout and "404, another status" in done.stdout
    plain = make_daemon(**settings(), certificates=[proven.cert])
    done = selftest(ctl, plain, proven.cert, "--imsi", lines.take().imsi)
    assert "9 checks, 0 failed (no caller with a secret" in done.stdout, done.stdout
    assert selftest(ctl, plain, certs.default, "--imsi", line.imsi, check=False).returncode == 3  # not the certificate's authority
    assert selftest(ctl, plain, proven.cert, check=False).returncode == 2
    for url in ("http://aes.example.net", "http://localhost.example.net/"):  # no secret in the clear
        assert ctl("selftest", "number", "--url", url, "--imsi", line.imsi, conf=proven.conf_path, check=False).returncode == 2
    assert selftest(ctl, plain, proven.cert, "--imsi", line.imsi, "--client", "nobody", check=False).returncode == 2


def test_operations_of_an_application_that_is_not_offered_are_not_served(phone, ecs):
    p = phone(at=ecs)
    p.login(["ap2015"], operation=None)
    assert p.query(["ap2015"], operation="VerifyPhoneNumber", msisdn=p.line.msisdn).status == 405  # ap2014 has it, too
    document = p.login(["ap2015", "ap2004"], operation="VerifyPhoneNumber", msisdn=p.line.msisdn)
    assert document["ap2015"] == {"OperationResult": "100"} and document.status("ap2004") == 1
