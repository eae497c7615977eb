# SPDX-License-Identifier: Apache-2.0
"""Attacks on calls of application servers that a review found, each with the answer that it gets since."""
import base64

import partner
from partner import basic, claims
from test_grants import call, issue  # noqa: F401 (fixtures)
from test_server_callers import SECRET, callers, endpoint, server, settings_of, world  # noqa: F401

ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# proves: A-048
def test_the_twin_of_a_signature_is_the_same_assertion(endpoint, world):
    made = world.pnv.sign(claims("google-pnv", endpoint.url, drop=("jti",), sub="temptoken:tmp-1", scope="dpv"))
    assert endpoint.by_grant(made).status == 200
    head, body, signature = made.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    twin = raw[:32] + (ORDER_P256 - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    assert endpoint.by_grant(".".join([head, body, partner.b64u(twin)])).status == 400


def test_a_resource_that_is_no_text_tells_nothing_of_the_database(endpoint):
    got = endpoint.target.request("POST", endpoint.path, [partner.FORM, basic("mdm-7", SECRET)],
                                  b"grant_type=client_credentials&resource=https://aes.example.net/%ff")
    assert got.status == 400 and b"invalid_target" in got.body and b"database" not in got.body


# proves: A-050
def test_an_operator_token_always_needs_a_known_caller(make_daemon, world, phone, issue):
    guarded = make_daemon(**settings_of(world))
    p = phone(at=guarded)
    token = issue(p.imsi, "GetSubscriberDeviceInfo", at=guarded, app="ap2015", kind="operator")
    for how in ({"requestor_id": "stranger"}, {"requestor_id": None, "terminal_id": "35999900123456"}):
        assert call(p, token, "GetSubscriberDeviceInfo", app="ap2015", name="operator_token", **how).status == 403, how
