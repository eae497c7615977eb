# SPDX-License-Identifier: Apache-2.0
"""One-time codes: login by number (RCC.14, TS.43 Table 13) and the second factor behind an identity provider (2.8.2.1).
Messages leave by a gateway that is a few lines of Python here."""
import concurrent.futures
import http.server
import json
import re
import threading
import time
import urllib.parse
from html.parser import HTMLParser

import jwt
import pytest

import client
import harness
from idp import Idp, base64url

PUBLIC = "https://aes.mnc001.mcc001.pub.3gppnetwork.org"
SECRET = "a secret of the server of the second factor"
FACTOR_URL = "https://factor.example.net/step?brand=a"


class Gateway:
    """An SMS gateway: messages are dictionaries to, text, udh, data, coding."""

    def __init__(self):
        gateway = self
        self.messages, self.delay, self.status = [], 0, 200

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if gateway.delay:
                    time.sleep(gateway.delay)
                if gateway.status == 200:
                    gateway.messages.append(message)
                self.send_response(gateway.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def settings(self):
        return {"transport": "http", "http_url": f"http://127.0.0.1:{self.server.server_address[1]}/send", "http_method": "POST",
                "http_body": '{"to":"{to}","text":"{text}","udh":"{udh_hex}","data":"{data_hex}","coding":"{coding}"}'}

    def to(self, msisdn, count=1, seconds=5):
        """The messages to a number, when there are so many."""
        def found():
            some = [m for m in self.messages if m["to"].lstrip("+") == msisdn]
            return some if len(some) >= count else None
        return harness.wait_for(found, seconds, lambda: f"{count} messages in {self.messages}")

    def count(self, *phones):
        """Messages to these phones; those of a test before may still come in."""
        time.sleep(0.2)
        return sum(m["to"].lstrip("+") in [p.line.msisdn for p in phones] for m in self.messages)

    def code(self, msisdn, count=1):
        return re.search(r"(?<!\d)(\d{6})(?!\d)", self.to(msisdn, count)[-1]["text"]).group(1)


@pytest.fixture(scope="module")
def gateway():
    found = Gateway()
    yield found
    found.server.shutdown()


@pytest.fixture(autouse=True)
def quiet(gateway):
    gateway.messages.clear()
    gateway.delay, gateway.status = 0, 200


@pytest.fixture(scope="module")
def server(gateway, make_module_daemon):
    return make_module_daemon(otp={"login": True}, sms=gateway.settings())


@pytest.fixture
def device(lines, server):
    """Function: a phone without a card that works."""
    def make(at=None, **what):
        line = lines.take(**what)
        made = client.Phone((at or server).device, line.imsi, line.ki, line.opc, lines.imei())
        made.line = line
        return made
    return make


def begin(phone, msisdn=None, **extra):
    return phone.get(phone.parameters(msisdn=msisdn or "+" + phone.line.msisdn, **extra))


def cookie_of(reply):
    assert reply.status == 200 and reply.body == b"", reply
    return reply.header("Set-Cookie").split(";")[0]


def answer(phone, cookie, code, name="OTP", target=None, **extra):
    headers = [("Cookie", cookie)] if cookie else []
    return phone.get([(name, code), *extra.items()], headers, target=target)


def wrong(code):
    return f"{(int(code) + 1) % 1000000:06d}"


def later(cluster, seconds):
    """As if so much time had passed for all numbers."""
    cluster.sql(f"UPDATE otp_number SET sent_at = sent_at - interval '{seconds} s', day_began = day_began - interval '{seconds} s'")


# ---- login by number ----

# proves: A-060
def test_a_number_gets_a_code_and_the_code_a_document_with_a_token(device, gateway):
    phone = device()
    reply = begin(phone)
    assert reply.header("Cache-Control") == "no-store" and reply.header("Content-Length") == "0"
    assert re.fullmatch(r"ecsid=[a-z2-7]{32}; Path=/; Secure; HttpOnly", reply.header("Set-Cookie"))
    code = gateway.code(phone.line.msisdn)
    document = answer(phone, cookie_of(reply), code).document()
    assert document.status("ap2004") == 1
    phone.token = document.token_text
    assert phone.query(IMSI=phone.imsi).status == 200


# proves: A-060
def test_the_code_may_come_in_small_letters_by_post_and_with_further_cookies(device, gateway):
    phone = device()
    cookie = cookie_of(begin(phone))
    assert answer(phone, f"a=b; ecsid=old; {cookie}", gateway.code(phone.line.msisdn), "otp").document().token_text
    phone = device()
    cookie = cookie_of(phone.post(phone.json_parameters(msisdn=phone.line.msisdn)))
    reply = phone.post({"OTP": gateway.code(phone.line.msisdn)}, [("Cookie", cookie)])
    assert reply.document().token_text


def test_it_is_off_unless_the_operator_asks_for_it(device, make_daemon, gateway):
    daemon = make_daemon(sms=gateway.settings())
    phone = device(at=daemon)
    assert begin(phone).status == 511
    assert answer(phone, "ecsid=" + "a" * 32, "123456").status == 511
    assert gateway.count(phone) == 0


def test_other_credentials_go_before_the_number(device, gateway):
    phone = device()
    assert begin(phone, EAP_ID=phone.eap_id).header("Content-Type") == client.RELAY
    assert begin(phone, token="nonsense").status == 511
    assert begin(phone, temporary_token="nonsense", operation="VerifyPhoneNumber").status in (400, 401)
    assert begin(phone, "no number").status == 400
    assert gateway.count(phone) == 0


# proves: A-061
def test_a_wrong_code_gets_511_and_the_right_one_still_serves(device, gateway):
    phone = device()
    cookie = cookie_of(begin(phone))
    code = gateway.code(phone.line.msisdn)
    for bad in (wrong(code), "0", code + "0"):
        assert answer(phone, cookie, bad).status == 511, bad
    assert answer(phone, None, code).status == 511
    assert answer(phone, "ecsid=" + "a" * 32, code).status == 511
    assert answer(phone, cookie, code).document().token_text


# proves: A-061
def test_a_code_that_has_expired_gets_511(device, gateway, cluster):
    phone = device()
    cookie = cookie_of(begin(phone))
    code = gateway.code(phone.line.msisdn)
    assert cluster.one("SELECT round(extract(epoch FROM expires_at - created_at)) FROM login WHERE kind = 'otp' "
                       "ORDER BY created_at DESC LIMIT 1") == 600
    cluster.sql("UPDATE login SET expires_at = now() WHERE kind = 'otp'")
    assert answer(phone, cookie, code).status == 511


# proves: A-062
def test_a_code_serves_once_and_only_with_its_own_cookie(device, gateway):
    phone, other = device(), device()
    cookie, foreign = cookie_of(begin(phone)), cookie_of(begin(other))
    code = gateway.code(phone.line.msisdn)
    assert answer(phone, foreign, code).status == 511
    assert answer(phone, cookie, code).status == 200
    assert answer(phone, cookie, code).status == 511


# proves: A-062
def test_after_four_wrong_codes_the_right_one_is_refused(device, gateway):
    phone = device()
    cookie = cookie_of(begin(phone))
    code = gateway.code(phone.line.msisdn)
    for _ in range(4):
        assert answer(phone, cookie, wrong(code)).status == 511
    assert answer(phone, cookie, code).status == 511  # the fifth
    assert answer(phone, cookie, code).status == 511  # the sixth


def test_guesses_at_the_same_time_are_counted(device, gateway):
    phone = device()
    cookie = cookie_of(begin(phone))
    code = gateway.code(phone.line.msisdn)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        statuses = {r.status for r in pool.map(lambda i: answer(phone, cookie, f"{(int(code) + i) % 1000000:06d}"), range(1, 11))}
    assert statuses == {511}
    assert answer(phone, cookie, code).status == 511


# proves: A-062
def test_one_code_a_minute_and_ten_a_day_over_all_nodes(device, gateway, cluster, make_daemon):
    other = make_daemon(otp={"login": True}, sms=gateway.settings())
    phone = device()
    first = cookie_of(begin(phone))
    former = gateway.code(phone.line.msisdn)
    for target in (phone.target, other.device):
        reply = phone.get(phone.parameters(msisdn=phone.line.msisdn), target=target)
        assert reply.status == 503 and 30 <= int(reply.header("Retry-After")) <= 90
    for count in range(2, 11):
        later(cluster, 61)
        second = cookie_of(begin(phone))
        gateway.to(phone.line.msisdn, count)
    assert answer(phone, first, former).status == 511  # void by the new ones
    later(cluster, 61)
    reply = begin(phone)
    assert reply.status == 503 and int(reply.header("Retry-After")) > 3600
    assert len(gateway.to(phone.line.msisdn)) == 10
    assert answer(phone, second, gateway.code(phone.line.msisdn, 10), target=other.device).document().token_text
    later(cluster, 86400)
    assert begin(phone).status == 200


# proves: A-062
def test_a_number_that_nobody_has_gets_the_same_answers(device, gateway):
    phone = device()
    known, unknown = begin(phone), begin(phone, "4915199999001")
    for reply in (known, unknown):
        cookie_of(reply)

    def shape(reply):
        return reply.status, reply.body, [(n, re.sub("[a-z2-7]{32}", "x", v)) for n, v in reply.headers if n != "Date"]
    assert shape(known) == shape(unknown)
    assert answer(phone, cookie_of(unknown), "123456").status == answer(phone, cookie_of(known), "x").status == 511
    assert begin(phone, "4915199999001").status == begin(phone).status == 503
    gateway.to(phone.line.msisdn)
    time.sleep(0.2)
    assert [m["to"].lstrip("+") for m in gateway.messages if "99999001" in m["to"] or phone.line.msisdn in m["to"]] == [
        phone.line.msisdn]


# proves: A-062
def test_the_answer_does_not_wait_for_the_gateway(device, gateway):
    gateway.delay = 1.5
    times = {True: [], False: []}
    for i in range(5):
        for known in times:
            phone = device()
            began = time.monotonic()
            cookie_of(begin(phone, None if known else f"4915199998{i:03d}"))
            times[known].append(time.monotonic() - began)
    assert max(times[True] + times[False]) < 1
    assert abs(sorted(times[True])[2] - sorted(times[False])[2]) < 0.1


def test_the_number_must_be_that_of_the_imsi_and_of_one_line(device, gateway, cluster):
    phone, other = device(), device()
    cookie_of(begin(phone, IMSI=other.imsi))
    twin = device()
    cluster.sql("UPDATE subscriber SET msisdn = %s WHERE imsi = %s", other.line.msisdn, twin.imsi)
    cookie_of(begin(other))
    later(cluster, 61)
    cookie_of(begin(other, IMSI=other.imsi))
    gateway.to(other.line.msisdn)
    assert gateway.count(phone, other) == 1


def test_a_port_of_the_device_gets_the_code_alone_with_a_port_header(device, gateway):
    phone = device()
    cookie = cookie_of(begin(phone, SMS_port="37273"))
    [message] = gateway.to(phone.line.msisdn)
    assert message["udh"].lower() == "0605049199" + "0000"
    assert re.fullmatch(r"\d{6}", message["text"])
    assert answer(phone, cookie, message["text"]).document().token_text
    phone = device()
    cookie_of(begin(phone, SMS_port="0"))
    [message] = gateway.to(phone.line.msisdn)
    assert message["udh"] == ""


@pytest.mark.parametrize("language,words", [("de", "Anmeldecode"), ("fr", "connexion"), ("en", "login code"), ("xx", "login code")])
def test_the_message_is_in_the_language_of_the_device(device, gateway, language, words):
    phone = device()
    phone.get(phone.parameters(msisdn=phone.line.msisdn), [("Accept-Language", language)])
    [message] = gateway.to(phone.line.msisdn)
    assert words in message["text"] and len(message["text"]) <= 160


def test_no_code_cookie_or_number_goes_to_the_log_or_the_table(device, gateway, server, cluster):
    phone = device()
    mark = server.mark()
    cookie = cookie_of(begin(phone))
    code = gateway.code(phone.line.msisdn)
    row = json.dumps(cluster.sql("SELECT * FROM login WHERE kind = 'otp' ORDER BY created_at DESC LIMIT 1")[0], default=str)
    token = answer(phone, cookie, code).document().token_text
    text = server.text(mark)
    for secret in (cookie.split("=")[1], token):
        assert secret not in text and secret not in row
    for secret in (code, phone.line.msisdn, phone.line.imsi):
        assert secret not in text
    assert code not in row


def test_a_gateway_out_of_order_is_told_to_the_log_only(device, gateway, server):
    gateway.status = 500
    phone = device()
    mark = server.mark()
    cookie_of(begin(phone))
    server.wait_event("NEIGHBOUR_DOWN", mark, "one-time code was not sent")


def test_login_by_number_needs_a_way_to_send(daemon_for, build):
    import subprocess
    daemon = daemon_for(otp={"login": True})
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check=files"], capture_output=True, text=True,
                          env=harness.environment(), timeout=60)
    assert done.returncode != 0 and "otp.login needs the section sms" in done.stderr + done.stdout


# ---- second factor ----

@pytest.fixture(scope="module")
def idp():
    provider = Idp().start()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def factor_settings(gateway, idp):
    sheets = {"directory": harness.ROOT + "/conf/websheet", "operator": "Example Mobile"}
    return dict(web={"public_url": PUBLIC}, sms=gateway.settings(), websheet=sheets,
                oidc=[idp.settings(second_factor="otp-page", subject="imsi", hosts=[]),])


@pytest.fixture(scope="module")
def factor_server(make_module_daemon, factor_settings):
    return make_module_daemon(**factor_settings)


def go(target, url, headers=(), method="GET", body=None):
    parts = urllib.parse.urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == PUBLIC, url
    query = f"?{parts.query}" if parts.query else ""
    return target.request(method, (parts.path or "/") + query, [("Accept", client.ACCEPT_XML), *headers], body)


def first_factor(idp, phone):
    """Through the provider: where the device is sent then."""
    location = phone.get(phone.parameters()).header("Location")
    reply = go(phone.target, idp.login(location, phone.imsi))
    assert reply.status == 302 and reply.body == b"", reply
    return reply.header("Location")


def submit(phone, page, **fields):
    parts = urllib.parse.urlsplit(page)
    fields.setdefault("t", dict(urllib.parse.parse_qsl(parts.query))["t"])
    return phone.target.request("POST", parts.path, [("Content-Type", "application/x-www-form-urlencoded")],
                                urllib.parse.urlencode(fields).encode())


class Page(HTMLParser):
    """A page as a strict reader sees it."""

    def __init__(self, reply):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(reply.body.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, element, **wanted):
        return [a for tag, a in self.tags if tag == element and all(a.get(k) == v for k, v in wanted.items())]


# proves: A-042 A-043
def test_behind_the_provider_stands_the_code_page_and_behind_it_the_document(idp, device, gateway, factor_server):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    assert page.startswith(PUBLIC + "/web/otp?t=") and gateway.count(phone) == 0
    shown = go(phone.target, page)
    assert shown.status == 200 and shown.header("Content-Type") == "text/html; charset=utf-8"
    back = submit(phone, page, do="code", code=gateway.code(phone.line.msisdn))
    assert back.status == 302 and back.body == b""
    document = go(phone.target, back.header("Location")).document()
    assert document.status("ap2004") == 1
    phone.token = document.token_text
    assert phone.query(IMSI=phone.imsi).status == 200


def test_the_page_is_accessible_and_loads_nothing_from_elsewhere(idp, device, gateway, factor_server):
    phone = device(at=factor_server)
    reply = go(phone.target, first_factor(idp, phone))
    policy = reply.header("Content-Security-Policy")
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.header("Cache-Control") == "no-store" and reply.header("Referrer-Policy") == "no-referrer"
    page = Page(reply)
    assert not re.search(rb"https?://", reply.body)
    assert page.all("html", lang="en") and page.all("meta", name="viewport")
    [field] = page.all("input", name="code")
    assert page.all("label", **{"for": field["id"]})
    assert field["inputmode"] == "numeric" and field["autocomplete"] == "one-time-code"
    assert page.all("form", method="post", action="/web/otp")
    assert phone.line.msisdn[-3:] in page.text and phone.line.msisdn[-5:] not in page.text
    assert phone.imsi not in reply.body.decode() and not page.all("img") and not page.all("link")


@pytest.mark.parametrize("language,words", [("de-AT", "Code eingeben"), ("fr", "Saisissez votre code"), ("en", "Enter your code")])
def test_the_page_speaks_the_languages_of_the_catalogue(idp, device, factor_server, language, words):
    phone = device(at=factor_server)
    reply = go(phone.target, first_factor(idp, phone), [("Accept-Language", language)])
    assert words in Page(reply).text and Page(reply).all("html", lang=language[:2])


# proves: A-043 A-044
@pytest.mark.parametrize("change", ["code=passed", "code=true", "code=" + "a" * 32, "otp_ok=1", "result=success&code=1"])
def test_without_the_proof_of_the_page_there_is_no_document(idp, device, factor_server, gateway, change):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    state = page.split("t=")[1]
    go(phone.target, page)
    reply = go(phone.target, f"{PUBLIC}/?state={state}&{change}")
    assert reply.status in (400, 403, 511) and b"TOKEN" not in reply.body
    if change.startswith("code="):  # the attempt has used the transaction up
        assert submit(phone, page, do="code", code=gateway.code(phone.line.msisdn)).status == 403


# proves: A-044
def test_the_proof_serves_once_and_for_its_own_transaction_only(idp, device, factor_server, gateway):
    phone, other = device(at=factor_server), device(at=factor_server)
    pages = [first_factor(idp, p) for p in (phone, other)]
    for p, page in zip((phone, other), pages):
        go(p.target, page)
    back = submit(phone, pages[0], do="code", code=gateway.code(phone.line.msisdn)).header("Location")
    proof = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))["code"]
    assert len(proof) == 32
    foreign = go(other.target, f"{PUBLIC}/?state={pages[1].split('t=')[1]}&code={proof}")
    assert foreign.status == 403
    assert go(phone.target, back).document().token_text
    assert go(phone.target, back).status == 511


def test_wrong_codes_are_told_and_counted(idp, device, factor_server, gateway, cluster):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    go(phone.target, page)
    code = gateway.code(phone.line.msisdn)
    for text in ("", "12 ab", "<b>"):  # no tries
        reply = submit(phone, page, do="code", code=text)
        assert reply.status == 200 and b"<b>" not in reply.body
    for _ in range(3):
        shown = Page(submit(phone, page, do="code", code=wrong(code)))
        assert "not right" in shown.text and shown.all("div", role="alert") and shown.all("input", **{"aria-invalid": "true"})
    assert submit(phone, page, do="code", code=wrong(code)).status == 403
    reply = submit(phone, page, do="code", code=code)
    assert reply.status == 403 and "ended" in Page(reply).text and reply.header("Location") is None
    assert go(phone.target, page).status == 403
    assert gateway.count(phone) == 1


def test_people_may_write_the_code_with_blanks_and_press_twice(idp, device, factor_server, gateway):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    go(phone.target, page)
    code = gateway.code(phone.line.msisdn)
    first = submit(phone, page, do="code", code=f" {code[:3]} {code[3:]}")
    second = submit(phone, page, do="code", code=code)
    assert first.status == second.status == 302
    assert go(phone.target, second.header("Location")).document().token_text


def test_another_code_after_a_minute_and_not_before(idp, device, factor_server, gateway, cluster):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    for _ in range(3):
        assert go(phone.target, page).status == 200
    former = gateway.code(phone.line.msisdn)
    shown = Page(submit(phone, page, do="again"))
    assert re.search(r"in (5\d|60) seconds", shown.text)
    later(cluster, 61)
    go(phone.target, page)
    assert gateway.count(phone) == 1
    assert submit(phone, page, do="again").status == 200
    code = gateway.code(phone.line.msisdn, 2)
    if former != code:
        assert submit(phone, page, do="code", code=former).status == 200
    assert submit(phone, page, do="code", code=code).status == 302


def test_an_unknown_old_or_missing_transaction_gets_an_error_page(idp, device, factor_server, cluster, gateway):
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    cluster.sql("UPDATE login SET expires_at = now() WHERE kind = 'factor'")
    for url in (page, f"{PUBLIC}/web/otp?t={'a' * 32}", f"{PUBLIC}/web/otp?t=%00", f"{PUBLIC}/web/otp"):
        reply = go(phone.target, url)
        assert reply.status == 403 and "ended" in Page(reply).text
        assert reply.header("Content-Security-Policy")
    assert gateway.count(phone) == 0


def test_any_node_may_serve_page_and_return(idp, device, factor_server, make_daemon, factor_settings, gateway):
    other = make_daemon(**factor_settings)
    phone = device(at=factor_server)
    page = first_factor(idp, phone)
    go(other.device, page)
    phone.target = factor_server.device
    back = submit(phone, page, do="code", code=gateway.code(phone.line.msisdn)).header("Location")
    assert go(other.device, back).document().token_text


def test_a_line_without_a_number_cannot_pass(idp, device, factor_server, cluster):
    phone = device(at=factor_server)
    cluster.sql("UPDATE subscriber SET msisdn = NULL WHERE imsi = %s", phone.imsi)
    location = phone.get(phone.parameters()).header("Location")
    assert go(phone.target, idp.login(location, phone.imsi)).status == 403


def test_the_page_does_not_exist_where_nobody_uses_it(daemon):
    assert daemon.device.request("GET", "/web/otp?t=" + "a" * 32).status in (400, 404)


# ---- second factor of the operator's own ----

@pytest.fixture(scope="module")
def external_server(make_module_daemon, idp):
    return make_module_daemon(web={"public_url": PUBLIC}, oidc=[
        idp.settings(second_factor="external", second_factor_url=FACTOR_URL, second_factor_secret=SECRET, subject="imsi")])


def result(state, secret=SECRET, algorithm="HS256", **change):
    now = int(time.time())
    claims = {"iss": FACTOR_URL, "aud": PUBLIC + "/", "nonce": state, "iat": now, "exp": now + 120, "result": "passed"}
    claims.update(change)
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, algorithm=algorithm)


def external(idp, phone):
    location = first_factor(idp, phone)
    assert location.startswith(FACTOR_URL + "&")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
    assert query["brand"] == "a"
    claims = jwt.decode(query["request"], SECRET, algorithms=["HS256"], audience=FACTOR_URL, issuer=PUBLIC + "/")
    assert claims["nonce"] == query["state"] and claims["sub"] == phone.imsi and claims["exp"] - claims["iat"] <= 300
    return query["state"]


# proves: A-042 A-044
def test_a_signed_result_of_a_foreign_server_releases_the_document_once(idp, device, external_server):
    phone = device(at=external_server)
    state = external(idp, phone)
    url = f"{PUBLIC}/?state={state}&code={result(state)}"
    assert go(phone.target, url).document().token_text
    assert go(phone.target, url).status == 511


FORGED = {
    "another secret": lambda s: result(s, secret="x" * 40),
    "another transaction": lambda s: result("b" * 32),
    "no transaction": lambda s: result(s, nonce=None),
    "another audience": lambda s: result(s, aud="https://other.example/"),
    "another sender": lambda s: result(s, iss=PUBLIC + "/"),
    "expired": lambda s: result(s, iat=int(time.time()) - 900, exp=int(time.time()) - 300),
    "valid for a day": lambda s: result(s, exp=int(time.time()) + 86400),
    "without end": lambda s: result(s, exp=None),
    "not passed": lambda s: result(s, result="failed"),
    "no word": lambda s: result(s, result=True),
    "our own request": lambda s: jwt.encode({"iss": PUBLIC + "/", "aud": FACTOR_URL, "nonce": s, "exp": int(time.time()) + 60,
                                             "result": "passed"}, SECRET, algorithm="HS256"),
    "plain flag": lambda s: "passed",
    "alg none": lambda s: base64url(b'{"alg":"none"}') + "." + result(s).split(".")[1] + ".",
}


# proves: A-043 A-044
@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_result_is_refused(idp, device, external_server, forged):
    phone = device(at=external_server)
    state = external(idp, phone)
    reply = go(phone.target, f"{PUBLIC}/?state={state}&code={FORGED[forged](state)}")
    assert reply.status == 403 and b"TOKEN" not in reply.body
    assert go(phone.target, f"{PUBLIC}/?state={state}&code={result(state)}").status == 511
