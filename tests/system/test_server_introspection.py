# SPDX-License-Identifier: Apache-2.0
"""Access tokens of another authorization server (TS.43 2.8.3 step 4, RFC 7662), and the faults that the check of the
configuration finds in sections oauth and server_callers."""
import copy
import subprocess
import time

import pytest

import harness
import partner
from test_server_callers import R_MDM, SECRET, assert_proven, assert_refused, call

CALLER = {"client_id": "mdm-7", "requestor_ids": [R_MDM], "applications": ["ap2014"], "operations": ["GetPhoneNumber"],
          "client_secret": SECRET}


@pytest.fixture
def foreign():
    made = partner.Server()
    yield made
    made.close()


@pytest.fixture
def asking(make_daemon, foreign):
    """Function: a daemon that asks the foreign server."""
    def make(keep="0s", **oauth):
        return make_daemon(server={"workers": 1}, server_callers=[CALLER], oauth={
            "enabled": True, "tokens": "introspection", "introspection_url": foreign.url + "/introspect",
            "introspection_client": "ecs", "introspection_secret": "of the ecs", "introspection_keep": keep, **oauth})
    return make


# proves: A-045
def test_each_token_is_validated_at_the_authorization_server(asking, foreign):
    daemon = asking()
    foreign.tokens["t+1/="] = {"active": True, "client_id": "mdm-7", "scope": "odsa", "exp": int(time.time()) + 60}
    assert_proven(call(daemon, "t%2B1%2F%3D"))
    method, path, fields, authorization = foreign.log[0]
    assert (method, path, fields) == ("POST", "/introspect", {"token": "t+1/=", "token_type_hint": "access_token"})
    assert authorization == partner.basic("ecs", "of the ecs")[1]
    del foreign.tokens["t+1/="]
    assert_refused(call(daemon, "t%2B1%2F%3D"), "not active")
    assert foreign.count("/introspect") == 2


def test_a_positive_answer_is_kept_for_a_while(asking, foreign):
    daemon = asking(keep="2s")
    foreign.tokens["t"] = {"active": True, "client_id": "mdm-7"}
    assert_proven(call(daemon, "t"))
    foreign.tokens.clear()
    assert_proven(call(daemon, "t"))
    assert foreign.count("/introspect") == 1
    time.sleep(3)
    assert_refused(call(daemon, "t"), "not active")
    foreign.tokens["t"] = {"active": True, "client_id": "mdm-7"}
    assert_proven(call(daemon, "t"))  # a negative one is not


@pytest.mark.parametrize("answer, status, why", [
    ({"active": False, "client_id": "mdm-7"}, 403, "not active"),
    ({"active": True, "client_id": "mdm-8"}, 403, "of another caller"),
    ({"active": True, "client_id": "mdm-7", "exp": 1000}, 403, "expired"),
    ({"active": True, "client_id": "mdm-7", "requestor_id": "other"}, 403, "bound to another requestor_id"),
    ({"active": True, "client_id": "mdm-7", "enterprise_id": "E1"}, 403, "bound to another enterprise_id"),
    ({"active": True}, 503, ""), ({"active": "true", "client_id": "mdm-7"}, 503, ""), ([], 503, ""),
    ({"active": True, "client_id": "mdm-7", "exp": "soon"}, 503, "")])
def test_answers_that_do_not_fit(asking, foreign, answer, status, why):
    foreign.tokens["t"] = answer
    reply = call(asking(), "t", enterprise_id="E2")
    assert (reply.status, why in reply.body.decode()) == (status, True), reply


@pytest.mark.parametrize("mode", ["down", "garbage"])
def test_a_failing_server_is_a_temporary_fault(asking, foreign, mode):
    daemon = asking()
    foreign.tokens["t"] = {"active": True, "client_id": "mdm-7"}
    foreign.mode = mode
    reply = call(daemon, "t")
    assert reply.status == 503 and int(reply.header("Retry-After")) > 0
    foreign.mode = ""
    assert_proven(call(daemon, "t"))


def test_there_is_no_token_endpoint_then(asking):
    daemon = asking(introspection_url="http://127.0.0.1:9/x")
    assert daemon.device.request("POST", "/web/oauth/token", [partner.FORM], b"").status != 200
    assert call(daemon, "t").status == 503


# ---- configuration ----

@pytest.mark.parametrize("change, fault", [
    ({"client_secret": "short"}, "client_secret"),
    ({"client_secret": None}, "client_secret: is needed"),
    ({"authentication": ["password"]}, "authentication: must be of"),
    ({"authentication": ["private_key_jwt"]}, "need public_key or jwks_url"),
    ({"authentication": ["private_key_jwt"], "public_key": "no key"}, "no PEM text"),
    ({"authentication": ["jwt_bearer"], "jwks_url": "http://partner.example/jwks"}, "must be https://"),
    ({"algorithms": ["HS256"]}, "algorithms: must be of"),
    ({"applications": ["ap1999"]}, "applications: must be AppIDs"),
    ({"addresses": ["everywhere"]}, "addresses: must be"),
    ({"scopes": ["a b"]}, "a scope is one word"),
    ({"token_life": "2h"}, "token_life"),
    ({"requestor_ids": None}, "requestor_ids")])
def test_faults_of_a_caller_are_told(build, settings_for, change, fault):
    check_fault(build, settings_for, fault, server_callers=[harness.merge(CALLER, change)])


@pytest.mark.parametrize("change, fault", [
    ({"tokens": "introspection"}, "introspection needs"),
    ({"token_path": "other/token"}, "must begin with oauth/"),
    ({"revoke_path": "oauth/token"}, "is the same as token_path"),
    ({"introspection_url": "http://as.example/x"}, "must be https://"),
    ({"issuer": "ecs"}, "must be an https://")])
def test_faults_of_the_section_are_told(build, settings_for, change, fault):
    check_fault(build, settings_for, fault, oauth={"enabled": True, **change})


def test_names_that_stand_twice_are_told(build, settings_for):
    check_fault(build, settings_for, "stands in two entries", server_callers=[CALLER, dict(copy.deepcopy(CALLER), client_id="b")])
    check_fault(build, settings_for, "stands in two entries", server_callers=[CALLER, dict(copy.deepcopy(CALLER), requestor_ids=["x"])])


def test_the_token_endpoint_needs_an_address(build, settings_for):
    check_fault(build, settings_for, "web.public_url is needed", web={"public_url": ""}, oauth={"enabled": True})


def check_fault(build, settings_for, fault, **overrides):
    where, settings = settings_for(**harness.merge({"web": {"public_url": "https://aes.example.net"}}, overrides))
    daemon = harness.Daemon(build, where, settings)
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check=files"], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert done.returncode != 0 and fault in done.stderr + done.stdout, done.stderr + done.stdout
