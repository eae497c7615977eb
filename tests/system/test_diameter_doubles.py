# SPDX-License-Identifier: Apache-2.0
"""The Diameter servers of the tests by themselves: a raw client does right things, which they take, and wrong ones, which they
refuse or note. Without this the tests of the core network could pass against servers that take everything."""
import os
import socket
import struct
import time

import pytest

import aka
import diameter
import harness
from diameter import Message
from diameter_peers import Network, missing
from diameter_roles import Aaa, Cards, Hss, Pcrf

pytestmark = pytest.mark.skipif(missing() is not None and "CI" not in os.environ, reason=f"package {missing()} is not installed")
IMSI = "001010000000001"
NAI = f"0{IMSI}@nai.epc.mnc001.mcc001.3gppnetwork.org"
KI, OPC = bytes.fromhex("90dca4eda45b53cf0f12d7c9c3bc6a89"), bytes.fromhex("cb9cccc4b9258e6dca4760379fb82581")
GOLDEN = os.path.join(harness.ROOT, "tests", "vectors", "diameter.txt")


@pytest.fixture(scope="module")
def network():
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def cards():
    made = Cards()
    made.add(IMSI, KI, OPC)
    return made


@pytest.fixture(scope="module")
def servers(network, cards):
    return {"aaa": Aaa(network, "aaa.home.test", cards=cards).start(), "hss": Hss(network, "hss.home.test", cards).start(),
            "pcrf": Pcrf(network, "pcrf.home.test").start()}


@pytest.fixture
def aaa(servers):
    return fresh(servers["aaa"])


@pytest.fixture
def hss(servers):
    return fresh(servers["hss"])


@pytest.fixture
def pcrf(servers):
    return fresh(servers["pcrf"])


def fresh(peer):
    peer.clear()
    if isinstance(peer, Aaa):
        peer.script = {}
    return peer


class Client:
    """A Diameter node of one connection that sends what the test writes. Each has a name of its own: freeDiameter wants
    three watchdogs of one that comes back without having said good-bye."""
    count = 0

    def __init__(self, peer, apps):
        Client.count += 1
        self.peer, self.host, self.end = peer, f"ecs{Client.count}.test", int(time.time() * 1000) % (1 << 31)
        self.sock = socket.create_connection(("127.0.0.1", peer.port), 5)
        self.rest, self.inbound = b"", []
        pairs = self.origin() + [("Host-IP-Address", b"\0\1\x7f\0\0\1"), ("Vendor-Id", 0), ("Product-Name", "test")]
        for app in apps:
            if app == diameter.EAP:
                pairs.append(("Auth-Application-Id", app))
            elif app == diameter.ACCOUNTING:
                pairs.append(("Acct-Application-Id", app))
            else:
                pairs.append(("Vendor-Specific-Application-Id", [("Vendor-Id", diameter.VENDOR), ("Auth-Application-Id", app)]))
        answer = self.ask(diameter.CER, 0, pairs, flags=diameter.REQUEST, raw=True)
        assert answer[4] & 0x80 == 0 and b"\x00\x00\x07\xd1" in answer, answer.hex()

    def origin(self):
        return [("Origin-Host", self.host), ("Origin-Realm", "test")]

    def send(self, command, app, pairs, flags=0xc0, hop=None):
        self.end += 1
        self.sock.sendall(diameter.write_message(command, app, flags, hop or self.end, self.end, pairs))
        return hop or self.end

    def receive(self, seconds=5):
        self.sock.settimeout(seconds)
        while len(self.rest) < 4 or len(self.rest) < int.from_bytes(self.rest[1:4], "big"):
            try:
                data = self.sock.recv(65536)
            except socket.timeout:
                raise AssertionError(f"no answer; {self.peer.faults} {self.peer.log()[-1500:]}") from None
            assert data, "closed"
            self.rest += data
        n = int.from_bytes(self.rest[1:4], "big")
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def ask(self, command, app, pairs, flags=0xc0, raw=False, data=None):
        if data is not None:
            self.sock.sendall(data)
            hop = struct.unpack(">I", data[12:16])[0]
        else:
            hop = self.send(command, app, pairs, flags)
        while True:
            data = self.receive()
            if not data[4] & 0x80 and struct.unpack(">I", data[12:16])[0] == hop:
                return data if raw else Message(data)
            if int.from_bytes(data[5:8], "big") == diameter.DWR:
                self.reply(data, self.origin() + [("Result-Code", 2001)])
            else:
                self.inbound.append(data)

    def reply(self, data, pairs):
        command, (app, hop, end) = int.from_bytes(data[5:8], "big"), struct.unpack(">III", data[8:20])
        self.sock.sendall(diameter.write_message(command, app, data[4] & 0x40, hop, end, pairs))

    def session(self):
        self.end += 1
        return f"{self.host};{int(time.time())};{self.end}"

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def der(client, session, eap, app=diameter.SWM, **more):
    pairs = [("Session-Id", session), ("Auth-Application-Id", app), *client.origin(), ("Destination-Realm", "home.test"),
             ("Auth-Request-Type", 3), ("User-Name", NAI), ("EAP-Payload", eap)]
    values = dict(more)
    pairs = [(name, values.pop(name) if name in values else value) for name, value in pairs]
    return pairs + list(values.items())


def identity(nai=NAI):
    return struct.pack(">BBHB", 2, 1, 5 + len(nai), 1) + nai.encode()


def solve(usim, eap):
    packet = aka.Packet(eap)
    if packet.subtype == 5:
        return aka.response(packet.identifier, 5, aka.attribute(14, struct.pack(">H", len(NAI)) + NAI.encode()))
    result = usim.authenticate(packet.rand, packet.autn)
    if result[0] == "sync":
        return aka.response(packet.identifier, aka.SYNC_FAILURE, bytes([aka.AT_AUTS, 4]) + result[1])
    assert result[0] == "ok"
    return aka.response(packet.identifier, aka.CHALLENGE, aka.res_attribute(result[1]), aka.k_aut(NAI, result[3], result[2]))


def converse(client, aaa, usim, spoil=lambda eap: eap):
    """Result of the last answer and number of rounds."""
    session, eap, state, host, solved = client.session(), identity(), None, None, {}
    for count in range(1, 9):
        more = {"State": state, "Destination-Host": host}
        answer = client.ask(diameter.DER, diameter.SWM, der(client, session, eap, **more))
        if answer.result != (1001, False):
            return answer, count
        state, host = answer.get("State"), answer.get("Origin-Host")
        request = answer.get("EAP-Payload") or answer.get("EAP-Reissued-Payload")
        eap = solved[request] = solved.get(request) or spoil(solve(usim, request))
    raise AssertionError("it never ends")


def faults(peer, text):
    harness.wait_for(lambda: peer.faults, 5, f"a fault with {text!r}")
    assert len(peer.faults) == 1 and text in peer.faults[0], peer.faults
    peer.clear()


@pytest.mark.parametrize("script,rounds", [({}, 2), ({"identity_rounds": 2}, 4), ({"challenges": 2}, 3), ({"reissue": True}, 3)])
def test_a_card_is_authenticated(aaa, script, rounds):
    aaa.script = dict(script, msisdn="4915120000000", user=NAI)
    with Client(aaa, [diameter.SWM]) as client:
        answer, count = converse(client, aaa, aka.Usim(KI, OPC, aaa.cards.rows[IMSI][1]))
    assert answer.result == (2001, False) and count == rounds
    assert answer.get("EAP-Payload")[0] == 3 and answer.get("EAP-Master-Session-Key") == aaa.key
    assert answer.get("Subscription-Id")[1].value == "4915120000000"
    aaa.check()


def test_a_card_that_is_ahead_resynchronises(aaa):
    with Client(aaa, [diameter.SWM]) as client:
        answer, count = converse(client, aaa, aka.Usim(KI, OPC, aaa.cards.rows[IMSI][1] + (400 << 5)))
    assert answer.result == (2001, False) and count == 3
    aaa.check()


def test_another_card_is_not(aaa):
    def wrong(eap):
        return eap[:-1] + bytes([eap[-1] ^ 1])
    with Client(aaa, [diameter.SWM]) as client:
        answer, _ = converse(client, aaa, aka.Usim(KI, OPC, aaa.cards.rows[IMSI][1]), wrong)
    assert answer.result == (4001, False) and answer.get("EAP-Master-Session-Key") is None


@pytest.mark.parametrize("code", [3002, 4001, 5012, ("exp", 5450), 0])
def test_a_scripted_failure_comes(aaa, code):
    aaa.script = {"fail": {1: code}}
    with Client(aaa, [diameter.SWM]) as client:
        answer, count = converse(client, aaa, None)
    assert count == 1 and answer.result == ((code[1], True) if isinstance(code, tuple) else (code or None, False))
    assert bool(answer.flags & diameter.ERROR) == (code == 3002)


def test_what_the_dictionary_refuses(aaa, pcrf, hss):
    """freeDiameter's own checks: missing AVPs 5005, too many 5009."""
    with Client(aaa, [diameter.SWM]) as client:
        pairs = [pair for pair in der(client, client.session(), identity()) if pair[0] != "Auth-Request-Type"]
        assert client.ask(diameter.DER, diameter.SWM, pairs).result == (5005, False)
    assert not aaa.requests
    with Client(hss, [diameter.SWX]) as client:
        answer = client.ask(diameter.MAR, diameter.SWX, mar(client)[:-1])
        assert answer.result == (5005, False)
    with Client(pcrf, [diameter.RX]) as client:
        answer = client.ask(diameter.AAR, diameter.RX, aar(client, client.session()) + [("Framed-IP-Address", b"\n\0\0\2")])
        assert answer.result == (5009, False)


WRONG_DER = {
    "Auth-Request-Type": ({"Auth-Request-Type": 1}, "Auth-Request-Type"),
    "another user": ({"User-Name": "somebody"}, "User-Name"),
    "State at the beginning": ({"State": b"x"}, "State"),
    "host at the beginning": ({"Destination-Host": "aaa.home.test"}, "State or host"),
    "ANID outside of STa": ({"ANID": "WLAN"}, "ANID"),
    "no response": ({"EAP-Payload": b"\1" + identity()[1:]}, "no response"),
    "length of EAP": ({"EAP-Payload": identity() + b"x"}, "no response"),
    "no identity": ({"EAP-Payload": b"\2\1\0\x08\x17\x01\0\0"}, "begin with an identity"),
    "IMEI of 15 digits": ({"Terminal-Information": [("IMEI", "359999000000012")]}, "IMEI"),
    "session of another host": ({"Session-Id": "other.test;1;2"}, "Session-Id"),
}


@pytest.mark.parametrize("name", WRONG_DER)
def test_a_wrong_request_is_noted(aaa, name):
    change, text = WRONG_DER[name]
    with Client(aaa, [diameter.SWM]) as client:
        client.send(diameter.DER, diameter.SWM, der(client, client.session(), identity(), **change))
        faults(aaa, text)


def test_a_wrong_second_round_is_noted(aaa):
    for change, text in (({"State": b"old"}, "State"), ({"Destination-Host": None}, "Destination-Host")):
        with Client(aaa, [diameter.SWM]) as client:
            session = client.session()
            answer = client.ask(diameter.DER, diameter.SWM, der(client, session, identity()))
            more = dict({"State": answer.get("State"), "Destination-Host": "aaa.home.test"}, **change)
            eap = b"\2" + answer.get("EAP-Payload")[1:2] + b"\0\x08\x17\x0e\0\0"
            client.send(diameter.DER, diameter.SWM, der(client, session, eap, **more))
            faults(aaa, text)


def test_bits_and_padding_are_looked_at(aaa):
    with Client(aaa, [diameter.SWM]) as client:
        good = diameter.write_message(diameter.DER, diameter.SWM, 0xc0, 7, 7, der(client, client.session(), identity()))
    Message(good)
    at = good.index(struct.pack(">IB", 1032, 0xc0)) if struct.pack(">IB", 1032, 0xc0) in good else None
    assert at is None
    for spoiled in (good[:4] + b"\xc1" + good[5:], good[:-1] + b"\1" if good[-1] == 0 else good[:-4], good[:-4],
                    good[:20] + good[20:24] + b"\x00" + good[25:]):
        with pytest.raises(diameter.Fault):
            Message(spoiled)


def test_an_str_ends_a_session_once(aaa):
    with Client(aaa, [diameter.SWM]) as client:
        answer, _ = converse(client, aaa, aka.Usim(KI, OPC, aaa.cards.rows[IMSI][1]))
        pairs = [("Session-Id", answer.get("Session-Id")), *client.origin(), ("Destination-Realm", "home.test"),
                 ("Auth-Application-Id", diameter.SWM), ("Termination-Cause", 1)]
        assert client.ask(diameter.STR, diameter.SWM, pairs).result == (2001, False)
        aaa.check()
        client.send(diameter.STR, diameter.SWM, [("Session-Id", client.session())] + pairs[1:])
        faults(aaa, "STR for a session")


def test_accounting_is_taken(aaa):
    with Client(aaa, [diameter.SWM, diameter.ACCOUNTING]) as client:
        pairs = [("Session-Id", client.session()), *client.origin(), ("Destination-Realm", "home.test"),
                 ("Accounting-Record-Type", 1), ("Accounting-Record-Number", 0), ("Acct-Application-Id", 3),
                 ("User-Name", NAI), ("Event-Timestamp", 0xe0000000)]
        assert client.ask(diameter.ACR, diameter.ACCOUNTING, pairs).result == (2001, False)
        aaa.check()
        assert [record.get("User-Name") for record in aaa.of(diameter.ACR)] == [NAI]
        client.send(diameter.ACR, diameter.ACCOUNTING, [("Session-Id", client.session())] + pairs[1:5]
                    + [("Accounting-Record-Number", 1)] + pairs[6:])
        faults(aaa, "record 1 number 1")


def test_the_server_asks_too(aaa):
    """ASR on the connection of the client."""
    import threading
    with Client(aaa, [diameter.SWM]) as client:
        answer, _ = converse(client, aaa, aka.Usim(KI, OPC, aaa.cards.rows[IMSI][1]))
        found = []
        thread = threading.Thread(target=lambda: found.append(aaa.abort(answer.get("Session-Id"), client.host, "test")))
        thread.start()
        data = client.receive()
        assert int.from_bytes(data[5:8], "big") == diameter.ASR and data[4] & 0x80
        client.reply(data, [("Session-Id", answer.get("Session-Id")), ("Result-Code", 2001), *client.origin()])
        thread.join(10)
    assert found and found[0].result == (2001, False)
    aaa.check()


# ---- HSS ----

def mar(client, scheme="EAP-AKA", resync=None, user=IMSI):
    return [("Session-Id", client.session()), ("Auth-Session-State", 1), *client.origin(), ("Destination-Realm", "home.test"),
            ("User-Name", user), ("SIP-Number-Auth-Items", 1),
            ("SIP-Auth-Data-Item", [("SIP-Authentication-Scheme", scheme), ("SIP-Authorization", resync)])]


def test_the_hss_gives_vectors_and_follows_a_card(hss):
    usim = aka.Usim(KI, OPC, hss.cards.rows[IMSI][1] + (77 << 5))
    with Client(hss, [diameter.SWX]) as client:
        item = client.ask(diameter.MAR, diameter.SWX, mar(client)).need("SIP-Auth-Data-Item")
        values = {avp.name: avp.value for avp in item}
        rand, autn = values["SIP-Authenticate"][:16], values["SIP-Authenticate"][16:]
        outcome = usim.authenticate(rand, autn)
        assert outcome[0] == "sync"
        item = client.ask(diameter.MAR, diameter.SWX, mar(client, resync=rand + outcome[1])).need("SIP-Auth-Data-Item")
        values = {avp.name: avp.value for avp in item}
        outcome = usim.authenticate(values["SIP-Authenticate"][:16], values["SIP-Authenticate"][16:])
        assert outcome == ("ok", values["SIP-Authorization"], values["Confidentiality-Key"], values["Integrity-Key"])
        bad = client.ask(diameter.MAR, diameter.SWX, mar(client, resync=rand + bytes(14)))
        assert bad.result == (5012, False) and hss.resynchronised == [True, False]
        assert client.ask(diameter.MAR, diameter.SWX, mar(client, user="001019999999999")).result == (5001, True)
    hss.check()


def test_the_hss_notes_what_is_wrong(hss):
    with Client(hss, [diameter.SWX]) as client:
        client.send(diameter.MAR, diameter.SWX, mar(client, user=NAI))
        faults(hss, "User-Name")
        client.send(diameter.MAR, diameter.SWX, mar(client, scheme="EAP-AKA'"))
        faults(hss, "ANID")
        client.send(diameter.MAR, diameter.SWX, mar(client, resync=bytes(29)))
        faults(hss, "RAND and AUTS")


def test_the_hss_refuses_registrations(hss):
    hss.msisdn = "4915120000000"
    with Client(hss, [diameter.SWX]) as client:
        pairs = mar(client)[:-2]
        answer = client.ask(diameter.SAR, diameter.SWX, pairs + [("Server-Assignment-Type", 12)])
        assert answer.result == (2001, False)
        data = answer.need("Non-3GPP-User-Data")
        assert answer.need("Non-3GPP-IP-Access", data) == 0
        hss.check()
        answer = client.ask(diameter.SAR, diameter.SWX, [("Session-Id", client.session())] + pairs[1:]
                            + [("Server-Assignment-Type", 1)])
        assert answer.result == (5012, False)
        faults(hss, "Server-Assignment-Type 1")


# ---- PCRF ----

def aar(client, session, address=b"\n\0\0\1"):
    return [("Session-Id", session), ("Auth-Application-Id", diameter.RX), *client.origin(), ("Destination-Realm", "home.test"),
            ("Framed-IP-Address", address), ("Specific-Action", 8), ("Specific-Action", 9),
            ("Media-Component-Description", [
                ("Media-Component-Number", 1), ("Media-Type", 2), ("Flow-Status", 2), ("Max-Requested-Bandwidth-DL", 2000000),
                ("Media-Sub-Component", [("Flow-Number", 1),
                                         ("Flow-Description", "permit out ip from 203.0.113.5 to 10.0.0.1")])])]


def test_the_pcrf_opens_and_closes(pcrf):
    import threading
    pcrf.bound = {b"\n\0\0\1"}
    with Client(pcrf, [diameter.RX]) as client:
        session = client.session()
        assert client.ask(diameter.AAR, diameter.RX, aar(client, client.session(), b"\n\0\0\7")).result == (5065, True)
        assert client.ask(diameter.AAR, diameter.RX, aar(client, session)).result == (2001, False)
        assert list(pcrf.sessions) == [session]
        found = []
        thread = threading.Thread(target=lambda: found.append(pcrf.event(session, 8)))
        thread.start()
        data = client.receive()
        assert Message(data).all("Specific-Action") == [8]
        client.reply(data, [("Session-Id", session), ("Result-Code", 2001), *client.origin()])
        thread.join(10)
        assert found[0].result == (2001, False)
        pairs = aar(client, session)[:5] + [("Termination-Cause", 1)]
        assert client.ask(diameter.STR, diameter.RX, pairs).result == (2001, False)
        assert client.ask(diameter.STR, diameter.RX, pairs).result == (5002, False)
    assert pcrf.sessions == {}
    pcrf.check()


def test_the_pcrf_notes_what_is_wrong(pcrf):
    with Client(pcrf, [diameter.RX]) as client:
        client.send(diameter.AAR, diameter.RX, [p for p in aar(client, client.session()) if p[0] != "Framed-IP-Address"])
        faults(pcrf, "one of them")
        client.send(diameter.AAR, diameter.RX, aar(client, client.session(), b"\n\0\0\1\0"))
        faults(pcrf, "Framed-IP-Address")
        client.send(diameter.AAR, diameter.RX, aar(client, client.session())[:-1] + [("Media-Component-Description", [
            ("Media-Component-Number", 1), ("Media-Sub-Component", [("Flow-Number", 1), ("Flow-Description", "allow all")])])])
        faults(pcrf, "Flow-Description")


def test_messages_of_another_client_are_read(pcrf, network):
    """Made by hand against freeDiameter long before: realm and host are other ones, so only reading is tried."""
    with open(GOLDEN, encoding="utf-8") as file:
        golden = dict(line.split() for line in file if not line.startswith("#"))
    assert set(golden) == {"cer", "der_eap", "der_swm", "dpr", "aar"}
    for text in golden.values():
        assert Message(bytes.fromhex(text)).flags & diameter.REQUEST
    data = bytes.fromhex(golden["aar"])
    message = Message(data)
    message.number, message.at = 0, 0
    pcrf.check_component(message, message.need("Media-Component-Description"))
