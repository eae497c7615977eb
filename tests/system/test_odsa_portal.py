# SPDX-License-Identifier: Apache-2.0
"""The portal of eSIM procedures: the built-in pages over HTTP, the hand-over, and the calls of operator-hosted portals
(docs/websheets.md, docs/portal-contract.md 5). What only a browser shows is in test_odsa_portal_browser.py."""
import base64
import os
import re
import shutil
import subprocess

import jwt
import pytest
import yaml

import harness
import odsa
import odsa_pages
import portal
import sheets
from odsa_documents import DELAYED, DOWNLOAD, WEBSHEET
from odsa_pages import Visitor, hand_over
from test_otp import Gateway

EXPIRED = "Please open this page again"


@pytest.fixture(scope="module")
def pages(tmp_path_factory, odsa_site, make_module_daemon):
    made = odsa_pages.PagesWorld(str(tmp_path_factory.mktemp("pages")), odsa_site)
    made.daemon = make_module_daemon(**made.page_settings())
    yield made
    made.close()


@pytest.fixture
def world(pages):
    pages.reset()
    yield pages
    pages.check()


@pytest.fixture
def plans(world):
    world.offer(("watch-s", "Watch S", "1 GB"), ("watch-l", "Watch <L> & more", ""))
    yield
    world.offer()


def begun(world, watch=None):
    """A watch whose user is sent to the pages, and a browser that has opened them: (watch, visitor)."""
    watch = watch or world.watch(features=["t-pages"])
    visitor = Visitor(world.daemon.device)
    visitor.begin(hand_over(watch.subscribe())[1])
    return watch, visitor


def state(world, device):
    return world.journeys(device.phone.imsi)[-1]["state"]


def audited(world, action, journey):
    rows = world.site.cluster.sql("SELECT actor, detail FROM audit WHERE action = %s AND detail->>'journey' = %s ORDER BY id",
                                  action, str(journey))
    return [(row[0], row[1]) for row in rows]


# ---- the hand-over ----

# proves: O-053
def test_the_hand_over_names_nobody_and_expires(world):
    watch = world.watch(features=["t-pages"])
    url, data = hand_over(watch.subscribe())
    assert url == f"https://127.0.0.1:{world.daemon.device.port}/web/odsa" and list(data) == ["sid"]
    for secret in (watch.phone.imsi, watch.phone.line.msisdn, watch.imei, watch.eid):
        assert secret not in data["sid"]
        assert secret.encode() not in base64.b32decode(data["sid"].upper() + "=" * (-len(data["sid"]) % 8))
    again = hand_over(watch.subscribe())[1]
    assert again["sid"] != data["sid"] and len(world.journeys(watch.phone.imsi)) == 1


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_pages_are_opened_by_post_and_by_get(world, method):
    watch = world.watch(features=["t-pages"])
    visitor = Visitor(world.daemon.device)
    visitor.open(hand_over(watch.subscribe())[1], method=method)
    visitor.follow()
    assert visitor.title() == "Terms of the new eSIM" and visitor.reply.status == 200


# ---- a new subscription ----

# proves: O-055 O-057
def test_plan_and_terms_order_and_hand_the_code_over(world, plans):
    watch, visitor = begun(world, world.watch(features=["t-pages", "t-code"]))
    assert visitor.title() == "Choose a plan" and "Watch &lt;L&gt; &amp; more" in visitor.text
    assert "Ana&#39;s watch" in visitor.text
    visitor.press("plan", plan="watch-l")
    assert visitor.title() == "Terms of the new eSIM" and state(world, watch) == "choosing"
    visitor.press("accept")
    assert visitor.title() == "Your eSIM is ready"
    code = visitor.data("code")
    assert code.startswith("1$" + odsa.ADDRESS + "$") and not visitor.data("smdp")
    found = world.journeys(watch.phone.imsi)[-1]
    assert found["state"] == "ready" and found["plan"] == "watch-l"
    assert any(step["event"] == "chosen" and "version 1" in (step["detail"] or "") for step in world.steps(found["id"]))
    # finishFlow(): the phone asks for the configuration and gets the same profile.
    configuration = watch.until_ready()
    assert configuration.download.code == code
    watch.install(world.smdp, configuration.download)
    visitor.send("GET", "/web/odsa")
    assert visitor.data("outcome") in ("ready", "done")


def test_accepted_terms_are_audited_with_their_version(world):
    watch, visitor = begun(world)
    journey = world.journeys(watch.phone.imsi)[-1]["id"]
    assert audited(world, "sheet.terms", journey) == []
    visitor.press("accept")
    assert visitor.title() == "Your eSIM is ready"
    assert audited(world, "sheet.terms", journey) == [
        ("subscriber", {"service": "odsa", "journey": journey, "terms": "accepted", "terms_version": 1})]


# proves: O-056
def test_an_address_is_handed_over_with_the_iccid(world):
    watch, visitor = begun(world)
    visitor.press("accept")
    assert visitor.title() == "Your eSIM is ready"
    assert visitor.data("smdp") == odsa.ADDRESS and not visitor.data("code")
    assert visitor.data("iccid") == watch.until_ready().download.iccid


# proves: O-057
def test_a_slow_order_ends_the_pages_and_the_phone_finds_the_procedure(world):
    world.smdp.fault("downloadOrder", delay=5)
    try:
        watch, visitor = begun(world)
        visitor.press("accept")
        assert visitor.title() == "Your eSIM is being prepared" and visitor.data("outcome") == "delayed"
        answer = watch.configuration()
        assert answer.configurations[0].status == 2
    finally:
        world.smdp.clear_faults()
    watch.until_ready()


def test_the_back_button_and_a_second_press_order_once(world):
    watch, visitor = begun(world)
    step = visitor.hidden("step")
    visitor.press("accept")
    assert visitor.title() == "Your eSIM is ready"
    visitor.send("POST", "/web/odsa", {"step": step, "do": "accept", "version": "1"})
    visitor.follow()
    assert visitor.title() == "Your eSIM is ready"
    visitor.send("POST", "/web/odsa", {"step": step, "do": "dismiss"})
    visitor.follow()
    assert visitor.title() == "Your eSIM is ready" and state(world, watch) == "ready"
    world.smdp.check_once()


def test_a_plan_that_is_not_offered_is_not_taken(world, plans):
    watch, visitor = begun(world)
    for plan in ("gold", "", "watch-s ", "x" * 300):
        visitor.press("plan", plan=plan)
        assert visitor.title() == "Choose a plan"
    assert state(world, watch) == "choosing"


def test_declined_terms_end_the_procedure(world):
    watch, visitor = begun(world)
    visitor.press("dismiss")
    assert visitor.title() == "Nothing was changed" and visitor.data("outcome") == "dismissed"
    assert state(world, watch) == "dismissed" and not world.profiles(watch.phone.imsi)
    assert watch.subscribe().subscription == WEBSHEET  # the user may begin anew
    assert len(world.journeys(watch.phone.imsi)) == 2


def test_terms_of_another_version_are_shown_again(world):
    watch, visitor = begun(world)
    visitor.press("accept", version="2")
    assert visitor.title() == "Terms of the new eSIM" and state(world, watch) == "choosing"


# ---- a transfer ----

@pytest.fixture
def owner(world):
    """A watch in service (there is another one, too) whose line goes on with the pages; and the watch that takes over."""
    first = world.watch()
    for watch in (first, odsa.Watch(first.phone, world.lines.imei("35999911"), name="Second")):
        watch.subscribe()
        watch.install(world.smdp, watch.until_ready().download)
    first.phone.line.features(odsa.FEATURES + ["t-pages"])
    return first, odsa.Watch(first.phone, world.lines.imei("35999911"), name="New one")


def test_the_old_device_is_chosen_among_those_of_the_subscription(world, owner):
    first, second = owner
    answer = second.manage(3)
    visitor = Visitor(world.daemon.device)
    visitor.begin(hand_over(answer)[1])
    assert visitor.title() == "Which device do you leave?"
    assert first.iccid not in visitor.text and f"ending in {first.iccid[-4:]}" in visitor.text
    visitor.press("old", old="sim")
    assert visitor.title() == "Which device do you leave?"
    row = next(p for p in world.profiles(first.phone.imsi) if p["iccid"] == first.iccid)
    assert len(re.findall(r'name="old" value="p\d+"', visitor.text)) == 2
    visitor.press("old", old=f"p{row['id']}")
    assert visitor.title() == "Move your subscription?"
    visitor.press("confirm")
    # The phone repeats its request with what was chosen (8.6).
    assert visitor.data("outcome") == "selected" and visitor.data("iccid") == first.iccid
    assert visitor.data("imei") == first.imei and not visitor.data("code")
    answer = second.manage(3, old_companion_terminal_iccid=first.iccid, old_companion_terminal_id=first.imei)
    assert answer.subscription in (DOWNLOAD, DELAYED)
    assert [j["kind"] for j in world.journeys(first.phone.imsi)].count("move") == 1
    second.install(world.smdp, second.until_ready().download)


def test_devices_of_others_are_not_offered(world, owner):
    stranger = world.watch()
    stranger.subscribe()
    stranger.install(world.smdp, stranger.until_ready().download)
    visitor = Visitor(world.daemon.device)
    visitor.begin(hand_over(owner[1].manage(3))[1])
    theirs = world.profiles(stranger.phone.imsi)[-1]["id"]
    assert f"p{theirs}" not in visitor.text
    visitor.press("old", old=f"p{theirs}")
    assert visitor.title() == "Which device do you leave?"


# ---- protection ----

def test_a_reference_opens_one_session_only(world):
    watch = world.watch(features=["t-pages"])
    data = hand_over(watch.subscribe())[1]
    visitor, thief = Visitor(world.daemon.device), Visitor(world.daemon.device)
    visitor.begin(data)
    thief.begin(data)
    assert thief.reply.status == 403 and thief.title() == EXPIRED and not thief.cookie
    visitor.begin(data)
    assert visitor.title() == "Terms of the new eSIM"
    cookie, visitor.cookie = visitor.cookie, None
    assert visitor.send("GET", "/web/odsa").status == 403
    assert visitor.send("POST", "/web/odsa", {"do": "accept", "version": "1"}).status == 403
    visitor.cookie = cookie
    # The cookie opens no other pages, and theirs none of these.
    assert visitor.send("GET", "/web/vowifi").status == 403


def test_references_of_wifi_calling_open_no_esim_pages(world):
    watch = world.watch(features=["t-pages", "vowifi"], services={"vowifi": sheets.MISSING_ALL})
    token = watch.phone.token
    watch.phone.login()
    reference = sheets.hand_over(watch.phone)[1]["sid"]
    visitor = Visitor(world.daemon.device)
    visitor.open({"sid": reference})
    assert visitor.reply.status == 403 and visitor.title() == EXPIRED
    watch.phone.token = token
    visitor.open(hand_over(watch.subscribe())[1], path="/web/vowifi")
    assert visitor.reply.status == 403


def test_an_expired_session_and_a_gone_procedure_are_told(world):
    watch, visitor = begun(world)
    world.site.cluster.sql("UPDATE sheet_session SET expires_at = now() WHERE imsi = %s", watch.phone.imsi)
    visitor.act("accept")
    assert visitor.reply.status == 403 and visitor.title() == EXPIRED and state(world, watch) == "choosing"
    watch, visitor = begun(world)
    world.site.cluster.sql("DELETE FROM journey WHERE imsi = %s", watch.phone.imsi)
    visitor.act("accept")
    assert visitor.reply.status == 403 and visitor.title() == EXPIRED


# proves: O-054
def test_pages_of_each_view_call_the_functions_permitted_there():
    where = os.path.join(harness.ROOT, "conf", "websheet")
    allowed = {"profileReadyWithActivationCode", "profileReadyWithDefaultSmdp", "SelectionCompleted", "finishFlow", "dismissFlow",
               "deleteToken", "deleteProfileInUse", "checkProfileServiceStatus"}

    def text(name):
        with open(os.path.join(where, name), encoding="utf-8") as file:
            found = file.read()
        return re.sub(r"\{>([\w.-]+)\}", lambda m: text(m.group(1)), found)

    def called(name):
        found = set(re.findall(r"\bflow\.(\w+)\(", text(name)))
        assert found <= allowed, found
        return found
    pages = [name for name in os.listdir(where) if name.startswith("odsa-") and name.endswith(".html") and
             "<main" in text(name)]
    assert len(pages) == 9
    for name in pages:
        view = "closed" if name in ("odsa-not-enabled.html", "odsa-error.html") else "subscription"
        assert called(name) == {"dismissFlow"} if view == "closed" else {"finishFlow", "dismissFlow"} <= called(name), name


# proves: O-054
@pytest.mark.parametrize("path,title", [("not-enabled", "eSIM service is not available"), ("not-enabled?why=device",
                                         "This device does not fit"), ("error", "Something went wrong")])
def test_notice_pages_take_nothing_and_know_nobody(world, path, title):
    visitor = Visitor(world.daemon.device)
    visitor.send("GET", f"/web/odsa/{path}")
    assert visitor.reply.status == 200 and visitor.title() == title
    assert "<form" not in visitor.text and "finishFlow" not in visitor.text
    visitor.send("POST", f"/web/odsa/{path}", {"sid": "x", "why": "<script>"})
    assert visitor.reply.status == 200 and "&lt;script" not in visitor.text


def test_the_not_enabled_page_speaks_the_language_of_the_subscriber(world):
    watch = world.watch(features=["t-off"], language="fr")
    answer = watch.eligibility()
    assert answer.eligibility == 0 and answer.url.endswith("/web/odsa/not-enabled")
    visitor = Visitor(world.daemon.device, language="")
    visitor.send("GET", f"/web/odsa/not-enabled?{answer.data}")
    assert visitor.title() == "Le service eSIM n’est pas disponible"
    visitor.send("GET", f"/web/odsa?{answer.data}")  # of no procedure: it opens no other page
    assert visitor.reply.status == 403
    visitor.send("GET", "/web/odsa/not-enabled?sid=abc")
    assert visitor.title() == "eSIM service is not available"


# ---- the code ----

@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_code_fits_into_one_text_message(language):
    gsm = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
              "abcdefghijklmnopqrstuvwxyzäöñüà")
    with open(os.path.join(harness.ROOT, "conf", "websheet", "texts", f"{language}.yaml"), encoding="utf-8") as file:
        text = yaml.safe_load(file)["messages"]["odsa-code-sms"].replace("{code}", "0123456789")
    assert set(text) <= gsm and len(text) <= 160, set(text) - gsm


def test_a_transfer_may_need_the_code_of_the_old_device(make_daemon, world, owner):
    gateway = Gateway()
    try:
        daemon = make_daemon(**world.page_settings(websheet={"transfer_code": True}, sms=gateway.settings(), callback=None))
        first, second = owner
        second.target = daemon.device
        visitor = Visitor(daemon.device)
        visitor.begin(hand_over(second.manage(3, old_companion_terminal_iccid=first.iccid,
                                              old_companion_terminal_id=first.imei))[1])
        assert visitor.title() == "Enter the code from your old device"
        code = gateway.code(first.phone.line.msisdn)
        assert code not in visitor.text
        wrong = "000000" if code != "000000" else "111111"
        for _ in range(2):
            visitor.act("code", code=wrong)
            assert visitor.reply.status == 200 and "not right" in visitor.text
        visitor.act("confirm")
        visitor.follow()
        assert visitor.title() == "Enter the code from your old device"
        visitor.press("code", code=f"{code[:3]} {code[3:]}")
        assert visitor.title() == "Move your subscription?"
        visitor.press("confirm")
        assert visitor.data("outcome") == "ready"
        assert len(gateway.messages) == 1
    finally:
        gateway.server.shutdown()


def test_too_many_wrong_codes_end_it(make_daemon, world, owner):
    gateway = Gateway()
    try:
        daemon = make_daemon(**world.page_settings(websheet={"transfer_code": True}, sms=gateway.settings(), callback=None,
                                                   otp={"tries": 3}))
        first, second = owner
        second.target = daemon.device
        visitor = Visitor(daemon.device)
        visitor.begin(hand_over(second.manage(3, old_companion_terminal_iccid=first.iccid,
                                              old_companion_terminal_id=first.imei))[1])
        code = gateway.code(first.phone.line.msisdn)
        wrong = "000000" if code != "000000" else "111111"
        for _ in range(3):
            visitor.act("code", code=wrong)
        assert "too many wrong codes" in visitor.text
        visitor.act("code", code=code)
        assert "too many wrong codes" in visitor.text and state(world, second) == "choosing"
    finally:
        gateway.server.shutdown()


# ---- the policy ----

@pytest.mark.parametrize("service", ["companion", "primary"])
@pytest.mark.parametrize("set_,says", [
    ({"portal-data": "id=1"}, "portal-data must hold sid={session}"),
    ({"portal-data": "none"}, "portal-data must hold sid={session}"),
    ({"portal-type": "json"}, "portal-type must be query"),
    ({"not-enabled-url": "portal", "not-enabled-type": "xml"}, "not-enabled-type must be query"),
    ({"provider": "nowhere"}, 'the configuration has no smdp "nowhere"'),
    ({"portal-url": "https://portal.example.net/x", "portal-data": "id=1", "portal-type": "json"}, None),
    ({"not-enabled-url": "https://portal.example.net/x", "not-enabled-type": "xml"}, None)],
    ids=["data", "no-data", "type", "not-enabled", "provider", "elsewhere", "not-enabled-elsewhere"])
def test_policies_that_the_built_in_pages_cannot_serve_are_told(make_daemon, build, tmp_path, service, set_, says):
    where = str(tmp_path / "policy.d")
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), where)
    path = os.path.join(where, f"{service}.yaml")
    with open(path, encoding="utf-8") as file:
        policy = yaml.safe_load(file)
    policy["rules"].insert(0, {"name": "t-odd", "when": ["plan.features has odd"], "then": set_})
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(policy, file, sort_keys=False)
    daemon = make_daemon(start=False, **harness.merge(sheets.overrides(), {"policy": {"directory": where}}))
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check=files"], capture_output=True, text=True, timeout=30)
    told = done.stdout + done.stderr
    assert (done.returncode == 0) == (says is None), told
    assert not says or says in told and f"{service}.yaml:" in told


# ---- portals of others ----

@pytest.fixture(scope="module")
def foreign(tmp_path_factory, odsa_site, make_module_daemon):
    made = odsa_pages.PortalWorld(str(tmp_path_factory.mktemp("portal")), odsa_site)
    made.daemon = make_module_daemon(**made.page_settings())
    yield made
    made.close()


def sent(world, device=None, *words):
    """A device that is sent to the operator's portal: (device, reference)."""
    device = device or world.watch(features=["t-pages", *words])
    url, data = hand_over(device.subscribe())
    assert url == odsa_pages.PORTAL
    return device, data


# proves: O-053
def test_signed_user_data_help_the_portal_and_name_nobody(foreign):
    watch, data = sent(foreign)
    _, keys = portal.read_json(f"https://127.0.0.1:{foreign.daemon.device.port}/web/jwks.json", foreign.daemon.device.ca)
    key = jwt.PyJWKSet.from_dict(keys).keys[0].key
    claims = jwt.decode(data["jwt"], key, algorithms=["ES256"], audience=odsa_pages.PORTAL, issuer=odsa_pages.ISSUER)
    assert (claims["service"], claims["app"], claims["kind"], claims["operation_type"]) == ("odsa", "ap2006", "companion", 0)
    assert claims["sub"] == data["sid"] and claims["exp"] > claims["iat"]
    for secret in (watch.phone.imsi, watch.phone.line.msisdn, watch.imei, watch.eid):
        assert secret not in str(claims)


def test_a_session_tells_the_procedure_and_no_more_than_is_disclosed(foreign):
    watch, data = sent(foreign)
    status, found = foreign.shop_calls("/v1/odsa/session", reference=data["sid"])
    assert status == 200 and found["application"] == "ap2006"
    procedure = found["procedure"]
    assert procedure["kind"] == "companion" and procedure["waits_for_portal"] and not procedure["needs_old_device"]
    assert procedure["device"]["eid"] == watch.eid and procedure["device"]["id"] == watch.imei
    assert "imsi" not in found and "msisdn" not in found
    status, found = foreign.other_calls("/v1/odsa/session", reference=data["sid"])
    assert status == 200 and set(found["procedure"]["device"]) <= {"name", "vendor", "model"} and "devices" not in found
    text = str({name: value for name, value in found.items() if name != "plan"})  # the test's plans are named after lines
    for secret in (watch.phone.imsi, watch.phone.line.msisdn, watch.imei, watch.eid):
        assert secret not in text


def test_a_hand_over_of_a_not_enabled_page_is_of_no_procedure(foreign):
    watch = foreign.watch(features=["t-off"])
    answer = watch.eligibility()
    data = dict(pair.split("=", 1) for pair in answer.data.split("&"))
    status, found = foreign.shop_calls("/v1/odsa/session", reference=data["sid"])
    assert status == 200 and "procedure" not in found and found["application"] == "ap2006"
    assert foreign.shop_reports(data, "chosen")[1]["error"] == "not_expected"


def test_references_serve_the_calls_they_were_made_for(foreign):
    _, data = sent(foreign)
    assert foreign.shop_calls("/v1/session", reference=data["sid"])[1]["error"] == "reference_unknown"
    status, found = foreign.shop_calls("/v1/report", reference=data["sid"], event_id="x", outcome="changed")
    assert (status, found["error"]) == (404, "reference_unknown")
    status, found = foreign.vowifi_calls("/v1/odsa/session", reference=data["sid"])
    assert (status, found["error"]) == (403, "service_forbidden")
    other = data["sid"][:-1] + ("a" if data["sid"][-1] != "a" else "b")
    assert foreign.shop_calls("/v1/odsa/session", reference=other)[0] == 404


# proves: O-057
def test_a_chosen_plan_is_ordered_by_us(foreign):
    watch, data = sent(foreign)
    status, found = foreign.shop_reports(data, "chosen", plan="watch-l", terms_version=4)
    assert status == 200 and not found["repeated"], found
    assert watch.configuration().configurations[0].status in (1, 2)
    watch.until_ready()
    journey = foreign.journeys(watch.phone.imsi)[-1]
    assert journey["plan"] == "watch-l"
    assert any("version 4" in (step["detail"] or "") for step in foreign.steps(journey["id"]))
    status, again = foreign.shop_reports(data, "chosen", plan="watch-l", terms_version=4)
    assert status == 200 and again["repeated"]
    status, found = foreign.shop_reports(data, "chosen", plan="watch-s")
    assert (status, found["error"]) == (409, "not_expected")
    assert len(foreign.journeys(watch.phone.imsi)) == 1


def test_the_partner_that_reports_first_has_the_procedure(foreign):
    watch, data = sent(foreign)
    _, again = sent(foreign, watch)
    assert again["sid"] != data["sid"]
    assert foreign.other_calls("/v1/odsa/session", reference=again["sid"])[0] == 200  # who only looks takes nothing
    assert foreign.shop_reports(data, "ordered", order="shop-1")[0] == 200
    journey = foreign.journeys(watch.phone.imsi)[-1]
    assert journey["state"] == "awaiting"
    for reference in (data["sid"], again["sid"]):
        status, found = foreign.other_calls("/v1/odsa/session", reference=reference)
        assert (status, found["error"]) == (403, "other_partner")
        for event, members in (("dismissed", {}), ("logged-out", {}),
                               ("activated", {"iccid": "8988303000000456870", "smdp_address": "dp.example.org"})):
            status, found = foreign.other_calls("/v1/odsa/report", reference=reference, event_id=os.urandom(8).hex(),
                                                event=event, **members)
            assert (status, found["error"]) == (403, "other_partner"), event
    assert foreign.journeys(watch.phone.imsi)[-1]["version"] == journey["version"]
    assert watch.send("AcquireConfiguration").status == 200  # nobody was logged out
    assert foreign.shop_calls("/v1/odsa/session", reference=again["sid"])[0] == 200
    assert foreign.shop_reports(again, "dismissed")[0] == 200


def test_what_was_agreed_to_on_a_portal_is_audited(foreign):
    watch, data = sent(foreign)
    assert foreign.shop_reports(data, "chosen", plan="watch-l", terms_version=9)[0] == 200
    found = audited(foreign, "portal.odsa_report", foreign.journeys(watch.phone.imsi)[-1]["id"])
    assert [row[0] for row in found] == ["partner:shop"]
    assert found[0][1] == {"service": "odsa", "journey": found[0][1]["journey"], "event": "chosen", "repeated": False,
                           "terms": "accepted", "terms_version": 9}
    watch.until_ready()


# proves: O-055 O-057
def test_a_profile_that_the_portal_has_ordered_reaches_the_device(foreign):
    watch, data = sent(foreign)
    iccid = "8988303000000456789"
    code = f"1${odsa.ADDRESS}$PORTAL-1"
    status, found = foreign.shop_reports(data, "activated", iccid=iccid, activation_code=code)
    assert status == 200 and found["state"] == "ready", found
    configuration = watch.until_ready()
    assert configuration.download.code == code
    status, again = foreign.shop_reports(data, "activated", iccid=iccid, activation_code=code)
    assert status == 200
    text = foreign.daemon.text()
    assert code not in text and "PORTAL-1" not in text


def test_a_second_profile_is_not_half_taken(foreign):
    watch, data = sent(foreign)
    first = {"iccid": "8988303000000456912", "smdp_address": "dp.example.net", "msisdn": "4915200000001", "plan": "watch-s"}
    assert foreign.shop_reports(data, "activated", **first)[0] == 200
    before = foreign.journeys(watch.phone.imsi)[-1]
    for change in ({"iccid": "8988303000000456920"}, {"smdp_address": "dp.example.org"}, {"plan": "watch-l"}, {"msisdn": "4915200000002"},
                   {"line_imsi": "001019999999999"}, {"order": "other"}):
        status, found = foreign.shop_reports(data, "activated", **{**first, **change})
        assert (status, found["error"]) == (409, "not_expected"), change
    assert foreign.shop_reports(data, "activated", **first)[1]["repeated"]
    after = foreign.journeys(watch.phone.imsi)[-1]
    assert {name: after[name] for name in ("iccid", "address", "msisdn", "plan", "line_imsi", "bss_reference", "version")} == {
        name: before[name] for name in ("iccid", "address", "msisdn", "plan", "line_imsi", "bss_reference", "version")}


def test_a_repeated_report_is_known_however_it_is_written(foreign):
    watch, data = sent(foreign)
    code = f"1${odsa.ADDRESS}$PORTAL-2"
    members = {"iccid": "8988303000000456888F", "activation_code": f"LPA:{code}", "msisdn": "+4915200000088"}
    assert foreign.shop_reports(data, "activated", **members)[0] == 200
    download = watch.until_ready().download
    assert (download.code, download.iccid) == (code, "8988303000000456888")
    watch.iccid = download.iccid
    foreign.site.cluster.sql("UPDATE journey SET state = 'completing', due_at = NULL, deadline_at = NULL WHERE imsi = %s",
                             watch.phone.imsi)
    status, found = foreign.shop_reports(data, "activated", **members)
    assert status == 200 and found["repeated"], found
    foreign.site.cluster.sql("UPDATE journey SET state = 'ready' WHERE imsi = %s", watch.phone.imsi)


def test_an_address_takes_the_place_of_the_code(foreign):
    watch, data = sent(foreign)
    status, found = foreign.shop_reports(data, "activated", iccid="8988303000000456797", smdp_address="dp.example.net")
    assert status == 200, found
    download = watch.until_ready().download
    assert download.addresses == ["dp.example.net"] and download.iccid == "8988303000000456797"


@pytest.mark.parametrize("event,members,field", [
    ("activated", {}, "iccid"), ("activated", {"iccid": "12"}, "iccid"),
    ("activated", {"iccid": "8988303000000456789"}, "activation_code"),
    ("activated", {"iccid": "8988303000000456789", "activation_code": "1$a$b", "smdp_address": "a.b"}, "activation_code"),
    ("activated", {"iccid": "8988303000000456789", "activation_code": "no code"}, "activation_code"),
    ("activated", {"iccid": "8988303000000456789", "smdp_address": "https://dp.example.net/x"}, "smdp_address"),
    ("activated", {"iccid": "8988303000000456789", "smdp_address": "nodots"}, "smdp_address"),
    ("activated", {"iccid": "8988303000000456789", "smdp_address": "192.0.2.1"}, "smdp_address"),
    ("activated", {"iccid": "8988303000000456789", "smdp_address": "dp.example.net", "line_imsi": "12345x"}, "line_imsi"),
    ("activated", {"iccid": "8988303000000456789", "smdp_address": "dp.example.net", "msisdn": "0x"}, "msisdn"),
    ("selected", {}, "old_iccid"), ("selected", {"old_iccid": "8988303000000456789"}, "old_iccid"),
    ("selected", {"old_imei": "490154203237518"}, "old_imei"), ("selected", {"old_imei": "4901"}, "old_imei"),
    ("chosen", {"iccid": "8988303000000456789"}, "iccid"), ("dismissed", {"plan": "x"}, "plan"),
    ("dismissed", {"terms_version": 1}, "terms_version"), ("logged-out", {"old_iccid": "8988303000000456789"}, "old_iccid"),
    ("gone", {}, "event"), ("chosen", {"plan": ""}, "plan"), ("chosen", {"nonsense": 1}, "nonsense")])
def test_faulty_reports_change_nothing_and_are_told(foreign, event, members, field):
    watch, data = sent(foreign)
    status, found = foreign.shop_reports(data, event, **members)
    assert (status, found["error"], found["field"]) == (400, "bad_request", field), found
    assert state(foreign, watch) == "choosing"


def test_a_dismissal_ends_the_procedure_once(foreign):
    watch, data = sent(foreign)
    assert foreign.shop_reports(data, "dismissed")[0] == 200
    assert state(foreign, watch) == "dismissed"
    assert foreign.shop_reports(data, "dismissed")[1]["repeated"]
    assert foreign.shop_reports(data, "chosen")[1]["error"] == "not_expected"


# proves: O-058
def test_a_logout_on_the_portal_ends_the_token(foreign):
    watch, data = sent(foreign)
    assert watch.send("AcquireConfiguration").status == 200
    assert foreign.shop_reports(data, "logged-out")[0] == 200
    assert watch.send("AcquireConfiguration").status == 511


@pytest.fixture
def later(foreign, make_daemon, clock):
    """Function: makes it later for a daemon of its own, whose listener is called from then on."""
    address = f"127.0.0.1:{harness.free_port()}"
    port = harness.free_port()
    daemon = make_daemon(env=clock.env, **foreign.page_settings(callback={"listen": [address]},
                                                                device={"listen": [f"127.0.0.1:{port}"]}))
    foreign.calls_at = address
    yield lambda seconds: (clock.set(seconds), daemon)[1]
    foreign.calls_at = None


def test_an_expired_reference_opens_nothing_but_late_results_count(foreign, later):
    watch, data = sent(foreign)
    assert foreign.shop_calls("/v1/odsa/session", reference=data["sid"])[0] == 200
    later(7200)
    assert foreign.shop_calls("/v1/odsa/session", reference=data["sid"])[0] == 410
    for event in ("chosen", "logged-out"):
        assert foreign.shop_reports(data, event)[1]["error"] == "reference_expired"
    assert state(foreign, watch) == "choosing"
    status, found = foreign.shop_reports(data, "activated", iccid="8988303000000456805", smdp_address="dp.example.net")
    assert status == 200 and found["state"] == "ready"


def test_a_procedure_that_is_gone_is_told(foreign):
    watch, data = sent(foreign)
    foreign.site.cluster.sql("DELETE FROM journey WHERE imsi = %s", watch.phone.imsi)
    assert foreign.shop_calls("/v1/odsa/session", reference=data["sid"])[1]["error"] == "procedure_gone"
    status, found = foreign.shop_reports(data, "chosen")
    assert (status, found["error"]) == (404, "procedure_gone")


# proves: OP-011
def test_the_portal_chooses_the_old_device_of_a_transfer(foreign):
    first = foreign.watch()
    others = [odsa.Watch(first.phone, foreign.lines.imei("35999911")) for _ in range(2)]
    for watch in (first, others[0]):
        watch.subscribe()
        watch.install(foreign.smdp, watch.until_ready().download, notify=False)
    first.phone.line.features(odsa.FEATURES + ["t-pages"])
    data = hand_over(others[1].manage(3))[1]
    status, found = foreign.shop_calls("/v1/odsa/session", reference=data["sid"])
    assert status == 200 and found["procedure"]["needs_old_device"]
    assert {d["iccid"] for d in found["devices"]} == {first.iccid, others[0].iccid}
    assert {d["id"] for d in found["devices"]} == {first.imei, others[0].imei}
    assert foreign.shop_reports(data, "selected", old_iccid=first.iccid, old_imei=first.imei)[0] == 200
    answer = others[1].manage(3, old_companion_terminal_iccid=first.iccid, old_companion_terminal_id=first.imei)
    assert answer.subscription in (DOWNLOAD, DELAYED)
    assert foreign.shop_reports(data, "selected", old_iccid=first.iccid)[1]["repeated"]
    assert foreign.shop_reports(data, "selected", old_iccid=others[0].iccid)[1]["error"] == "not_expected"


# proves: O-055 O-057
@pytest.mark.parametrize("activation", [None, f"8988303000000456813=1${odsa.ADDRESS}$SAMPLE"])
def test_the_sample_portal_keeps_the_contract(foreign, activation):
    sample = foreign.sample(activation)
    try:
        watch, data = sent(foreign)
        status, page = sample.request("/odsa", f"jwt={data['jwt']}")
        assert status == 200 and "Watch L" in page
        handle = re.search(r'name="handle" value="([^"]+)"', page).group(1)
        status, page = sample.request("/odsa/submit", f"handle={handle}&action=accept&plan=watch-l")
        assert status == 200 and "finishFlow()" in page
        if activation:
            assert f'profileReadyWithActivationCode("{activation.split("=", 1)[1]}")' in page
            assert watch.until_ready().download.code == activation.split("=", 1)[1]
        else:
            watch.until_ready()
        assert sample.request("/odsa", f"jwt={data['jwt']}")[0] == 403  # each hand-over once
    finally:
        sample.stop()


def test_the_sample_portal_refuses(foreign):
    sample = foreign.sample(None)
    try:
        watch, data = sent(foreign)
        page = sample.request(f"/odsa?jwt={data['jwt']}")[1]
        handle = re.search(r'name="handle" value="([^"]+)"', page).group(1)
        status, page = sample.request("/odsa/submit", f"handle={handle}&action=decline")
        assert status == 200 and "o.dismissFlow()" in page
        assert state(foreign, watch) == "dismissed"
        assert watch.subscribe().subscription == WEBSHEET
    finally:
        sample.stop()
