# SPDX-License-Identifier: Apache-2.0
"""What the Diameter servers of the tests do: an AAA with EAP-AKA (applications EAP, SWm, STa) and accounting, an HSS (SWx),
a PCRF (Rx). The cards' halves come from eap_card.py. Scripted by attributes; see each class."""
import os
import struct
import threading

import aka
import diameter
from diameter import expect, experimental
from diameter_peers import Peer, counted
from eap_card import Milenage, make_vector, sqn_of_auts

IDENTITY_ROUND, CHALLENGE, NOTIFICATION, SYNC_FAILURE = 5, 1, 12, 4


class Cards:
    """Vectors of the operator's cards; sqn of each is the last one that was given out."""

    def __init__(self):
        self.rows, self.lock = {}, threading.Lock()

    def add(self, imsi, ki, opc, sqn=0):
        self.rows[imsi] = [Milenage(bytes(ki).hex(), bytes(opc).hex()), sqn]

    def vector(self, imsi):
        """RAND, AUTN, IK, CK, RES."""
        with self.lock:
            row = self.rows[imsi]
            row[1] = (row[1] // 32 + 1) * 32
            return make_vector(row[0], row[1])

    def resynchronise(self, imsi, rand, auts):
        """False: MAC-S is wrong."""
        with self.lock:
            sqn = sqn_of_auts(self.rows[imsi][0], rand, auts)
            if sqn is None:
                return False
            self.rows[imsi][1] = max(self.rows[imsi][1], sqn)
            return True


class Conversation:
    def __init__(self, identity):
        self.identity, self.round, self.identities, self.challenges = identity, 0, 0, 0
        self.state, self.request, self.vector, self.over = None, None, None, None

    @property
    def imsi(self):
        return self.identity[1:].split("@")[0]


class Aaa(Peer):
    """Every conversation runs as script says, a dict of:
    identity_rounds, challenges (1), reissue (True: each first answer to a challenge is passed over once), notify (True: a
    wrong RES gives a notification first), fail {round: code or ("exp", code)}, delay {round: s}, silent {rounds}, packet
    {round: EAP bytes or function} (given with 1001 instead of the own one), state (True), auth_state (None, 0, 1), user,
    msisdn, imsi (in Subscription-Id), success (code), eap_success (True), key (True: EAP-Master-Session-Key), timeout_s,
    session_s, class, request_type. A round is a DER, from 1."""
    role = "eap"
    key = b"\xd1MSK" * 16

    def __init__(self, network, identity, app=diameter.SWM, cards=None):
        super().__init__(network, identity)
        self.app, self.cards, self.script, self.conversations = app, cards or Cards(), {}, {}
        self.accounting_code = 2001

    def on_request(self, message):
        if message.command == diameter.DER:
            self.on_der(message)
        elif message.command == diameter.STR:
            self.on_str(message)
        elif message.command == diameter.ACR:
            self.on_acr(message)
        else:
            raise diameter.Fault(f"command {message.command}")

    # -- DER --

    ALLOWED = ("Session-Id", "Auth-Application-Id", "Origin-Host", "Origin-Realm", "Destination-Realm", "Destination-Host",
               "Auth-Request-Type", "EAP-Payload", "User-Name", "State", "NAS-Identifier", "NAS-Port-Type", "Calling-Station-Id",
               "Called-Station-Id", "Framed-MTU", "Service-Type", "Connect-Info", "Origin-State-Id", "Auth-Session-State")
    OF_3GPP = ("RAT-Type", "Visited-Network-Identifier", "Terminal-Information", "Service-Selection", "AAA-Failure-Indication")

    def check_der(self, message, talk):
        allowed = self.ALLOWED + (self.OF_3GPP if self.app != diameter.EAP else ())
        counted(message, allowed + (("ANID",) if self.app == diameter.STA else ()))
        expect(message.app == self.app == message.need("Auth-Application-Id"), f"application {message.app}")
        wanted = self.script.get("request_type", 1 if self.app == diameter.EAP else 3)
        expect(message.need("Auth-Request-Type") == wanted, "Auth-Request-Type")
        expect(message.get("Auth-Session-State") in (None, 0, 1), "Auth-Session-State")
        expect(message.get("RAT-Type") in (None, 0, 1), "RAT-Type")
        terminal = message.get("Terminal-Information")
        if terminal is not None:
            imei = message.need("IMEI", terminal)
            expect(imei.isdigit() and len(imei) == 14, "IMEI is not 14 digits")
            version = message.get("Software-Version", terminal)
            expect(version is None or version.isdigit() and len(version) == 2, "Software-Version is not 2 digits")
        eap = message.need("EAP-Payload")
        expect(len(eap) >= 5 and eap[0] == 2 and struct.unpack(">H", eap[2:4])[0] == len(eap), "EAP-Payload is no response")
        if talk is None:
            expect(eap[4] == 1, "a conversation does not begin with an identity")
            expect(message.get("State") is None and message.get("Destination-Host") is None, "first DER with State or host")
            expect(eap[5:] and eap[5:].isascii(), "identity")
        else:
            expect(talk.over is None, "the conversation is over")
            expect(message.get("State") == talk.state, "State is not that of the last answer")
            expect(message.need("Destination-Host") == self.identity, "Destination-Host")
            expect(eap[1] == talk.request[1], "identifier of the EAP response")
        identity = eap[5:].decode() if talk is None else talk.identity
        expect(message.get("User-Name") in (None, identity), "User-Name is not the identity")
        return eap

    def on_der(self, message):
        name = message.need("Session-Id")
        talk = self.conversations.get(name)
        eap = self.check_der(message, talk)
        if talk is None:
            talk = self.conversations[name] = Conversation(eap[5:].decode())
        talk.round += 1
        script = self.script
        if talk.round in script.get("silent", ()):
            self.send("d", message.number, b"")
            return
        delay = script.get("delay", {}).get(talk.round, 0)
        failure = script.get("fail", {}).get(talk.round)
        if failure is not None:
            self.finish(message, talk, failure, delay)
            return
        own = script.get("packet", {}).get(talk.round)
        if own is not None:
            talk.request = own(talk) if callable(own) else own
            self.more(message, talk, delay)
            return
        self.step(message, talk, eap, delay)

    def step(self, message, talk, eap, delay):
        """The EAP server proper."""
        if talk.request is not None and talk.vector is not None:
            verdict = self.judge(talk, eap)
            if verdict == "passed" and self.script.get("reissue") and not getattr(talk, "reissued", False):
                talk.reissued = True
                self.more(message, talk, delay, reissue=True)
                return
            if verdict == "wrong" or verdict == "passed" and talk.challenges >= self.script.get("challenges", 1):
                self.finish(message, talk, 4001 if verdict == "wrong" else self.script.get("success", 2001), delay)
                return
        if talk.identities < self.script.get("identity_rounds", 0):
            talk.identities += 1
            talk.request = aka.response(self.next_id(talk), IDENTITY_ROUND, aka.attribute(13, b"\0\0"), code=1)
        else:
            if talk.identities and talk.vector is None:
                self.check_identity(talk, eap)
            talk.challenges += 1
            talk.vector = self.cards.vector(talk.imsi)
            rand, autn, ik, ck, _ = talk.vector
            talk.request = aka.response(self.next_id(talk), CHALLENGE, aka.attribute(1, bytes(2) + rand)
                                        + aka.attribute(2, bytes(2) + autn), aka.k_aut(talk.identity, ik, ck), code=1)
        self.more(message, talk, delay)

    @staticmethod
    def next_id(talk):
        return (talk.request[1] + 1) % 256 if talk.request else 0x41

    @staticmethod
    def check_identity(talk, eap):
        packet = aka.Packet(eap)
        expect((packet.type, packet.subtype) == (23, IDENTITY_ROUND), "no answer to AKA-Identity")
        value = packet.get(14)
        length = struct.unpack(">H", value[:2])[0]
        expect(value[2:2 + length].decode() == talk.identity, "AT_IDENTITY is not the identity of the beginning")

    def judge(self, talk, eap):
        """passed, wrong, or again (resynchronised)."""
        packet = aka.Packet(eap)
        expect(packet.code == 2 and packet.type == 23, "no EAP-AKA response")
        rand, _, ik, ck, res = talk.vector
        if packet.subtype == SYNC_FAILURE:
            auts = packet.get(aka.AT_AUTS)
            return "again" if self.cards.resynchronise(talk.imsi, rand, auts) else "wrong"
        if packet.subtype != CHALLENGE:
            return "wrong"
        kinds = [kind for kind, _, _ in packet.attributes]
        if aka.AT_MAC not in kinds or aka.AT_RES not in kinds:
            return "wrong"
        value = packet.get(aka.AT_RES)
        bits = struct.unpack(">H", value[:2])[0]
        at = [offset for kind, _, offset in packet.attributes if kind == aka.AT_MAC][0] + 4
        zeroed = packet.data[:at] + bytes(16) + packet.data[at + 16:]
        mac = aka.hmac.new(aka.k_aut(talk.identity, ik, ck), zeroed, "sha1").digest()[:16]
        return "passed" if value[2:2 + bits // 8] == res and mac == packet.data[at:at + 16] else "wrong"

    def common(self, message):
        return [("Auth-Application-Id", self.app), ("Auth-Request-Type", message.need("Auth-Request-Type"))]

    def more(self, message, talk, delay, reissue=False):
        if self.script.get("state", True):
            talk.state = os.urandom(24)
        self.answer(message, self.common(message) + [
            ("Result-Code", 1001), ("EAP-Reissued-Payload" if reissue else "EAP-Payload", talk.request), ("State", talk.state),
            ("Multi-Round-Time-Out", self.script.get("timeout_s"))], delay)

    def finish(self, message, talk, code, delay):
        script = self.script
        talk.over = code
        failed = isinstance(code, tuple) or code not in (2001, 2002)
        result = [experimental(code[1])] if isinstance(code, tuple) else [("Result-Code", code)] if code else []
        identifier = talk.request[1] if talk.request else 0
        eap = struct.pack(">BBH", 4 if failed else 3, identifier, 4) if script.get("eap_success", True) else None
        pairs = self.common(message) + result + [("EAP-Payload", eap)]
        if not failed:
            subscription = [("Subscription-Id", [("Subscription-Id-Type", kind), ("Subscription-Id-Data", script[name])])
                            for kind, name in ((0, "msisdn"), (1, "imsi")) if name in script]
            pairs += [("EAP-Master-Session-Key", self.key if script.get("key", True) else None),
                      ("User-Name", script.get("user")), *subscription, ("Auth-Session-State", script.get("auth_state")),
                      ("Session-Timeout", script.get("session_s")), ("Class", script.get("class"))]
        base = not isinstance(code, tuple) and code is not None and 3000 <= code < 4000
        self.answer(message, pairs, delay, error=base)

    # -- the rest --

    def on_str(self, message):
        counted(message, ("Session-Id", "Origin-Host", "Origin-Realm", "Destination-Realm", "Destination-Host",
                          "Auth-Application-Id", "Termination-Cause", "User-Name", "Origin-State-Id"))
        expect(message.app == self.app == message.need("Auth-Application-Id"), "application of STR")
        expect(message.need("Termination-Cause") == 1, "Termination-Cause")
        talk = self.conversations.get(message.need("Session-Id"))
        expect(talk is not None and talk.over is not None, "STR for a session that is not there or not over")
        expect(message.get("User-Name") in (None, talk.identity, self.script.get("user")), "User-Name of STR")
        self.answer(message, [("Result-Code", 2001)])

    def on_acr(self, message):
        counted(message, ("Session-Id", "Origin-Host", "Origin-Realm", "Destination-Realm", "Destination-Host",
                          "Accounting-Record-Type", "Accounting-Record-Number", "Acct-Application-Id", "User-Name",
                          "Event-Timestamp", "Origin-State-Id", "Class", "NAS-Identifier", "Acct-Session-Id"))
        expect(message.app == diameter.ACCOUNTING, "application of ACR")
        expect(message.get("Acct-Application-Id") == diameter.ACCOUNTING, "Acct-Application-Id")
        kind, number = message.need("Accounting-Record-Type"), message.need("Accounting-Record-Number")
        expect(kind in (1, 2, 3, 4) and (kind != 1 or number == 0), f"record {kind} number {number}")
        code = self.accounting_code
        self.answer(message, [("Result-Code", code), ("Accounting-Record-Type", kind), ("Accounting-Record-Number", number)],
                    error=3000 <= code < 4000)

    def abort(self, session, host, realm):
        """ASR; the answer."""
        return self.ask(diameter.ASR, self.app, self.reverse(session, host, realm))

    def reauthorise(self, session, host, realm):
        return self.ask(diameter.RAR, self.app, self.reverse(session, host, realm) + [("Re-Auth-Request-Type", 1)])

    def reverse(self, session, host, realm):
        return [("Session-Id", session), ("Origin-Host", self.identity), ("Origin-Realm", self.realm),
                ("Destination-Realm", realm), ("Destination-Host", host), ("Auth-Application-Id", self.app)]


class Hss(Peer):
    """SWx. fail: a code or ("exp", code) for MAR; delay_s; scheme: what the answer says ("EAP-AKA" or "EAP-AKA'", None: as
    asked); barred, msisdn: of the profile. Asked for a registration it notes a fault and refuses."""
    role = "swx"
    ALLOWED = ("Session-Id", "Vendor-Specific-Application-Id", "Auth-Session-State", "Origin-Host", "Origin-Realm",
               "Destination-Realm", "Destination-Host", "User-Name", "Origin-State-Id")

    def __init__(self, network, identity, cards=None):
        super().__init__(network, identity)
        self.cards, self.fail, self.delay_s, self.scheme = cards or Cards(), None, 0, None
        self.barred, self.msisdn, self.profile_fail, self.resynchronised = False, None, None, []
        self.change = lambda pairs: pairs

    def on_request(self, message):
        expect(message.app == diameter.SWX, f"application {message.app}")
        group = message.get("Vendor-Specific-Application-Id")
        if group is not None:
            expect(message.need("Vendor-Id", group) == diameter.VENDOR
                   and message.need("Auth-Application-Id", group) == diameter.SWX, "Vendor-Specific-Application-Id")
        expect(message.need("Auth-Session-State") == 1, "Auth-Session-State")
        imsi = message.need("User-Name")
        expect(imsi.isdigit() and 6 <= len(imsi) <= 15, "User-Name is more than the digits of the IMSI")
        if message.command == diameter.MAR:
            self.on_mar(message, imsi)
        elif message.command == diameter.SAR:
            self.on_sar(message, imsi)
        else:
            raise diameter.Fault(f"command {message.command}")

    def result(self, failure):
        return [experimental(failure[1])] if isinstance(failure, tuple) else [("Result-Code", failure)]

    def on_mar(self, message, imsi):
        counted(message, self.ALLOWED + ("SIP-Number-Auth-Items", "SIP-Auth-Data-Item", "RAT-Type", "ANID",
                                         "Visited-Network-Identifier", "Terminal-Information", "AAA-Failure-Indication"))
        expect(message.need("SIP-Number-Auth-Items") == 1, "more than one vector is asked for")
        item = message.need("SIP-Auth-Data-Item")
        scheme = message.need("SIP-Authentication-Scheme", item)
        expect(scheme in ("EAP-AKA", "EAP-AKA'"), f"scheme {scheme}")
        expect(scheme == "EAP-AKA" or message.get("ANID"), "EAP-AKA' without ANID")
        expect(not {avp.name for avp in item} - {"SIP-Authentication-Scheme", "SIP-Authorization"}, "members of the item")
        resync = message.get("SIP-Authorization", item)
        if self.fail is not None:
            self.answer(message, [("Auth-Session-State", 1), *self.result(self.fail)], self.delay_s)
            return
        if imsi not in self.cards.rows:
            self.answer(message, [("Auth-Session-State", 1), experimental(5001)], self.delay_s)
            return
        if resync is not None:
            expect(len(resync) == 30, "SIP-Authorization is not RAND and AUTS")
            good = self.cards.resynchronise(imsi, resync[:16], resync[16:])
            self.resynchronised.append(good)
            if not good:
                self.answer(message, [("Auth-Session-State", 1), ("Result-Code", 5012)], self.delay_s)
                return
        rand, autn, ik, ck, res = self.cards.vector(imsi)
        self.answer(message, self.change([
            ("Auth-Session-State", 1), ("Result-Code", 2001), ("User-Name", imsi), ("SIP-Number-Auth-Items", 1),
            ("SIP-Auth-Data-Item", [("SIP-Item-Number", 1), ("SIP-Authentication-Scheme", self.scheme or scheme),
                                    ("SIP-Authenticate", rand + autn), ("SIP-Authorization", res),
                                    ("Confidentiality-Key", ck), ("Integrity-Key", ik)])]), self.delay_s)

    def on_sar(self, message, imsi):
        counted(message, self.ALLOWED + ("Server-Assignment-Type",))
        kind = message.need("Server-Assignment-Type")
        if kind != 12:
            self.faults.append(f"Server-Assignment-Type {kind}: it would take a live session away")
            self.answer(message, [("Auth-Session-State", 1), ("Result-Code", 5012)])
        elif self.profile_fail is not None or imsi not in self.cards.rows:
            self.answer(message, [("Auth-Session-State", 1), *self.result(self.profile_fail or ("exp", 5001))], self.delay_s)
        else:
            members = [("Non-3GPP-IP-Access", int(self.barred))]
            if self.msisdn:
                members.insert(0, ("Subscription-Id", [("Subscription-Id-Type", 0), ("Subscription-Id-Data", self.msisdn)]))
            self.answer(message, [("Auth-Session-State", 1), ("Result-Code", 2001), ("User-Name", imsi),
                                  ("Non-3GPP-User-Data", members)], self.delay_s)


class Pcrf(Peer):
    """Rx, in an instance without the NASREQ dictionary. bound: UE addresses with an IP-CAN session (None: all); fail: list
    of codes for the next AARs, one each; sessions: Session-Id -> the last AAR; delay_s; silent (True: takes the AAR and its
    session, answers nothing). events(...) and abort(...) are requests of this side."""
    role, no_nasreq = "rx", True
    ALLOWED = ("Session-Id", "Auth-Application-Id", "Origin-Host", "Origin-Realm", "Destination-Realm", "Destination-Host",
               "IP-Domain-Id", "Called-Station-Id", "AF-Application-Identifier", "Framed-IP-Address", "Framed-IPv6-Prefix",
               "Rx-Request-Type", "Origin-State-Id", "Service-Info-Status", "AF-Charging-Identifier")
    MANY = ("Media-Component-Description", "Subscription-Id", "Specific-Action", "Supported-Features")

    def __init__(self, network, identity):
        super().__init__(network, identity)
        self.bound, self.fail, self.sessions, self.delay_s, self.silent = None, [], {}, 0, False
        self.retry_interval, self.ended = None, []

    def on_request(self, message):
        expect(message.app == diameter.RX == message.need("Auth-Application-Id"), "application")
        if message.command == diameter.AAR:
            self.on_aar(message)
        elif message.command == diameter.STR:
            self.on_str(message)
        else:
            raise diameter.Fault(f"command {message.command}")

    def check_component(self, message, component):
        expect(message.need("Media-Component-Number", component) >= 1, "Media-Component-Number")
        expect(message.get("Media-Type", component) in (None, 0, 1, 2, 3, 4, 5, 6, 0xffffffff), "Media-Type")
        expect(message.get("Flow-Status", component) in (None, 0, 1, 2, 3, 4), "Flow-Status")
        for flow in message.all("Media-Sub-Component", component):
            rules = message.all("Flow-Description", flow)
            expect(message.need("Flow-Number", flow) >= 1 and len(rules) <= 2, "Media-Sub-Component")
            for rule in rules:
                words = rule.split()
                expect(words[:1] == ["permit"] and words[1] in ("in", "out") and words[3] == "from" and "to" in words[5:],
                       f"Flow-Description {rule!r}")

    def on_aar(self, message):
        counted(message, self.ALLOWED, self.MANY)
        name = message.need("Session-Id")
        v4, v6 = message.get("Framed-IP-Address"), message.get("Framed-IPv6-Prefix")
        expect((v4 is None) != (v6 is None), "Framed-IP-Address or Framed-IPv6-Prefix, one of them")
        expect(v4 is None or len(v4) == 4, "Framed-IP-Address")
        expect(v6 is None or v6[0] == 0 and v6[1] <= 128 and 2 + (v6[1] + 7) // 8 <= len(v6) <= 18, "Framed-IPv6-Prefix")
        known = name in self.sessions
        expect(message.get("Rx-Request-Type") in ((None, 0, 1) if known else (None, 0)), "Rx-Request-Type")
        for component in message.all("Media-Component-Description"):
            self.check_component(message, component)
        for group in message.all("Subscription-Id"):
            kind, data = message.need("Subscription-Id-Type", group), message.need("Subscription-Id-Data", group)
            expect(kind in (0, 1) and data.isdigit(), "Subscription-Id")
        expect(all(action in range(1, 17) for action in message.all("Specific-Action")), "Specific-Action")
        failure = self.fail.pop(0) if self.fail else None
        if failure is None and self.bound is not None and (v4 or v6) not in self.bound:
            failure = 5065
        if failure is None:
            self.sessions[name] = message
        if self.silent:
            self.send("d", message.number, b"")
            return
        base = failure is not None and (failure < 4000 or failure == 5012)
        pairs = [("Auth-Application-Id", diameter.RX),
                 ("Result-Code", failure or 2001) if failure is None or base else experimental(failure)]
        if failure == 4261:
            pairs.append(("Retry-Interval", self.retry_interval))
        if failure == 5063:
            pairs.append(("Acceptable-Service-Info", [("Max-Requested-Bandwidth-DL", 1000000)]))
        self.answer(message, pairs, self.delay_s, error=base and failure < 4000)

    def on_str(self, message):
        counted(message, ("Session-Id", "Auth-Application-Id", "Origin-Host", "Origin-Realm", "Destination-Realm",
                          "Destination-Host", "Termination-Cause", "Origin-State-Id"))
        expect(message.need("Termination-Cause") in (1, 4), "Termination-Cause")
        name = message.need("Session-Id")
        self.ended.append(name)
        self.answer(message, [("Result-Code", 2001 if self.sessions.pop(name, None) else 5002)])

    def reverse(self, session):
        opened = self.sessions.get(session)
        host, realm = (opened.need("Origin-Host"), opened.need("Origin-Realm")) if opened else (session.split(";")[0], "test")
        return [("Session-Id", session), ("Auth-Application-Id", diameter.RX), ("Origin-Host", self.identity),
                ("Origin-Realm", self.realm), ("Destination-Realm", realm), ("Destination-Host", host)]

    def event(self, session, *actions, cause=None):
        """RAR with these Specific-Actions; the answer."""
        return self.ask(diameter.RAR, diameter.RX, self.reverse(session) + [("Specific-Action", a) for a in actions]
                        + [("Abort-Cause", cause)])

    def abort(self, session, cause=0):
        return self.ask(diameter.ASR, diameter.RX, self.reverse(session) + [("Abort-Cause", cause)])
