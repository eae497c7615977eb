# SPDX-License-Identifier: Apache-2.0
"""Attacks on logins that a review found, each with the answer that it gets since."""
import time

import pytest

import harness
from test_oidc import PUBLIC, begin as begin_oidc, returned
from test_otp import (begin as begin_otp, device, factor_server, factor_settings, first_factor, gateway, go, idp,  # noqa: F401
                      quiet, server)


# proves: A-035
def test_a_number_that_the_provider_has_not_verified_is_nobodys(idp, device, make_daemon):
    daemon = make_daemon(web={"public_url": PUBLIC},
                         oidc=[idp.settings(subject="msisdn", subject_claim="phone_number", scope="openid phone")])
    phone = device(at=daemon)
    back = idp.login(begin_oidc(phone), "attacker", phone_number="+" + phone.line.msisdn, phone_number_verified=False)
    assert returned(phone.target, back).status == 403
    back = idp.login(begin_oidc(phone), "owner", phone_number="+" + phone.line.msisdn, phone_number_verified=True)
    assert returned(phone.target, back).status == 200


# proves: A-062
@pytest.mark.parametrize("port", ["2948", "8095", "1", "9999"])
def test_nobody_sends_silent_messages_to_the_ports_of_a_phone(device, gateway, port):
    phone = device()
    begin_otp(phone, SMS_port=port)
    sent = gateway.to(phone.line.msisdn)
    assert sent and "060504" not in str(sent) and "%06%05%04" not in str(sent)


# proves: A-062
def test_strangers_do_not_use_up_the_codes_of_the_second_factor(idp, device, gateway, make_daemon, factor_settings, cluster):
    daemon = make_daemon(otp={"login": True, "per_day": 1}, **factor_settings)
    phone = device(at=daemon)
    begin_otp(phone)
    gateway.to(phone.line.msisdn)
    cluster.sql("UPDATE otp_number SET sent_at = sent_at - interval '61 s'")
    go(phone.target, first_factor(idp, phone))
    harness.wait_for(lambda: gateway.count(phone) == 2, 5, "the code of the second factor")


def test_a_look_without_opening_sends_no_code(idp, device, gateway, factor_server):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    assert go(phone.target, page, method="HEAD").status == 200
    time.sleep(0.3)
    assert gateway.count(phone) == 0
