# SPDX-License-Identifier: Apache-2.0
"""ap2010, ap2012, ap2013 and ap2016 as devices see them: data of plans and lines, boosts, carrier billing with its dialog,
private identities, satellite. Their pages: test_service_pages.py."""
import base64
import json
import os
import re
import shutil
import urllib.parse

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import harness

JSON = "application/vnd.gsma.eap-relay.v1.0+json, application/json"
APPS = ["ap2003", "ap2004", "ap2005", "ap2010", "ap2012", "ap2013", "ap2016"]
FEATURES = ["volte", "vowifi", "smsoip", "carrier-billing", "private-identity", "satellite"]
KEY = bytes(range(32))
STORE = {"store_vendor": "S0042", "store_user_id": "u-77d1"}


@pytest.fixture(scope="module")
def server(make_module_daemon):
    return make_module_daemon(device={"offered": APPS}, private_identity={"key": KEY.hex(), "key_id": "w1"})


class Caller:
    """A phone with a plan of its own."""

    def __init__(self, phone, cluster, server, **what):
        self.phone = phone(at=server, features=FEATURES, **what)
        self.phone.accept = JSON
        self.cluster, self.line = cluster, self.phone.line
        self.plan = f"p{self.line.imsi}"

    def sql(self, text, *values):
        return self.cluster.sql(text, *values)

    def block(self, app, **extra):
        return (self.phone.ask if self.phone.token else self.phone.login)(app, **extra)[app]

    def boost(self, offer="offered", boost_type=166, **columns):
        names = ["plan", "boost_type", "offer", *columns]
        self.sql(f"INSERT INTO plan_boost ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) ON CONFLICT "
                 "(plan, boost_type) DO UPDATE SET offer = excluded.offer", self.plan, boost_type, offer, *columns.values())

    def buy(self, key="k1", boost_type=166):
        return self.cluster.one("SELECT verdict FROM boost_buy(%s, %s::smallint, %s, NULL, 'test', 'x')", self.line.imsi,
                                boost_type, key)

    def pair(self, boost_type="166"):
        found = self.block("ap2010", boost_type=boost_type)
        return found["EntitlementStatus"], found["ProvStatus"], "ServiceFlow_URL" in found


@pytest.fixture
def policy_with(tmp_path_factory):
    """Function: the delivered policy with texts of one service replaced."""
    def make(service, *changes):
        where = os.path.join(str(tmp_path_factory.mktemp("policy")), "policy.d")
        shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), where)
        path = os.path.join(where, f"{service}.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return where
    return make


@pytest.fixture
def caller(phone, cluster, server):
    return Caller(phone, cluster, server)


# ---- ap2010 ----

# proves: D-001 D-002 D-003
def test_only_what_the_plan_says_is_told(caller):
    assert caller.block("ap2010") == {}
    caller.sql("INSERT INTO plan_access VALUES (%s, 4, true), (%s, 5, false)", caller.plan, caller.plan)
    wanted = {"DataPlanInfo": [{"DataPlanInfoDetails": {"AccessType": "4", "DataPlanType": "Metered"}},
                               {"DataPlanInfoDetails": {"AccessType": "5", "DataPlanType": "Unmetered"}}]}
    assert caller.block("ap2010") == wanted
    assert caller.phone.login("ap2010", terminal_model="Another")["ap2010"] == wanted


# proves: D-004 D-005 D-007 D-008 D-009
def test_boosts_are_listed_with_their_state_and_targets(caller):
    caller.boost(pdb_ms=25, jitter_ns=0, min_down_mbps=0, error_exponent=4)
    caller.boost("paused", 170)
    caller.boost("refused", 171)
    listed = [entry["DataBoostInfoDetails"] for entry in caller.block("ap2010")["DataBoostInfo"]]
    assert [(b["BoostType"], b["BoostTypeStatus"]) for b in listed] == [("166", "1"), ("170", "0"), ("171", "2")]
    assert listed[0]["TargetCharacteristicsInfo"] == {"PDB": "25", "MinDownlinkDataRate": "0", "PER": "4"}
    assert "TargetCharacteristicsInfo" not in listed[1]
    old = caller.block("ap2010", entitlement_version="11.0")["DataBoostInfo"][0]["DataBoostInfoDetails"]
    assert old["BoostType"] == "0"


# proves: D-010 D-011 D-012 D-013 D-014
def test_usage_is_exact_and_leaves_out_what_has_no_end(caller):
    caller.sql("INSERT INTO data_usage (imsi, bucket, usage_type, name, description, cycle_end, allowance, used) VALUES "
               "(%s, 'main', 0, 'Fri 40', 'All of Europe', '2026-09-30T23:59:59Z', 42949672960, 9007199254740993), "
               "(%s, 'tether', 1, '', '', NULL, NULL, 0)", caller.line.imsi, caller.line.imsi)
    usage = [entry["DataUsageInfoDetails"] for entry in caller.block("ap2010")["DataUsageInfo"]]
    assert usage == [
        {"DataUsageType": "0", "DataUsageName": "Fri 40", "DataUsageDescription": "All of Europe",
         "EndOfBillingCycle": "2026-09-30T23:59:59Z", "DataAllowanceInBytes": "42949672960",
         "DataUsedInBytes": "9007199254740993"},
        {"DataUsageType": "1", "DataUsedInBytes": "0"}]


# proves: D-015
def test_5g_standalone_follows_the_plan(caller):
    for value, told in ((True, "1"), (False, "0")):
        caller.sql("UPDATE plan SET data_sa = %s WHERE plan = %s", value, caller.plan)
        assert caller.block("ap2010") == {"5GSAInfo": [{"5GSAInfoDetails": {"5GSAStatus": told}}]}


# proves: D-006 D-016 D-017 D-018 D-020 D-021
def test_a_boost_in_every_state(caller):
    assert caller.pair() == ("2", "2", False)  # not in the plan
    caller.boost("refused")
    assert caller.pair() == ("2", "2", False)
    caller.boost("paused")
    assert caller.pair() == ("0", "2", False)
    caller.boost("included")
    assert caller.pair() == ("4", "1", False)
    caller.boost("offered")
    assert caller.pair() == ("1", "0", True) == caller.pair("0")
    assert "DataBoostInfo" not in caller.block("ap2010", boost_type="166")
    assert caller.buy() == "done"
    assert caller.pair() == ("1", "1", False)
    caller.sql("UPDATE data_boost SET shown = 'pending' WHERE imsi = %s", caller.line.imsi)
    assert caller.pair() == ("3", "3", False)
    caller.sql("UPDATE data_boost SET shown = 'active', ends_at = now() WHERE imsi = %s", caller.line.imsi)
    assert caller.pair() == ("1", "0", True)


# proves: D-018 D-021
def test_a_bought_boost_follows_its_request_to_the_network(caller):
    caller.boost(network="core", profile="gaming", seconds=600)
    assert caller.buy() == "done"
    assert caller.pair() == ("3", "3", False)
    request = caller.cluster.one("SELECT qos FROM data_boost WHERE imsi = %s", caller.line.imsi)
    assert caller.sql("SELECT network, profile, seconds, origin, paid FROM qos_request WHERE id = %s", request) == [
        ("core", "gaming", 600, "boost", True)]
    caller.sql("SELECT qos_in_force(%s, NULL, 60)", request)
    assert caller.pair() == ("1", "1", False)
    caller.sql("SELECT qos_put(%s, 'failed', NULL, 0, 'refused')", request)
    assert caller.pair() == ("1", "0", True)
    assert caller.buy("k2") == "done"
    assert caller.cluster.one("SELECT boost_end(%s, 166::smallint, 'test', 'x')", caller.line.imsi) == "done"
    assert caller.pair() == ("1", "0", True)


def test_a_purchase_is_made_once(caller):
    caller.boost()
    assert [caller.buy("k1"), caller.buy("k1"), caller.buy("k2")] == ["done", "repeated", "repeated"]
    assert caller.cluster.one("SELECT count(*) FROM data_boost WHERE imsi = %s", caller.line.imsi) == 1
    assert caller.buy("k3", 170) == "refused"


# proves: D-022
@pytest.mark.parametrize("name,value,wanted", [
    ("boost_type", "", "2"), ("boost_type", "200", "2"), ("boostType", "0", "1"), ("BOOST_TYPE", "166", "1")])
def test_odd_boost_types_that_are_answered(caller, name, value, wanted):
    caller.boost()
    assert caller.block("ap2010", **{name: value})["EntitlementStatus"] == wanted


# proves: D-022
@pytest.mark.parametrize("value", ["abc", "-1", "256", "1.5", "99999999999999999999"])
def test_malformed_boost_types_are_refused(caller, value):
    caller.phone.login("ap2010")
    reply = caller.phone.query("ap2010", boost_type=value)
    assert reply.status == 400 and b"boost_type" in reply.body


# proves: D-019
def test_the_page_of_a_boost_is_handed_over(caller):
    caller.boost()
    found = caller.block("ap2010", boost_type="0")
    assert found["ServiceFlow_URL"] == "https://portal.example.net/vowifi"
    assert re.fullmatch(r"sid=[a-z2-7]+", found["ServiceFlow_UserData"]) and "ServiceFlow_ContentsType" not in found
    assert caller.line.imsi not in json.dumps(found)


def test_changes_raise_the_version_of_documents(caller):
    caller.boost()
    seen = [caller.phone.login(["ap2004", "ap2010"]).version]
    for change in (lambda: caller.sql("UPDATE plan SET data_sa = true WHERE plan = %s", caller.plan),
                   lambda: caller.sql("INSERT INTO plan_access VALUES (%s, 0, true)", caller.plan),
                   caller.buy,
                   lambda: caller.sql("INSERT INTO data_usage (imsi, bucket) VALUES (%s, 'm')", caller.line.imsi),
                   lambda: caller.sql("UPDATE data_usage SET used = 5 WHERE imsi = %s", caller.line.imsi),
                   lambda: caller.sql("DELETE FROM data_usage WHERE imsi = %s", caller.line.imsi)):
        change()
        seen.append(caller.phone.ask("ap2010").version)
        assert caller.phone.ask("ap2004").version == seen[-1]
    assert seen == sorted(set(seen))


# ---- ap2012 ----

# proves: B-001
@pytest.mark.parametrize("missing", ["store_vendor", "store_user_id"])
def test_store_and_user_must_be_named(caller, missing):
    caller.phone.login("ap2012", **STORE)
    reply = caller.phone.query("ap2012", **{**STORE, missing: None})
    assert reply.status == 400 and missing.encode() in reply.body


def dcb(caller, **extra):
    return caller.block("ap2012", **{**STORE, **extra})


# proves: B-003 B-005 B-006 B-008 B-009 B-012
def test_new_users_are_asked_for_the_terms(caller):
    found = dcb(caller)
    assert (found["EntitlementStatus"], found["TC_Status"], found["TC_Operation"]) == ("0", "0", "1")
    assert found["ServiceFlow_URL"] and found["ServiceFlow_UserData"].startswith("sid=")
    assert sorted(found["MSG"]) == ["Accept_btn", "Reject_btn", "message", "title"]
    assert (found["MSG"]["Accept_btn"], found["MSG"]["Reject_btn"]) == ("1", "1")


# proves: B-002 B-004 B-011 B-014 B-016
def test_accepting_in_the_dialog_activates_once_and_for_this_user_only(caller):
    first = caller.phone.login("ap2012", **STORE).version
    document = caller.phone.ask("ap2012", MSG_btn="1", **STORE)
    assert document["ap2012"] == {"EntitlementStatus": "1", "TC_Status": "1"}
    assert document.version > first
    again = caller.phone.ask("ap2012", MSG_btn="1", **STORE)
    assert again["ap2012"] == document["ap2012"] and again.version == document.version
    assert caller.sql("SELECT state, terms, serial FROM billing_account WHERE imsi = %s", caller.line.imsi) == [
        ("active", 1, 1)]
    assert dcb(caller, store_user_id="u-other")["EntitlementStatus"] == "0"
    assert dcb(caller, store_vendor="S9999")["EntitlementStatus"] == "0"
    assert dcb(caller, store_user_id="U-77D1")["EntitlementStatus"] == "1"  # letter case does not count


# proves: B-015
def test_declining_activates_nothing(caller):
    found = dcb(caller, MSG_btn="0")
    assert (found["EntitlementStatus"], found["TC_Status"]) == ("0", "0")
    assert caller.sql("SELECT state FROM billing_account WHERE imsi = %s", caller.line.imsi) == [("none",)]
    assert dcb(caller)["TC_Status"] == "0"


# proves: B-016
@pytest.mark.parametrize("value", ["2", "yes", "-1", "11"])
def test_other_buttons_are_refused(caller, value):
    caller.phone.login("ap2012", **STORE)
    assert caller.phone.query("ap2012", MSG_btn=value, **STORE).status == 400


# proves: B-003
@pytest.mark.parametrize("state,terms,wanted", [
    ("active", 1, ("1", "1")), ("active", 2, ("1", "2")), ("ordered", 1, ("3", "1")), ("none", 1, ("0", "1")),
    ("none", 2, ("0", "2")), ("none", 3, ("0", "3")), ("active", 0, ("0", "0"))])
def test_accounts_in_every_state(caller, state, terms, wanted):
    dcb(caller, MSG_btn="0")
    caller.sql("UPDATE billing_account SET state = %s, terms = %s WHERE imsi = %s", state, terms, caller.line.imsi)
    found = dcb(caller)
    assert (found["EntitlementStatus"], found["TC_Status"]) == wanted
    assert ("TC_Operation" in found) == (wanted == ("0", "0"))
    assert ("ServiceFlow_URL" in found) == (wanted in (("0", "0"), ("0", "1"), ("0", "2")))  # B-013


# proves: B-010
def test_refusals_have_a_text_in_the_language_of_the_device(caller):
    caller.line.features(["volte"])
    found = caller.phone.login("ap2012", **STORE)["ap2012"]
    assert found["EntitlementStatus"] == "2" and "phone bill" in found["MessageForIncompatible"]
    reply = caller.phone.query("ap2012", headers=[("Accept-Language", "de")], **STORE)
    assert "Telefonrechnung" in reply.document()["ap2012"]["MessageForIncompatible"]
    assert caller.phone.ask("ap2012", MSG_btn="1", **STORE)["ap2012"]["EntitlementStatus"] == "2"
    assert not caller.sql("SELECT 1 FROM billing_account WHERE imsi = %s", caller.line.imsi)


# proves: B-014
def test_accepted_on_a_page_is_activated_by_the_next_request(caller):
    dcb(caller, MSG_btn="0")
    caller.sql("UPDATE billing_account SET state = 'wanted', terms = 1 WHERE imsi = %s", caller.line.imsi)
    assert dcb(caller) == {"EntitlementStatus": "1", "TC_Status": "1"}


def test_terms_that_are_open_with_an_active_account_can_be_accepted(caller):
    dcb(caller, MSG_btn="0")
    caller.sql("UPDATE billing_account SET state = 'active', terms = 0 WHERE imsi = %s", caller.line.imsi)
    assert dcb(caller)["TC_Status"] == "0"
    assert dcb(caller, MSG_btn="1") == {"EntitlementStatus": "1", "TC_Status": "1"}
    assert caller.sql("SELECT state, terms, serial FROM billing_account WHERE imsi = %s", caller.line.imsi) == [("active", 1, 0)]


def test_a_line_has_a_bounded_number_of_accounts(caller):
    caller.phone.login("ap2012", **STORE)
    caller.sql("INSERT INTO billing_account (imsi, account) SELECT %s, decode(lpad(to_hex(i), 16, '0'), 'hex') "
               "FROM generate_series(1, 200) i", caller.line.imsi)
    assert dcb(caller, MSG_btn="1")["EntitlementStatus"] == "0"
    assert caller.cluster.one("SELECT count(*) FROM billing_account WHERE imsi = %s", caller.line.imsi) == 200


# ---- ap2013 ----

# proves: U-001 U-002 U-003 U-004
def test_pseudonyms(caller):
    assert caller.block("ap2013") == {"EntitlementStatus": "1", "PrivateUserID": "", "PrivateUserIDType": "1"}
    caller.sql("INSERT INTO private_identity VALUES (%s, '2abcdef@wlan.example', '2036-01-01T00:00:00Z')", caller.line.imsi)
    assert caller.block("ap2013") == {"EntitlementStatus": "1", "PrivateUserID": "2abcdef@wlan.example",
                                      "PrivateUserIDType": "1", "PrivateUserIDExpiry": "2036-01-01T00:00:00Z"}
    caller.line.service("identity", override="deny")
    assert caller.block("ap2013") == {"EntitlementStatus": "0"}
    caller.line.service("identity", override="none")
    caller.line.features(["vowifi"])
    assert caller.block("ap2013") == {"EntitlementStatus": "2"}


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def open_token(text, key):
    """The claims, as a gateway reads them that has nothing but the key (RFC 7516 5.2)."""
    head, wrapped, nonce, sealed, tag = text.split(".")
    header = json.loads(b64(head))
    assert header["enc"] == "A256GCM"
    if header["alg"] == "A256GCMKW":
        key = AESGCM(key).decrypt(b64(header["iv"]), b64(wrapped) + b64(header["tag"]), b"")
    else:
        assert header["alg"] == "dir" and wrapped == ""
    return header, json.loads(AESGCM(key).decrypt(b64(nonce), b64(sealed) + b64(tag), head.encode()))


# proves: U-003 U-005 U-006 U-008 U-009
@pytest.mark.parametrize("algorithm", ["dir", "A256GCMKW"])
def test_tokens_that_the_wifi_gateway_can_read_offline(make_daemon, phone, cluster, policy_with, algorithm):
    policy = policy_with("identity", ("type: pseudonym", "type: token"), ("life: 0s", "life: 12h"), ("encoded: no", "encoded: yes"))
    server = make_daemon(device={"offered": APPS}, policy={"directory": policy},
                         private_identity={"key": KEY.hex(), "key_id": "w1", "algorithm": algorithm, "issuer": "ecs",
                                           "audience": "wifi", "msisdn": True})
    caller = Caller(phone, cluster, server)
    seen = set()
    for _ in range(2):
        found = caller.block("ap2013")
        assert found["PrivateUserIDType"] == "2" and found["PrivateUserIDExpiry"].endswith("Z")
        value = found["PrivateUserID"]
        assert value.startswith("encodedValue=")
        text = base64.b64decode(value[len("encodedValue="):]).decode()
        assert len(text) < 1016 and caller.line.imsi not in text
        header, claims = open_token(text, KEY)
        assert header["kid"] == "w1"
        assert (claims["imsi"], claims["msisdn"], claims["iss"], claims["aud"]) == (
            caller.line.imsi, caller.line.msisdn, "ecs", "wifi")
        assert claims["exp"] == claims["iat"] + 43200
        seen.add(text)
    assert len(seen) == 2


# ---- ap2016 ----

def networks(caller):
    caller.sql("INSERT INTO satellite_network (plan, plmn, barred, metered, data, voice, sort) VALUES "
               "(%s, '90199', false, false, 1, 0, 1), (%s, '310999', false, NULL, 0, 0, 2), (%s, '310998', true, NULL, 0, 0, 3)",
               caller.plan, caller.plan, caller.plan)


ALLOWED = [{"PLMN": "90199", "DataPlanType": "unmetered",
            "AllowedServicesInfo": [{"AllowedServices": {"ServiceType": "data", "ServicePolicy": "constrained"}}]},
           {"PLMN": "310999"}]


# proves: Z-001 Z-002 Z-004 Z-005 Z-006 Z-007 Z-008 Z-009 Z-010 Z-011
def test_satellite_from_offer_to_use(caller):
    networks(caller)
    found = caller.block("ap2016")
    assert found["EntitlementStatus"] == "0" and found["ServiceFlow_URL"] and "PLMNAllowed" not in found
    assert found["PLMNBarred"] == [{"PLMN": "310998"}]
    caller.line.service("satmode", tc_status=1)
    found = caller.block("ap2016")
    assert found == {"EntitlementStatus": "3", "PLMNBarred": [{"PLMN": "310998"}]}
    harness.wait_for(lambda: caller.line.orders() == ["satmode"], 10, "an order")
    assert caller.block("ap2016")["EntitlementStatus"] == "3"
    caller.line.service("satmode", prov_status=1)
    assert caller.line.orders() == []
    assert caller.block("ap2016") == {"EntitlementStatus": "1", "PLMNAllowed": ALLOWED, "PLMNBarred": [{"PLMN": "310998"}]}


# proves: Z-003 Z-006
def test_satellite_that_cannot_be_offered(caller):
    networks(caller)
    caller.line.features(["volte"])
    found = caller.phone.login("ap2016")["ap2016"]
    assert sorted(found) == ["EntitlementStatus", "MessageForIncompatible", "PLMNBarred"]
    assert found["EntitlementStatus"] == "2" and "satellite" in found["MessageForIncompatible"]


# proves: Z-004
def test_networks_of_all_of_a_brand_and_of_a_plan(caller, cluster):
    cluster.sql("INSERT INTO brand (brand, name) VALUES ('satbrand', 'Sat') ON CONFLICT DO NOTHING")
    caller.line.service("satmode", tc_status=1, prov_status=1)
    assert caller.block("ap2016")["EntitlementStatus"] == "2"  # no network at all
    cluster.sql("INSERT INTO satellite_network (plmn) VALUES ('90101')")
    try:
        found = caller.block("ap2016")
        assert found["PLMNAllowed"] == [{"PLMN": "90101"}] and found["PLMNBarred"] == []
        cluster.sql("INSERT INTO satellite_network (brand, plmn) VALUES ('satbrand', '90102')")
        assert caller.block("ap2016")["PLMNAllowed"] == [{"PLMN": "90101"}]
        caller.sql("UPDATE plan SET brand = 'satbrand' WHERE plan = %s", caller.plan)
        assert caller.block("ap2016")["PLMNAllowed"] == [{"PLMN": "90102"}]
        networks(caller)
        assert caller.block("ap2016")["PLMNAllowed"] == ALLOWED
    finally:
        cluster.sql("DELETE FROM satellite_network WHERE plan IS NULL")
        caller.sql("UPDATE plan SET brand = NULL WHERE plan = %s", caller.plan)


# ---- together ----

def test_all_applications_in_one_request_and_in_xml(caller):
    networks(caller)
    caller.boost()
    document = caller.phone.login(APPS, **STORE)
    assert sorted(document.apps) == APPS
    caller.phone.accept = "text/vnd.wap.connectivity-xml"
    body = caller.phone.query(APPS, **STORE).body.decode()
    assert body.count('<characteristic type="APPLICATION">') == len(APPS)
    assert '<characteristic type="PLMNBarred"><parm name="PLMN" value="310998"/></characteristic>' in body


def test_applications_that_are_not_offered_stay_refused(phone, make_daemon):
    p = phone(at=make_daemon())
    p.accept = JSON
    document = p.login(["ap2010", "ap2012", "ap2013", "ap2016"])  # without store_vendor: nobody looks
    assert all(document[app] == {"EntitlementStatus": "2"} for app in document.apps)


def test_terms_of_the_page_are_not_accepted_by_a_button(make_daemon, phone, cluster, policy_with):
    where = policy_with("billing", ("dialog: yes", "dialog: no"))
    caller = Caller(phone, cluster, make_daemon(device={"offered": APPS}, policy={"directory": where}))
    found = dcb(caller, MSG_btn="1")
    assert (found["EntitlementStatus"], found["TC_Status"], found["TC_Operation"]) == ("0", "0", "1") and "MSG" not in found
    assert not caller.sql("SELECT 1 FROM billing_account WHERE imsi = %s", caller.line.imsi)


def test_a_token_request_is_one_round_trip(caller, server):
    caller.phone.login(APPS, **STORE)
    caller.phone.ask(APPS, **STORE)

    def statements():
        return server.metric("ecs_db_batched_keys_total"), server.metric("ecs_db_statements_total")
    keys = statements()[0]
    for _ in range(5):
        caller.phone.ask(["ap2010", "ap2012", "ap2013", "ap2016"], **STORE, MSG_btn=None)
    assert statements()[0] == keys + 5


def xml_pairs(text):
    return dict(re.findall(r'<parm name="([^"]+)" value="([^"]+)"/>', text))


# proves: B-007 D-019
@pytest.mark.parametrize("kind,read", [("query", lambda t: dict(urllib.parse.parse_qsl(t))), ("json", json.loads), ("xml", xml_pairs)])
def test_user_data_come_in_the_form_that_the_policy_says(make_daemon, phone, cluster, policy_with, kind, read):
    change = (("flow-type: query", f"flow-type: {kind}"), ('"sid={session}"', '"sid={session}&shop={store}&b={boost}&app={app}"'))
    where = policy_with("billing", *change)
    shutil.copy(os.path.join(policy_with("dataplan", *change), "dataplan.yaml"), where)
    caller = Caller(phone, cluster, make_daemon(device={"offered": APPS}, policy={"directory": where}))
    caller.boost()
    document = caller.phone.login(["ap2010", "ap2012"], boost_type="0", **STORE)
    for app, shop, boost in (("ap2010", "S0042", "166"), ("ap2012", "S0042", "")):
        found = document[app]
        data = found["ServiceFlow_UserData"]
        assert found.get("ServiceFlow_ContentsType") == (None if kind == "query" else kind)
        if kind != "query":
            assert data.startswith("encodedValue=")
            data = base64.b64decode(data[len("encodedValue="):]).decode()
        pairs = read(data)
        assert (pairs["shop"], pairs.get("b", ""), pairs["app"]) == (shop, boost, app) and len(pairs["sid"]) > 100


# proves: B-005 B-009
def test_dialog_by_setting(make_daemon, phone, cluster, policy_with):
    where = policy_with("billing", ("dialog-names: lower", "dialog-names: capital"), ("terms-way: page", "terms-way: message"),
                        ("dialog-reject: yes", "dialog-reject: no"))
    caller = Caller(phone, cluster, make_daemon(device={"offered": APPS}, policy={"directory": where}))
    found = dcb(caller)
    assert found["TC_Operation"] == "2" and sorted(found["MSG"]) == ["Accept_btn", "Message", "Reject_btn", "Title"]
    assert found["MSG"]["Reject_btn"] == "0"


def test_a_policy_of_before_serves_as_long_as_nothing_new_is_offered(make_daemon, phone, tmp_path):
    where = str(tmp_path / "policy.d")
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), where)
    for name in ("dataplan", "billing", "identity", "satmode", "userinfo", "appauth"):
        os.remove(os.path.join(where, f"{name}.yaml"))
    p = phone(at=make_daemon(policy={"directory": where}))
    p.accept = JSON
    document = p.login(["ap2004", "ap2010"])
    assert document["ap2010"] == {"EntitlementStatus": "2"} and "AddrStatus" in document["ap2004"]
    refused = make_daemon(start=False, device={"offered": ["ap2004", "ap2016"]}, policy={"directory": where})
    refused.start(ready=False)
    assert refused.wait() != 0
    assert "device.offered names ap2016" in refused.text() and "service: satmode" in refused.text()


def test_tokens_without_a_key_are_refused_at_start(make_daemon, policy_with):
    daemon = make_daemon(start=False, device={"offered": APPS},
                         policy={"directory": policy_with("identity", ("type: pseudonym", "type: token"))})
    daemon.start(ready=False)
    assert daemon.wait() != 0
    assert "private_identity.key" in daemon.text()


def test_a_boost_ends_by_itself_and_is_told(caller, cluster):
    caller.boost(seconds=1)
    before = caller.phone.login("ap2010").version
    assert caller.buy() == "done"
    bought = caller.phone.ask("ap2010").version
    harness.wait_for(lambda: cluster.one("SELECT ended_at IS NOT NULL FROM data_boost WHERE imsi = %s", caller.line.imsi), 15,
                     "the end of the boost")
    over = caller.phone.ask("ap2010").version
    assert before < bought < over
    cluster.sql("UPDATE data_boost SET ended_at = now() - interval '401 days' WHERE imsi = %s", caller.line.imsi)
    harness.wait_for(lambda: not cluster.sql("SELECT 1 FROM data_boost WHERE imsi = %s", caller.line.imsi), 15, "its removal")
    assert caller.phone.ask("ap2010").version == over  # nothing that a device could see


def test_without_database_nothing_is_said_from_memory(site):
    daemon = site.daemon(device={"offered": APPS}, last_known={"max_age": "1h"}).start()
    p = site.phone(daemon)
    p.accept = JSON
    p.login(APPS, **STORE)
    p.ask("ap2004")
    site.cluster.stop()
    for app, extra in (("ap2010", {}), ("ap2010", {"boost_type": "0"}), ("ap2012", STORE), ("ap2012", {**STORE, "MSG_btn": "1"}),
                       ("ap2013", {}), ("ap2016", {}), (["ap2004", "ap2010"], {})):
        reply = p.query(app, **extra)
        assert reply.status == 503 and int(reply.header("Retry-After")) > 0, app
    harness.wait_for(lambda: p.query("ap2004").status == 200, 15, "what is answered from memory")
    site.cluster.start()
    harness.wait_for(lambda: p.query("ap2010").status == 200, 15, "the database")
