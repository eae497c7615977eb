# SPDX-License-Identifier: Apache-2.0
"""What breaks a client breaks its simulation by entitlement-devsim: the daemon's answers are spoiled on their way, one habit of a
client at a time, and the clients without that habit go on."""
import datetime

import pytest

from test_clients_common import between, devsim, edit, edit_packet, final, make_reply, play, rules  # noqa: F401 (fixtures)


def swap_rand_and_autn(packet):
    return packet[:8] + packet[28:48] + packet[8:28] + packet[48:]


def with_zero_length(packet):
    packet = packet + b"\x86\x00\x00\x00"
    return packet[:2] + len(packet).to_bytes(2, "big") + packet[4:]


def with_trailing_bytes(packet):
    packet += b"\x00\x00"
    return packet[:2] + len(packet).to_bytes(2, "big") + packet[4:]


def short_first(packet):
    packet = packet[:8] + b"\x87\x01\x00\x00" + packet[8:]  # AT_RESULT_IND in front
    return packet[:2] + len(packet).to_bytes(2, "big") + packet[4:]


SPOILED_PACKETS = {
    "AUTN before RAND": (swap_rand_and_autn, {"samsung-old": "C-13"}, ["library", "samsung-new", "health"]),
    "length of zero": (with_zero_length, {"library": "C-13", "ims": "C-13", "health": "C-13"}, ["samsung-old", "microg"]),
    "trailing bytes": (with_trailing_bytes, {"library": "C-13"}, ["samsung-old", "samsung-new", "microg"]),
    "a short attribute first": (short_first, {"samsung-old": "C-13", "samsung-new": "C-13"}, ["library", "health"]),
    "AKA-Identity": (lambda p: p[:2] + b"\x00\x0c" + p[4:5] + b"\x05\x00\x00\x0d\x01\x00\x00",
                     {"library": "C-14", "samsung-new": "C-14", "microg": "C-14"}, []),
    "Notification": (lambda p: p[:2] + b"\x00\x0c" + p[4:5] + b"\x0c\x00\x00\x0c\x01\x40\x00",
                     {"ims": "C-14", "health": "C-14"}, []),
    "EAP-Success": (lambda p: b"\x03" + p[1:2] + b"\x00\x04", {"library": "C-14", "vocat": "C-14"}, []),
    "EAP-AKA'": (lambda p: p[:4] + b"\x32" + p[5:], {"library": "C-14", "satellite": "C-14", "vocat": "C-14"}, []),
    "a wrong length": (lambda p: p[:3] + bytes([p[3] - 4]) + p[4:], {"library": "C-13", "samsung-old": "C-13"}, []),
}


@pytest.mark.parametrize("case", SPOILED_PACKETS)
def test_a_packet_that_breaks_a_client_breaks_its_simulation(play, between, case):
    change, broken, fine = SPOILED_PACKETS[case]
    for personality, rule in broken.items():
        found = play(personality, "--lenient", "--app", "ap2004", url=between(edit_packet(change)).url, code=4)
        assert rule in rules(found), (personality, found["findings"])
    for personality in fine:
        found = play(personality, "--lenient", "--app", "ap2004", url=between(edit_packet(change)).url)
        assert not rules(found), (personality, found["findings"])


def set_type(kind):
    return edit(lambda headers, body, n: ([(k, kind if k.lower() == "content-type" else v) for k, v in headers], body))


def set_cookie(write):
    return edit(lambda headers, body, n: ([(k, write(v, n) if k.lower() == "set-cookie" else v) for k, v in headers], body)
                if n == 1 else None)


def no_cookie(headers, body, n):
    return [(k, v) for k, v in headers if k.lower() != "set-cookie"], body


def spaced(headers, body, n):
    return (headers, body.replace(b'":"', b'": "')) if n == 1 else None


def another_key(headers, body, n):
    return (headers, body.replace(b"{", b'{"status":1,', 1)) if n == 1 else None


SPOILED_HEADS = {
    "text/plain": (set_type("text/plain"), {"library": "C-27", "ims": "C-27"}, ["samsung-old", "samsung-new", "microg"]),
    "upper case": (set_type("APPLICATION/JSON"), {"library": "C-27"}, ["microg"]),
    "no cookie": (edit(no_cookie), {"samsung-old": "C-18", "samsung-new": "C-18"}, []),
    "a path that does not cover": (set_cookie(lambda v, n: v.replace("Path=/", "Path=/other")), {"microg": "C-18",
                                                                                                "vocat": "C-18"}, ["library"]),
    "another domain": (set_cookie(lambda v, n: v + "; Domain=other.example"), {"microg": "C-18", "vocat": "C-18"},
                       ["library", "samsung-new"]),
    "Max-Age": (set_cookie(lambda v, n: v + "; Max-Age=90"), {}, ["library", "samsung-old", "health", "microg", "vocat"]),
    "a blank behind the colon": (edit(spaced), {"health": "C-12"}, ["library", "samsung-old", "vocat"]),
    "a number beside the packet": (edit(another_key), {"samsung-old": "C-12", "health": "C-12"}, ["library", "samsung-new"]),
}


@pytest.mark.parametrize("case", SPOILED_HEADS)
def test_a_head_or_body_that_breaks_a_client_breaks_its_simulation(play, between, case):
    spoil, broken, fine = SPOILED_HEADS[case]
    for personality, rule in broken.items():
        found = play(personality, "--lenient", "--app", "ap2004", url=between(spoil).url, code=(3, 4))
        assert found["exit"] in (3, 4) and rule in rules(found), (personality, found["findings"])
    for personality in fine:
        found = play(personality, "--lenient", "--app", "ap2004", url=between(spoil).url)
        assert not rules(found), (personality, found["findings"])


def test_microg_takes_an_answer_with_a_token_for_final_although_a_packet_is_in_it(play, between):
    def both(headers, body, number):
        return (headers, b'{"Token":{"token":"abc"},' + body[1:]) if number == 1 else None
    found = play("microg", "--lenient", url=between(edit(both)).url, code=3)
    assert found["status"] == 511  # its next request has the token that it found
    assert play("library", "--app", "ap2004", "--lenient", url=between(edit(both)).url)["status"] == 200


PLMN = {"PLMN": "00101"}
GOOD = {"EntitlementStatus": "1", "PLMNAllowed": [dict(PLMN, DataPlanType="unmetered", AllowedServicesInfo=[
    {"AllowedServices": {"ServiceType": "data", "ServicePolicy": "constrained"}}])], "PLMNBarred": []}
BAD_SATELLITE = [dict(GOOD, EntitlementStatus="4"), dict(GOOD, PLMNAllowed=[{"plmn": "00101"}]), dict(GOOD, PLMNAllowed="00101"),
                 dict(GOOD, PLMNAllowed=[dict(PLMN, AllowedServicesInfo={"ServiceType": "data"})]),
                 {k: v for k, v in GOOD.items() if k != "PLMNAllowed"}, dict(GOOD, PLMNAllowed=[{"PLMN": "1234"}])]


# C-39, the client's half; the server's: test_clients_services.py
def test_satellite_reads_its_networks_and_breaks_where_the_phone_would(play, between):
    found = play("satellite-new", url=between(final({"ap2016": GOOD})).url)
    assert found["words"][-1] == "Satellite: enabled, 1 networks allowed, 0 barred" and not rules(found, "fault")
    assert not rules(play("satellite", url=between(final({"ap2016": {"EntitlementStatus": "2"}})).url))
    for block in BAD_SATELLITE:
        assert rules(play("satellite", url=between(final({"ap2016": block})).url, code=4)) == {"C-39"}, block
    late = play("satellite", url=between(final({"ap2016": dict(GOOD, EntitlementStatus="0")})).url, code=4)
    assert rules(late, "fault") == {"C-39"}


def third(write):
    """The third answer, that to the operation, becomes this XML block of ap2014."""
    head = ('<?xml version="1.0"?><wap-provisioningdoc version="1.1"><characteristic type="VERS"><parm name="version" value="1"/>'
            '<parm name="validity" value="60"/></characteristic><characteristic type="TOKEN"><parm name="token" value="%s"/>'
            '<parm name="validity" value="60"/></characteristic><characteristic type="APPLICATION"><parm name="AppID" '
            'value="ap2014"/><parm name="OperationResult" value="1"/>' % ("a" * 30))

    def inner(headers, body, number):
        parms = "".join(f'<parm name="{name}" value="{value}"/>' for name, value in write().items())
        text = head + parms + "</characteristic></wap-provisioningdoc>"
        return ([("Content-Type", "text/vnd.wap.connectivity-xml")], text.encode(), 200) if number == 3 else None
    return edit(inner)


def expiry(seconds, form="%Y-%m-%dT%H:%M:%SZ"):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime(form)


# C-36, the client's half; the server's: test_clients_services.py
@pytest.mark.parametrize("token,when,severity", [
    ("tmp-1", lambda: expiry(240), None), ("tmp-1", lambda: expiry(240, "%Y-%m-%dT%H:%M:%S+00:00"), "fault"),
    ("tmp-1", lambda: expiry(240, "%Y-%m-%dT%H:%M:%S"), "broken client"), ("tmp-1", lambda: "", "broken client"),
    ("tmp-1", lambda: expiry(240, "%Y-%m-%d"), "broken client"), ("tmp-1", lambda: expiry(-5), "broken client"),
    ("tmp-1", lambda: expiry(900), "fault"), ("t" * 4100, lambda: expiry(240), "fault")],
    ids=["good", "+00:00", "no zone", "missing", "date", "over", "too long a life", "too long a text"])
def test_a_temporary_token_needs_an_expiry_that_android_can_read(play, between, token, when, severity):
    proxy = between(third(lambda: {"TemporaryToken": token, "TemporaryTokenExpiry": when(), "OperationTargets": "GetPhoneNumber"}))
    found = play("gms", url=proxy.url, code=4 if severity else 0)
    assert {finding["severity"] for finding in found["findings"]} == ({severity} if severity else set()), found["findings"]
    assert "temporary token received" in found["words"][-1]


@pytest.mark.parametrize("status,prov,words", [
    ("1", "0", "the web view opens"), ("1", "1", "already bought"), ("1", "3", "in progress"), ("0", "1", "refused"),
    ("2", "0", "refused"), ("3", "2", "in progress"), ("4", "1", "already bought"), ("3", "0", None), ("4", "0", None),
    ("4", "3", None), ("3", "1", None), ("5", "0", None)])
def test_slicing_knows_these_pairs_and_no_others(play, between, status, prov, words):
    block = {"EntitlementStatus": status, "ProvStatus": prov, "ServiceFlow_URL": "https://portal.example.net/boost"}
    found = play("slicing", url=between(final({"ap2010": block})).url, code=0 if words else 4)
    assert rules(found) == (set() if words else {"C-39"})
    assert not words or found["words"][-1] == f"Data plan: {words}"
    if words == "the web view opens":
        del block["ServiceFlow_URL"]
        assert rules(play("slicing", url=between(final({"ap2010": block})).url, code=4)) == {"C-39"}


def test_samsung_goes_over_to_post_after_405(play, between):
    def answer(request, number):
        return make_reply(405, [("Allow", "POST")]) if request.startswith(b"GET ") else None
    proxy = between(answer=answer)
    found = play("samsung-new", url=proxy.url)
    assert found["values"]["ap2004/EntitlementStatus"] == "1"
    assert [request.split(b" ")[0] for request in proxy.requests] == [b"GET", b"POST", b"POST"]
    assert play("samsung-old", url=between(answer=answer).url, code=3)["status"] == 405


@pytest.mark.parametrize("personality,status,rule", [
    ("ims", 503, "C-42"), ("samsung-old", 406, "C-44"), ("samsung-new", 500, "C-42"), ("samsung-new", 400, "C-42"),
    ("satellite", 500, "C-42")])
def test_a_status_that_harms_a_client_is_told(play, between, personality, status, rule):
    found = play(personality, url=between(answer=lambda request, number: make_reply(status, [])).url, code=3)
    assert rules(found) == {rule}


def test_a_redirect_is_for_clients_without_any_credential(play, between, tmp_path):
    def answer(request, number):
        return make_reply(302, [("Location", "https://login.example.net/authorize?x=1")])
    for personality in ("library", "ims", "samsung-new", "microg", "health"):
        assert "C-45" in rules(play(personality, url=between(answer=answer).url, code=3)), personality
    (tmp_path / "token").write_text("k5wz7mq2tr4d6x3h\n")
    token = ("--token-file", str(tmp_path / "token"))
    assert "C-45" in rules(play("library", *token, url=between(answer=answer).url, code=3))
    plain = between(answer=answer)
    found = play("library", url=plain.url, sim=False, code=3)  # the entry of OIDC
    assert found["status"] == 302 and not rules(found) and b"EAP_ID" not in plain.requests[0]
    nowhere = between(answer=lambda request, number: make_reply(302, []))
    assert rules(play("library", url=nowhere.url, sim=False, code=3)) == {"C-45"}


@pytest.mark.parametrize("packets,personality", [(4, "library"), (3, "microg"), (3, "simadmin"), (10, "vocat")])
def test_each_client_answers_as_many_challenges_as_it_does_and_no_more(play, between, packets, personality):
    kept = []

    def answer(request, number):
        if number == 1:
            return None
        return kept[0]

    def keep(reply, number, request):
        kept.append(reply)
    proxy = between(keep, answer)
    found = play(personality, "--lenient", "--app", "ap2004", url=proxy.url, code=4)
    assert "C-21" in rules(found)
    assert sum(request.startswith(b"POST") for request in proxy.requests) == packets
