# SPDX-License-Identifier: Apache-2.0
"""Pages of the operator for boosts, carrier billing and satellite (docs/portal-contract.md): the signed hand-over, sessions and
reports of partners, the sample portal."""
import concurrent.futures
import json
import os
import shutil
import urllib.parse

import jwt
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import harness
import portal
import service_pages as pages

ISSUER, AUDIENCE = "https://aes.example.net", "https://portal.example.net/pages"
SERVICES = ("boost", "billing", "satmode")
TOKEN = "a-bearer-token-of-more-than-32-bytes"


class World:
    """A daemon that hands its users over to a portal, and two partners."""

    def __init__(self, where, make):
        self.ca, self.server = portal.Authority(where), portal.Authority(where, "server")
        self.own = self.ca.issue("portal")
        server = self.server.issue("callback", usage=ExtendedKeyUsageOID.SERVER_AUTH)
        signing = portal.Authority(where, "unused").issue("signing")
        self.address, self.unix = f"127.0.0.1:{harness.free_port()}", os.path.join(where, "cb.sock")
        policy = os.path.join(where, "policy.d")
        shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
        for name in ("dataplan", "billing", "satmode"):
            path = os.path.join(policy, f"{name}.yaml")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace('flow-data: "sid={session}"', 'flow-data: "jwt={jwt}&sid={session}"'))
        self.daemon = make(
            device={"offered": ["ap2004", *pages.APPS.values()]}, web={"public_url": ISSUER},
            policy={"directory": policy, "portal_url": AUDIENCE},
            callback={"listen": [self.address, self.unix], "certificate": server[0], "key": server[1], "client_ca": self.ca.path,
                      "signing": "es256", "signing_key": signing[1], "signing_kid": "p1"},
            partners=[{"name": "shop", "subject": "CN=portal,O=Example", "services": list(SERVICES)},
                      {"name": "wifi", "token": TOKEN, "services": ["vowifi"]}, {"name": "second", "token": TOKEN + "-2"}])

    @property
    def caller(self):
        return portal.Caller(self.address, self.server.path, *self.own[:2])

    def other(self, token):
        return portal.Caller(unix=self.unix, token=token)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon):
    return World(str(tmp_path_factory.mktemp("p")), make_module_daemon)


@pytest.fixture
def flow(world, phone):
    """Function: a phone whose line may use the services, and its hand-over: (phone, user data)."""
    def make(service, **what):
        p = phone(at=world.daemon)
        pages.subscribe(p.line, **what)
        url, data, _ = pages.hand_over(p, service)
        assert url == AUDIENCE
        return p, dict(urllib.parse.parse_qsl(data, strict_parsing=True))
    return make


def status(p, service):
    return int(pages.ask(p, service)["EntitlementStatus"])


DONE = {"boost": {"result": "purchased"}, "billing": {"result": "activated"},
        "satmode": {"result": "activated", "terms_version": 0}}


# ---- hand-over and session ----

@pytest.mark.parametrize("service", SERVICES)
def test_the_hand_over_is_signed_and_names_the_service(world, flow, service):
    p, data = flow(service)
    _, keys = portal.read_json(f"https://127.0.0.1:{world.daemon.device.port}/web/jwks.json", world.daemon.device.ca)
    claims = jwt.decode(data["jwt"], jwt.PyJWKSet.from_dict(keys).keys[0].key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)
    assert claims["service"] == service and claims["sub"] == data["sid"]
    assert p.imsi not in json.dumps(claims) and p.line.msisdn not in json.dumps(claims)


def test_a_session_tells_what_the_page_needs(world, flow):
    _, data = flow("boost")
    code, found = world.caller.session(data["sid"])
    assert code == 200 and found["service"] == "boost" and found["available"] is True and "imsi" not in found
    assert found["states"] == {"boost_type": 166, "to_buy": True, "entitlement": 1, "boost": "none", "price": "2.99 EUR", "seconds": 5400}
    _, data = flow("billing")
    found = world.caller.session(data["sid"])[1]
    assert len(found["states"].pop("account_id")) == 16
    assert found["states"] == {"entitlement": 0, "account": "none", "terms": "missing"}
    _, data = flow("satmode")
    assert world.caller.session(data["sid"])[1]["states"] == {
        "entitlement": 0, "terms": "missing", "terms_version": 0, "provisioning": "not-provisioned"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_line_that_may_not_is_told_as_not_available(world, flow, service):
    p, data = flow(service)
    p.line.service("dataplan" if service == "boost" else service, override="deny")
    assert world.caller.session(data["sid"])[1]["available"] is False


def test_a_partner_sees_its_own_services_only(world, flow):
    _, data = flow("boost")
    assert world.other(TOKEN).session(data["sid"]) [1]["error"] == "service_forbidden"
    assert world.other(TOKEN).report(data["sid"], "x", result="purchased")[1]["error"] == "service_forbidden"
    assert world.other(TOKEN + "-2").session(data["sid"])[0] == 200


# ---- reports ----

# proves: D-023 B-017 Z-012
@pytest.mark.parametrize("service", SERVICES)
def test_a_result_shows_in_the_next_answer(world, flow, service):
    p, data = flow(service)
    code, found = world.caller.report(data["sid"], f"done-{p.imsi}", **DONE[service])
    assert code == 200 and found["outcome"] == "changed"
    assert status(p, service) == 1
    if service == "boost":
        assert pages.boosts(p.line) == [(166, 5400, "active")]
        assert p.line.cluster.one("SELECT actor FROM audit WHERE action = 'boost.buy' ORDER BY id DESC LIMIT 1") == "partner:shop"
    assert world.caller.report(data["sid"], f"more-{p.imsi}", **DONE[service])[1]["error"] == "flow_closed"


def test_a_purchase_may_have_a_duration_of_its_own(world, flow):
    p, data = flow("boost")
    assert world.caller.report(data["sid"], f"d-{p.imsi}", result="purchased", seconds=600)[0] == 200
    assert pages.boosts(p.line) == [(166, 600, "active")]


@pytest.mark.parametrize("service, after", [("billing", 1), ("satmode", 3)])
def test_accepted_terms_lead_to_activation_here(world, flow, service, after):
    p, data = flow(service)
    assert world.caller.report(data["sid"], f"a-{p.imsi}", result="accepted", terms_version=0)[0] == 200
    assert status(p, service) == after


@pytest.mark.parametrize("service", SERVICES)
def test_a_dismissal_changes_nothing(world, flow, service):
    p, data = flow(service)
    before = status(p, service)
    assert world.caller.report(data["sid"], f"no-{p.imsi}", "dismissed")[0] == 200
    assert status(p, service) == before and not pages.boosts(p.line) and not pages.accounts(p.line)


@pytest.mark.parametrize("service", SERVICES)
def test_a_repeated_report_counts_once(world, flow, service):
    p, data = flow(service)
    first = world.caller.report(data["sid"], f"r-{p.imsi}", **DONE[service])
    assert first[0] == 200
    assert world.caller.report(data["sid"], f"r-{p.imsi}", **DONE[service]) == first
    assert world.caller.report(data["sid"], f"r-{p.imsi}", "dismissed")[1]["error"] == "event_id_reused"
    assert len(pages.boosts(p.line)) == (service == "boost") and len(pages.accounts(p.line)) == (service == "billing")


def test_a_repeated_report_is_answered_whatever_has_changed_meanwhile(world, flow):
    p, data = flow("boost")
    first = world.caller.report(data["sid"], f"rb-{p.imsi}", result="purchased")
    p.line.cluster.sql("UPDATE data_boost SET shown = 'none', ended_at = now(), ends_at = now() WHERE imsi = %s", p.imsi)
    p.line.cluster.sql("UPDATE plan_boost SET offer = 'refused' WHERE plan = %s", f"p{p.imsi}")
    assert first[0] == 200 and world.caller.report(data["sid"], f"rb-{p.imsi}", result="purchased") == first
    p, data = flow("billing")
    first = world.caller.report(data["sid"], f"ra-{p.imsi}", result="activated")
    p.line.cluster.sql("UPDATE billing_account SET state = 'blocked' WHERE imsi = %s", p.imsi)
    assert first[0] == 200 and world.caller.report(data["sid"], f"ra-{p.imsi}", result="activated") == first
    assert [row[0] for row in pages.accounts(p.line)] == ["blocked"]


@pytest.mark.parametrize("service", ["boost", "billing"])
def test_copies_of_a_report_are_one(world, flow, service):
    p, data = flow(service)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: world.caller.report(data["sid"], f"c-{p.imsi}", **DONE[service]), range(4)))
    assert found == [found[0]] * 4 and found[0][0] == 200
    assert len(pages.boosts(p.line)) == (service == "boost") and len(pages.accounts(p.line)) == (service == "billing")


@pytest.mark.parametrize("service, body, field", [
    ("boost", {"result": "accepted"}, "result"), ("boost", {}, "outcome"), ("boost", {"outcome": "open", "result": "purchased"}, "outcome"),
    ("boost", {"result": "purchased", "terms": "accepted", "terms_version": 1}, "terms"),
    ("boost", {"result": "purchased", "seconds": 0}, "seconds"), ("boost", {"result": "purchased", "seconds": 31536001}, "seconds"),
    ("boost", {"outcome": "dismissed", "result": "purchased"}, "outcome"),
    ("billing", {}, "result"), ("billing", {"result": "purchased"}, "result"), ("billing", {"result": "accepted", "seconds": 5}, "seconds"),
    ("billing", {"result": "accepted", "provisioning": "provisioned"}, "provisioning"),
    ("billing", {"result": "accepted", "address": "available"}, "address"),
    ("satmode", {"result": "accepted"}, "terms_version"), ("satmode", {"result": "purchased"}, "result"),
    ("satmode", {"result": "activated", "provisioning": "provisioned"}, "result"), ("satmode", {"result": "sold"}, "result")])
def test_results_that_do_not_fit_are_refused(world, flow, service, body, field):
    p, data = flow(service)
    before = status(p, service)
    code, found = world.caller.report(data["sid"], f"bad-{p.imsi}", **body)
    assert (code, found["error"], found.get("field")) == (400, "bad_request", field), found
    assert status(p, service) == before and not pages.boosts(p.line) and not pages.accounts(p.line)
    # The number was not used up.
    assert world.caller.report(data["sid"], f"bad-{p.imsi}", **DONE[service])[0] == 200


def test_results_belong_to_their_services(world, flow, phone):
    p = phone(at=world.daemon, services={"vowifi": {"tc_status": 0}})
    data = portal.user_data(p.login()["ap2004"])
    code, found = world.other(TOKEN).report(data["sid"], f"w-{p.imsi}", result="accepted")
    assert (code, found["field"]) == (400, "result")


def test_what_cannot_be_is_not_expected(world, flow):
    p, data = flow("boost")
    p.line.cluster.sql("UPDATE plan_boost SET offer = 'refused' WHERE plan = %s", f"p{p.imsi}")
    code, found = world.caller.report(data["sid"], f"n-{p.imsi}", result="purchased")
    assert (code, found["error"]) == (409, "not_expected") and not pages.boosts(p.line)
    p, data = flow("billing")
    account = bytes.fromhex(world.caller.session(data["sid"])[1]["states"]["account_id"])
    p.line.cluster.sql("INSERT INTO billing_account (imsi, account, state) VALUES (%s, %s, 'blocked')", p.imsi, account)
    for result in ("accepted", "activated"):
        code, found = world.caller.report(data["sid"], f"n-{p.imsi}", result=result)
        assert (code, found["error"]) == (409, "not_expected")
    assert pages.accounts(p.line) == [("blocked", 0)]


def test_a_purchase_that_the_database_refuses_takes_no_event(world, flow):
    """Between the check and the statement the line was suspended: the report fails as a whole."""
    p, data = flow("boost")
    p.line.set(line_state="suspended")
    code, found = world.caller.report(data["sid"], f"s-{p.imsi}", result="purchased")
    assert (code, found["error"]) == (409, "not_expected") and not pages.boosts(p.line)
    assert p.line.cluster.one("SELECT count(*) FROM portal_event WHERE event_id = %s", f"s-{p.imsi}") == 0
    p.line.set(line_state="active")
    assert world.caller.report(data["sid"], f"s-{p.imsi}", result="purchased")[0] == 200


@pytest.mark.parametrize("service", SERVICES)
def test_another_partner_cannot_go_on(world, flow, service):
    p, data = flow(service)
    assert world.caller.report(data["sid"], f"o-{p.imsi}", "open")[0] == 200
    code, found = world.other(TOKEN + "-2").report(data["sid"], f"o2-{p.imsi}", **DONE[service])
    assert (code, found["error"]) == (403, "other_partner") and not pages.boosts(p.line)


# ---- the sample portal ----

@pytest.fixture
def shop(world):
    made = portal.SamplePortal(callback=world.address, callback_ca=world.server.path, certificate=world.own[0], key=world.own[1],
                               jwks=f"https://127.0.0.1:{world.daemon.device.port}/web/jwks.json",
                               jwks_ca=world.daemon.device.ca, issuer=ISSUER, audience=AUDIENCE)
    yield made
    made.stop()


CALLS = {"boost": "DataBoostWebServiceFlow", "billing": "DCBWebServiceFlow", "satmode": "SatModeWebServiceFlow"}


# proves: D-023 B-017 Z-012
@pytest.mark.parametrize("service", SERVICES)
def test_the_sample_portal_ends_as_the_service_wants(world, flow, shop, service):
    p, data = flow(service)
    code, page = shop.request(f"/service?jwt={data['jwt']}")
    assert code == 200, page
    code, end = shop.submit(page, path="/service/submit")
    assert code == 200 and CALLS[service] in end
    assert ("notifyPurchaseSuccessful(5400000)" if service == "boost" else "entitlementChanged()") in end
    assert status(p, service) in ((1,) if service != "satmode" else (1, 3))
    p, data = flow(service)
    code, end = shop.submit(shop.request(f"/service?jwt={data['jwt']}")[1], "decline", path="/service/submit")
    assert code == 200 and "dismissFlow()" in end and not pages.boosts(p.line) and not pages.accounts(p.line)
