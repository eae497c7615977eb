# SPDX-License-Identifier: Apache-2.0
"""Compatibility list of clients.md, C-40 and C-45 to C-50 as far as they are about web pages, logins and pushes."""
import datetime
import itertools
import re
import time
import urllib.parse

import pytest

import sheets
from idp import Idp
from push_site import STAMP, Centre, Providers
from sheets import GOOD, User, hand_over

PUBLIC = "https://aes.mnc001.mcc001.pub.3gppnetwork.org"
CALLBACKS = ("VoWiFiWebServiceFlow", "WiFiCallingWebViewController", "ODSAServiceFlow", "DataBoostWebServiceFlow")
serial = itertools.count(1)


@pytest.fixture(scope="module")
def pages(make_module_daemon):
    return make_module_daemon(**sheets.overrides())


def missing_all(phone, pages):
    p = phone(at=pages, services={"vowifi": {"tc_status": 0, "addr_status": 0, "prov_status": 1}})
    p.login()
    return p


def settle(user):
    """What a user does on the pages."""
    user.press("accept")
    user.press("address", **GOOD)
    user.press("confirm")


# proves: X-042
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_c40_the_page_takes_the_user_data_as_they_stand_by_both_methods(phone, pages, method):
    p = missing_all(phone, pages)
    block = p.ask()["ap2004"]
    path, data = urllib.parse.urlsplit(block["ServiceFlow_URL"]).path, block["ServiceFlow_UserData"]
    assert re.fullmatch(r"[A-Za-z0-9._~=%-]+", data)
    user = User(pages.device)
    if method == "POST":  # AOSP: the text itself is the body
        user.reply = pages.device.request("POST", path, [("Content-Type", "application/x-www-form-urlencoded")], data.encode())
    else:
        user.reply = pages.device.request("GET", f"{path}?{data}")
    user.cookie = user.reply.all("Set-Cookie")[0].split(";")[0]
    user.follow()
    settle(user)
    assert user.title() == "Thank you" and p.ask().status("ap2004") == 1


# proves: X-047
def test_c45_with_oidc_only_a_request_without_eap_id_and_token_is_redirected(phone, make_daemon):
    provider = Idp().start()
    try:
        p = phone(at=make_daemon(web={"public_url": PUBLIC}, oidc=[provider.settings()]))
        p.login()
        for extra in ({}, {"IMSI": p.imsi}, {"EAP_ID": "", "token": ""}):
            reply = p.get(p.parameters(**extra))
            assert reply.status == 302 and reply.header("Location").startswith(("https://", "http://127.0.0.1")), extra
        for extra, status in (({"token": "bad"}, 511), ({"token": p.token}, 200), ({"EAP_ID": p.eap_id}, 200),
                              ({"EAP_ID": p.eap_id, "token": "bad"}, 200), ({"temporary_token": "bad"}, 401)):
            app = "ap2014" if "temporary_token" in extra else "ap2004"
            more = {"operation": "GetPhoneNumber"} if "temporary_token" in extra else {}
            reply = p.get(p.parameters(app, **extra, **more))
            assert (reply.status, reply.header("Location")) == (status, None), extra
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet), [("Cookie", "ecsid=" + "a" * 32)]).status == 503  # nor within EAP
        p.line.revoke()
        assert p.query().status == 511  # an expired or revoked token is not redirected
    finally:
        provider.stop()


# proves: X-050
def test_c48_the_last_page_calls_every_object_that_phones_have_if_it_is_there(phone, pages):
    p = missing_all(phone, pages)
    user = User(pages.device)
    user.begin(hand_over(p)[1])
    settle(user)
    scripts = "".join(re.findall(r"<script[^>]*>(.*?)</script>", user.text, re.S))
    for name in CALLBACKS:
        assert re.search(rf"\b{name}\b", scripts), name
    for call in ("entitlementChanged", "dismissFlow", "finishFlow", "CloseWebView", "phoneServicesAccountStatusChanged"):
        assert re.search(rf"\b{call}\b", scripts), call
    assert not re.search(r"=>|\b(let|const|class|async)\b|`", scripts), "old web views know ECMAScript 5"


# proves: X-051
def test_c49_the_first_query_after_the_page_reports_shows_the_new_state(phone, pages):
    p = missing_all(phone, pages)
    user = User(pages.device)
    user.begin(hand_over(p)[1])
    assert p.ask().status("ap2004") == 0
    settle(user)
    began = time.monotonic()
    block = p.ask()["ap2004"]
    assert [block[name] for name in ("EntitlementStatus", "TC_Status", "AddrStatus")] == ["1", "1", "1"]
    assert time.monotonic() - began < 1


# proves: X-052
def test_c50_pushes_name_ap2004_and_rise_in_time_and_the_sms_is_the_one_that_samsung_reads(site, area):
    with Providers(area) as providers, Centre() as centre:
        server = site.daemon(notify={"policy_delay": "0s", "lease": "5s", "sms": "unregistered"}, fcm=providers.fcm,
                             sms=centre.settings).start()
        p = site.phone(server)
        push = f"clients-{next(serial)}"
        p.login(["ap2003", "ap2004", "ap2005"], notif_action="2", notif_token=push)
        stamps = []
        for number, (service, word) in enumerate((("vowifi", "deny"), ("volte", "deny"), ("smsoip", "deny")), 1):
            p.line.service(service, override=word)
            data = providers.wait(number, push)[-1]["data"]
            assert set(data) == {"app", "timestamp"} and all(isinstance(value, str) for value in data.values())
            assert "ap2004" in data["app"], "Android looks for this text alone"
            assert STAMP.fullmatch(data["timestamp"])
            stamps.append(datetime.datetime.fromisoformat(data["timestamp"].replace("Z", "+00:00")))
        assert stamps == sorted(set(stamps)), "Samsung wants each newer than the one before"
        other = site.phone(server)
        other.login(["ap2004"])
        other.line.service("vowifi", override="deny")
        client_sees = []
        end = time.monotonic() + 10
        while not client_sees and time.monotonic() < end:
            client_sees = centre.to(other.line.msisdn)
            time.sleep(0.05)
        header, text = client_sees[-1]
        assert int.from_bytes(header[3:5], "big") == 8095 and header[:3] == b"\x06\x05\x04"
        assert "aescfg" in text and "ap2004" in text.split(",")[1:], text
