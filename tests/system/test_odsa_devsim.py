# SPDX-License-Identifier: Apache-2.0
"""The stories of entitlement-devsim odsa against the real daemon: each ends well where the server does right, and says why it
stops where the server refuses. The eUICC's part is played by the SM-DP+ double."""
import http.server
import os
import re
import threading
import urllib.parse

import pytest
from cryptography.hazmat.primitives import serialization

import harness
import odsa
import partner
from test_clients_common import HOST, RESOLVE, between, card, devsim, edit, url_of  # noqa: F401 (fixtures)
from test_otp import gateway  # noqa: F401 (fixture)

KEY_REQUESTOR = "1f4a7c1e-6a36-4f7a-9f2b-3d6c0a4a51bb"
REQUESTOR, SECRET = "8f0c2c1e-6a36-4f7a-9f2b-3d6c0a4a51aa", "mdm-7-secret-0123456789abcdef-0123456789"


class Euicc:
    """A small HTTP server: what --download-command tells is taken from the SM-DP+ double. It also deletes profiles and reads
    messages."""

    def __init__(self, smdp, gateway):
        taken = self.taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                told = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                if self.path == "/delete":
                    smdp.delete(told["iccid"])
                    return self.done()
                code = told.get("code", "").removeprefix("LPA:")
                profile = smdp.download(code, eid=told["eid"]) if code else smdp.download(address=told["address"], eid=told["eid"])
                taken.append(profile.iccid)
                return self.done()

            def done(self):
                self.send_response(204)
                self.end_headers()

            def do_GET(self):  # the code of the latest message to a number
                code = gateway.code(self.path.strip("/")).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(code)))
                self.end_headers()
                self.wfile.write(code)

            def log_message(self, *arguments):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.command = ("curl -sf --data-urlencode \"code=$ECS_CODE\" --data-urlencode \"address=$ECS_ADDRESS\" "
                        f"--data-urlencode \"eid=$ECS_EID\" {self.url}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site, gateway):  # noqa: F811
    made = odsa.World(str(tmp_path_factory.mktemp("v")), odsa_site)
    key = partner.Key("ES256")
    made.public, made.private = os.path.join(made.where, "mdm.pub"), os.path.join(made.where, "mdm.key")
    with open(made.public, "w", encoding="ascii") as file:
        file.write(key.pem())
    with open(made.private, "wb") as file:
        file.write(key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))
    odsa_site.cluster.sql("INSERT INTO enterprise (enterprise_id, name) VALUES ('ent-v', 'V') ON CONFLICT DO NOTHING")
    odsa_site.cluster.sql("INSERT INTO plan_offer (plan_id, app, enterprise, profile_type, name) VALUES "
                          "('FLEET-V', 2011, 'ent-v', 'enterprise', 'Fleet') ON CONFLICT DO NOTHING")
    port = harness.free_port()  # the aud of an assertion is the address as the server's partner knows it
    made.daemon = make_module_daemon(**made.settings(
        device={"listen": [f"127.0.0.1:{port}"], "offered": ["ap2004", "ap2006", "ap2009", "ap2011"]},
        web={"public_url": f"https://{HOST}:{port}"}, odsa={"no_web_view": ["35999922"]}, oauth={"enabled": True},
        otp={"login": True}, sms=gateway.settings(),
        server_callers=[{"client_id": "mdm-k", "requestor_ids": [KEY_REQUESTOR], "applications": ["ap2011"],
                         "operations": ["CheckEligibility", "AcquirePlan", "AcquireConfiguration", "ManageSubscription"],
                         "scopes": ["odsa"], "authentication": ["private_key_jwt"], "public_key": "file:" + made.public,
                         "enterprise_ids": ["ENT-V"]}, {"client_id": "mdm-v", "requestor_ids": [REQUESTOR], "applications": ["ap2011"],
                         "operations": ["CheckEligibility", "AcquirePlan", "AcquireConfiguration", "ManageSubscription"],
                         "scopes": ["odsa"], "client_secret": SECRET, "authentication": ["client_secret_basic"],
                         "enterprise_ids": ["ENT-V"]}]))
    yield made
    made.close()


@pytest.fixture
def euicc(world, gateway):  # noqa: F811
    world.reset()
    made = Euicc(world.smdp, gateway)
    yield made
    made.close()
    world.check()


@pytest.fixture
def story(devsim, world, euicc):  # noqa: F811
    """Function: the output of a story; line: whose card is in the phone."""
    def play(name, *arguments, line=None, imei=None, code=0, url=None):
        phone = card(line) if line else []
        text = devsim("odsa", name, "--url", url or url_of(world.daemon), "--ca", devsim.ca, *RESOLVE, "--imei", imei or world.lines.imei(),
                      *phone, "--pause", "200", "--download-command", euicc.command, *arguments, code=code)
        assert text.startswith(name + ": ")
        return text
    return play


def line_of(world, *features):
    return world.lines.take(features=odsa.FEATURES + list(features))


def watch_options(world):
    return ["--companion-id", world.lines.imei("35999911"), "--companion-eid", odsa.eid()]


# proves: OC-022
def test_a_watch_gets_its_profile_is_switched_and_gives_it_up(story, world, euicc):
    line, watch = line_of(world), watch_options(world)
    text = story("watch", *watch, line=line)
    assert "watch: ended well" in text and "ManageSubscription type 0" in text and len(euicc.taken) == 1
    for secret in (line.imsi, watch[1], watch[3], euicc.taken[0]):
        assert secret not in text, "identifiers are not printed"
    world.wait_state(line.imsi, "done")
    assert "ended well" in story("watch", *watch, line=line), "the subscription is found again"
    assert "ended well" in story("watch-switch", *watch, line=line)
    assert "ended well" in story("watch-end", *watch, "--iccid", euicc.taken[0], line=line)
    harness.wait_for(lambda: all(p["status"] == 4 for p in world.profiles(line.imsi)), 10, "ended")


def test_a_line_without_the_option_is_told_apart_from_a_fault(story, world):
    line = world.lines.take(features=["volte"])
    text = story("watch", *watch_options(world), line=line, code=3)
    assert "CompanionAppEligibility is" in text and "did not end well" in text


# proves: OC-026
def test_a_tablet_moves_a_profile_from_watch_to_watch(story, world, euicc):
    line, first, second = line_of(world), watch_options(world), watch_options(world)
    assert "ended well" in story("watch", *first, line=line)
    world.wait_state(line.imsi, "done")
    world.smdp.delete(euicc.taken[0])
    text = story("tablet", *second, "--old-companion-id", first[1], line=line, imei=world.lines.imei("35999922"))
    assert "ended well" in text and "no CompanionDeviceInfo" not in text
    world.wait_state(line.imsi, "done")
    assert [p["terminal_id"] for p in world.profiles(line.imsi) if p["status"] != 4] == [second[1]]


def installed(story, world, line, imei, *options):
    """A phone that has got a profile by the story "phone"; its EID."""
    eid = odsa.eid()
    assert "ended well" in story("phone", "--eid", eid, *options, line=line, imei=imei)
    world.wait_state(line.imsi, "done")
    world.reset()
    return eid


# proves: OP-012
def test_the_old_phone_asks_for_the_new_one(story, world, euicc):
    line, imei = line_of(world), world.lines.imei()
    installed(story, world, line, imei)
    text = story("transfer", "--target-id", world.lines.imei(), "--target-eid", odsa.eid(), "--old-id", imei, "--old-iccid",
                 euicc.taken[0], line=line, imei=imei)
    assert "hands the download over" in text and len(euicc.taken) == 2
    world.wait_state(line.imsi, "done")


# proves: OP-018
def test_the_new_phone_asks_with_a_temporary_token(story, world, euicc):
    line, imei = line_of(world), world.lines.imei()
    installed(story, world, line, imei)
    text = story("transfer-token", "--target-id", world.lines.imei(), "--target-eid", odsa.eid(), "--old-iccid", euicc.taken[0],
                 line=line, imei=imei)
    assert "new phone -> ManageSubscription type 3" in text and "ended well" in text and len(euicc.taken) == 2


def test_the_new_phone_asks_alone_with_a_token_of_its_log_in(story, world, euicc):
    line, imei = line_of(world), world.lines.imei()
    installed(story, world, line, imei)
    phone = world.phone(line=line, app="ap2009")
    text = story("transfer-lost", "--eid", odsa.eid(), "--old-iccid", euicc.taken[0], "--token", phone.token, imei=phone.terminal_id)
    assert "ended well" in text and "type 4" in text and phone.token not in text
    world.wait_state(line.imsi, "done")
    assert "--token" in story("transfer-lost", "--eid", odsa.eid(), code=1)


# proves: OP-022
def test_the_old_profile_is_deleted_before_it_comes_to_the_new_phone(story, world, euicc):
    line, imei = line_of(world), world.lines.imei()
    installed(story, world, line, imei)
    text = story("transfer", "--target-id", world.lines.imei(), "--target-eid", odsa.eid(), "--old-id", imei, "--old-iccid",
                 euicc.taken[0], "--redownloadable", "--delete-command",
                 f"curl -sf --data-urlencode iccid=$ECS_ICCID {euicc.url}delete", line=line, imei=imei)
    assert "has to delete the old profile" in text and "ended well" in text and euicc.taken[1] == euicc.taken[0]


def test_the_new_phone_logs_in_by_one_time_code(story, world, euicc):
    line, imei = line_of(world), world.lines.imei()
    installed(story, world, line, imei)
    text = story("transfer-lost", "--eid", odsa.eid(), "--old-iccid", euicc.taken[0], "--msisdn", "+" + line.msisdn, "--otp-command",
                 f"curl -sf {euicc.url}{line.msisdn}", imei=world.lines.imei())
    assert "log-in by one-time code" in text and "ended well" in text and line.msisdn not in text


# proves: OP-028
def test_a_factory_reset_is_made_good(story, world, euicc):
    line, imei = line_of(world), world.lines.imei()
    eid = installed(story, world, line, imei)
    world.smdp.delete(euicc.taken[0])
    text = story("recovery", "--eid", eid, line=line, imei=imei)
    assert "ManageSubscription type 7" in text and "ended well" in text and len(euicc.taken) == 2


def test_a_question_is_answered_or_rejected(story, world, euicc):
    line = line_of(world, "t-consent")
    assert "the user is asked" in story("phone", "--eid", odsa.eid(), line=line)
    text = story("phone", "--eid", odsa.eid(), "--reject", line=line_of(world, "t-consent"), code=3)
    assert "did not end well" in text and len(euicc.taken) == 1


def test_a_server_gets_a_profile_for_a_device(story, world, euicc):
    server = ["--requestor", REQUESTOR, "--enterprise", "ENT-V", "--client-id", "mdm-v", "--client-secret", SECRET]
    text = story("mdm", *server, "--device-id", world.lines.imei(), "--device-eid", odsa.eid())
    assert "the plan FLEET-V" in text and "ended well" in text and len(euicc.taken) == 1
    assert SECRET not in text
    text = story("mdm", *server[:-1], "wrong" * 8, "--device-id", world.lines.imei(), "--device-eid", odsa.eid(), code=3)
    assert "no access token" in text


def test_a_server_proves_itself_by_its_key(story, world, euicc):
    text = story("mdm", "--requestor", KEY_REQUESTOR, "--enterprise", "ENT-V", "--client-id", "mdm-k", "--assertion-key", world.private,
                 "--assertion-alg", "ES256", "--device-id", world.lines.imei(), "--device-eid", odsa.eid())
    assert "server has an access token" in text and "ended well" in text


@pytest.mark.parametrize("operation,found,put,says", [
    (b"CheckEligibility", rb'(CompanionAppEligibility" value=")1', rb"\g<1>7", "none of 0, 1, 2"),
    (b"CheckEligibility", rb'<parm name="OperationResult" value="1"/>', b"", "OperationResult is missing"),
    (b"CheckEligibility", rb'(OperationResult" value=")1', rb"\g<1>100", "refused with OperationResult 100"),
    (b"ManageSubscription", rb'(SubscriptionResult" value=")2', rb"\g<1>9", "none of 1 to 8"),
    (b"ManageSubscription", rb'(SubscriptionResult" value=")2', rb"\g<1>1", "without an https address"),
    (b"ManageSubscription", rb'(SubscriptionResult" value=")2', rb"\g<1>8", "MSG lacks a member"),
    (b"ManageSubscription", rb"(?s)<characteristic type=\"DownloadInfo\">.*?</characteristic>", b"", "neither a code nor address"),
    (b"ManageSubscription", rb'<parm name="ProfileSmdpAddress" value="[^"]*"/>',
     rb'<parm name="ProfileActivationCode" value="MiQkeA=="/>', "none of SGP.22 4.1"),
])
def test_a_wrong_answer_stops_the_story(story, world, between, operation, found, put, says):  # noqa: F811
    def change(headers, body, number):
        made = re.sub(found, put, body)
        return (headers, made) if made != body and b"VERS" in body else None
    asked = []
    one = between(at=world.daemon)
    spoil = edit(change)

    def one_operation(reply, number, request):
        if b"operation=" + operation not in request:
            return None
        asked.append(number)
        return spoil(reply, number, request)
    one.spoil = one_operation
    text = story("watch", *watch_options(world), line=line_of(world), url=one.url, code=(3, 4))
    assert asked and says in text and "did not end well" in text
    world.reset()


def test_usage(devsim):  # noqa: F811
    assert devsim("odsa", code=1) == ""
    assert devsim("odsa", "no-such-story", code=1) == ""
    assert "--companion-id" in devsim("odsa", "watch", "--url", "https://127.0.0.1:1/", code=1)
    for name in ("watch", "tablet", "transfer", "transfer-token", "recovery", "mdm"):
        assert devsim("odsa", name, "--help").startswith("Usage")
