# SPDX-License-Identifier: Apache-2.0
"""The product's EAP-AKA server, judged by a phone of other makers: wpa_supplicant's peer (Debian package eapoltest)
talks to it through a small RADIUS server (tests/tools/radius_front). What that peer would never send comes from a
client made by hand."""
import os
import shutil

import pytest

from eap_card import Card, Milenage, at_res, challenge_answer, phone_keys
from eap_peers import IDENTITY, Front, hexdumps, run_peer
from eap_radius import (ACCEPT, CHALLENGE, ERROR_CAUSE, MPPE_RECV, MPPE_SEND, REJECT, STATE, Asker, Relay,
                        identity_answer, new_request)

IMSI = "001010000000001"
NAI = IDENTITY.format(IMSI)
VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "milenage.txt")


def read_sets():
    with open(VECTORS, encoding="ascii") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {int(row[0]): row[1:] for row in rows}


SETS = read_sets()
KI, OPC = SETS[1][0], SETS[1][2]
needs_peer = pytest.mark.skipif(not shutil.which("eapol_test") and "CI" not in os.environ,
                                reason="eapol_test (package eapoltest) is not installed")


def one(sqn=0, ki=KI, opc=OPC, amf="8000", res_n=8):
    return [(IMSI, ki, opc, amf, sqn, res_n)]


def verdicts(front):
    return [line.split("verdict ")[1] for line in front.lines if "verdict" in line]


def assert_same_keys(result, times=1):
    """Both halves of the MSK, as the peer made them and as the server sent them in the Access-Accept."""
    assert f"MPPE keys OK: {times}  mismatch: 0" in result.log
    msk = hexdumps(result.log, "EAP-SIM: keying material (MSK)")[-1]
    assert len(msk) == 64
    assert hexdumps(result.log, "MS-MPPE-Recv-Key (crypt)")[-1] == msk[:32]
    assert hexdumps(result.log, "MS-MPPE-Send-Key (sign)")[-1] == msk[32:]


def assert_refused(result):
    assert not result.success
    assert "Access-Reject" in result.log and "Access-Accept" not in result.log


# ---- the judge itself ----

@pytest.mark.parametrize("number", SETS)
def test_the_card_of_these_tests_follows_the_published_sets(number):
    ki, _, opc, *rest = SETS[number]
    rand, sqn, amf, f1, f1_star, f2, f3, f4, f5, f5_star = map(bytes.fromhex, rest)
    milenage = Milenage(ki, opc)
    assert milenage.f1(rand, sqn, amf)[0] == f1
    assert milenage.f1(rand, sqn, amf)[1] == f1_star
    assert milenage.f2_f5(rand) == (f2, f5)
    assert (milenage.f3(rand), milenage.f4(rand), milenage.f5_star(rand)) == (f3, f4, f5_star)


# ---- success ----

# proves: E-001 E-003 E-004 E-005
@needs_peer
@pytest.mark.parametrize("number", [number for number in SETS if number != 2])
def test_the_peer_authenticates_with_every_published_key(number):
    ki, _, opc, _, sqn, amf = SETS[number][:6]
    first = int(sqn, 16)
    card = Card(ki, opc, first)
    with Front(one(first, ki, opc, amf)) as front, Relay(front.port) as relay:
        result = run_peer(relay.port, NAI, card)
    assert result.success
    assert_same_keys(result)
    assert verdicts(front) == ["success"]
    assert [answer.code for answer in relay.answers] == [CHALLENGE, ACCEPT]
    challenge, end = (answer.eap for answer in relay.answers)
    assert challenge[0] == 1 and int.from_bytes(challenge[2:4], "big") == len(challenge)
    assert challenge[4:8] == bytes([23, 1, 0, 0])
    assert end == bytes([3, challenge[1], 0, 4])
    assert card.seen == [(first // 32 + 1) * 32]


# proves: E-003
@needs_peer
@pytest.mark.parametrize("identity", [NAI, "0" + IMSI, "0" + IMSI + "@NAI.EPC.mnc001.MCC001.3gppNetwork.org",
                                      "0" + IMSI + "@wlan.mnc001.mcc001.3gppnetwork.org"])
def test_the_keys_hang_on_the_identity_byte_for_byte(identity):
    with Front(one()) as front:
        result = run_peer(front.port, identity, Card(KI, OPC))
    assert result.success
    assert_same_keys(result)


@needs_peer
@pytest.mark.parametrize("res_n", [4, 5, 6, 7, 8])
def test_shorter_res_of_the_operator_is_accepted(res_n):
    with Front(one(res_n=res_n)) as front:
        result = run_peer(front.port, NAI, Card(KI, OPC, res_n=res_n))
    # RFC 4187 10.8: whole bytes, the attribute is filled up with zeros
    assert result.success
    assert_same_keys(result)


@needs_peer
@pytest.mark.parametrize("extras", range(8))
def test_the_optional_attributes_of_the_challenge_are_understood(extras):
    with Front(one(), extras) as front:
        result = run_peer(front.port, NAI, Card(KI, OPC))
    assert result.success
    assert_same_keys(result)
    for bit, text in ((1, "AT_CHECKCODE"), (2, "AT_RESULT_IND"), (4, "AT_BIDDING")):
        assert (f"EAP-SIM: {text}\n" in result.log or f"EAP-AKA: {text}\n" in result.log) == bool(extras & bit)


@needs_peer
def test_the_offer_of_the_newer_method_stops_a_peer_that_prefers_it():
    with Front(one(), extras=4) as front:
        result = run_peer(front.port, NAI, Card(KI, OPC), method="AKA AKA'")
    assert_refused(result)
    assert verdicts(front) == ["peer_reject"]
    with Front(one(), extras=0) as front:
        assert run_peer(front.port, NAI, Card(KI, OPC), method="AKA AKA'").success


@needs_peer
def test_one_peer_authenticates_again_and_again_with_growing_sqn():
    card = Card(KI, OPC)
    with Front(one()) as front:
        result = run_peer(front.port, NAI, card, rounds=4)
    assert result.success
    assert_same_keys(result, times=4)
    assert verdicts(front) == ["success"] * 4
    assert card.seen == [32, 64, 96, 128]


@needs_peer
def test_subscribers_are_told_apart():
    rows = [(f"00101000000000{i}", SETS[i][0], SETS[i][2], "8000", 0, 8) for i in range(3, 8)]
    with Front(rows) as front:
        for imsi, ki, opc, *_ in rows:
            assert run_peer(front.port, IDENTITY.format(imsi), Card(ki, opc)).success
        assert_refused(run_peer(front.port, IDENTITY.format(rows[0][0]), Card(rows[1][1], rows[1][2])))
    assert verdicts(front) == ["success"] * 5 + ["peer_reject"]


# ---- resynchronisation ----

# proves: E-006
@needs_peer
@pytest.mark.parametrize("server, card_sqn", [(0, 0x5000020), (0x40, 0x60), (0x400000000020, 0x40),
                                              (0, 0xFFFFFFFF0000)])
def test_a_card_that_is_elsewhere_is_resynchronised(server, card_sqn):
    card = Card(KI, OPC, card_sqn)
    with Front(one(server)) as front, Relay(front.port) as relay:
        result = run_peer(relay.port, NAI, card)
    assert result.success
    assert_same_keys(result)
    assert front.lines == ["session 1 challenge 1", "session 1 challenge 2", "session 1 verdict success"]
    first, second, _ = (answer.eap for answer in relay.answers)
    assert second[1] == (first[1] + 1) % 256
    assert second[12:28] != first[12:28]
    assert card_sqn < card.seen[1] <= card_sqn + 32


@needs_peer
def test_a_card_that_never_agrees_does_not_get_vectors_for_ever():
    card = Card(KI, OPC, 0x100000)
    card.step_ms = 0x10000
    with Front(one()) as front:
        result = run_peer(front.port, NAI, card)
    assert_refused(result)
    assert len(card.seen) == 3
    assert verdicts(front) == ["too_many_challenges"]


@needs_peer
@pytest.mark.parametrize("at", [0, 5, 6, 13])
def test_a_forged_auts_moves_nothing(at):
    card, honest = Card(KI, OPC, 0x100000), Card(KI, OPC, 0x20)
    card.change_auts = lambda auts: auts[:at] + bytes([auts[at] ^ 1]) + auts[at + 1:]
    with Front(one(0x20)) as front:
        assert_refused(run_peer(front.port, NAI, card))
        assert run_peer(front.port, NAI, honest).success
    assert verdicts(front) == ["forged_auts", "success"]
    assert honest.seen == [0x60]


# ---- refusals ----

@needs_peer
def test_a_card_with_another_key_refuses_the_network():
    with Front(one()) as front:
        result = run_peer(front.port, NAI, Card(SETS[3][0], SETS[3][2]))
    assert_refused(result)
    assert "Generating EAP-AKA Authentication-Reject" in result.log
    assert verdicts(front) == ["peer_reject"]


WRONG_RES = {
    "one bit": lambda res: bytes([res[0] ^ 1]) + res[1:],
    "last bit": lambda res: res[:-1] + bytes([res[-1] ^ 0x80]),
    "first half": lambda res: res[:4],
    "one byte less": lambda res: res[:7],
    "longer": lambda res: res + bytes(8),
    "zeros": lambda res: bytes(8),
}


# proves: E-005
@needs_peer
@pytest.mark.parametrize("change", WRONG_RES)
def test_a_wrong_res_under_a_right_mac_is_refused(change):
    card = Card(KI, OPC)
    card.change_res = WRONG_RES[change]
    with Front(one()) as front:
        result = run_peer(front.port, NAI, card)
    assert_refused(result)
    assert verdicts(front) == ["rejected"]


# proves: E-005
@needs_peer
@pytest.mark.parametrize("at", [-1, -16, 13, 14, 6])
def test_an_answer_that_was_changed_on_the_way_is_refused(at):
    def spoil(packet):
        eap = bytearray(packet.eap)
        if eap[4] == 23:
            eap[at] ^= 1  # MAC, RES, a reserved byte under the MAC
        return packet.with_eap(bytes(eap)).signed()

    with Front(one()) as front, Relay(front.port) as relay:
        relay.spoil_request = spoil
        result = run_peer(relay.port, NAI, Card(KI, OPC))
    assert_refused(result)
    assert verdicts(front) == ["rejected"]


# proves: E-004
@needs_peer
@pytest.mark.parametrize("at", [-1, -16, 6])
def test_the_peer_checks_the_mac_of_the_challenge(at):
    def spoil(packet, request):
        eap = bytearray(packet.eap)
        if packet.code == CHALLENGE:
            eap[at] ^= 1
        return packet.with_eap(bytes(eap)).signed_for(request)

    with Front(one()) as front, Relay(front.port) as relay:
        relay.spoil_answer = spoil
        result = run_peer(relay.port, NAI, Card(KI, OPC))
    assert_refused(result)
    assert "invalid AT_MAC" in result.log
    assert verdicts(front) == ["client_error"]


@needs_peer
def test_a_peer_without_the_method_is_refused():
    with Front(one()) as front:
        assert_refused(run_peer(front.port, NAI, Card(KI, OPC), method="SIM"))
    assert verdicts(front) == ["nak"]


@needs_peer
@pytest.mark.parametrize("identity", ["0001019999999999@nai.epc.mnc001.mcc001.3gppnetwork.org",
                                      "6" + NAI[1:], "2abc@nai.epc.mnc001.mcc001.3gppnetwork.org"])
def test_an_identity_that_the_server_does_not_know_gets_no_challenge(identity):
    with Front(one()) as front:
        assert_refused(run_peer(front.port, identity, Card(KI, OPC)))
    assert front.lines == ["session 0 verdict unknown_identity"]


# ---- a client made by hand ----

class Phone:
    """Takes the challenge and has its keys at hand; what it answers is up to the test."""

    def __init__(self, front):
        self.asker, self.milenage = Asker(front.port), Milenage(KI, OPC)

    def begin(self):
        self.take(self.asker.ask(new_request(identity_answer(NAI))))
        return self

    def take(self, answer):
        assert answer.code == CHALLENGE
        self.state, self.identifier = answer.get(STATE), answer.eap[1]
        rand = answer.eap[12:28]
        self.res, _ = self.milenage.f2_f5(rand)
        self.k_aut, self.msk = phone_keys(NAI, self.milenage.f4(rand), self.milenage.f3(rand))

    def answer(self, attributes=None, identifier=None):
        return challenge_answer(self.identifier if identifier is None else identifier, self.k_aut,
                                at_res(self.res) if attributes is None else attributes)

    def send(self, eap, state=None):
        self.request = new_request(eap, self.state if state is None else state)
        return self.asker.ask(self.request)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.asker.close()


# proves: E-003 E-005
def test_a_right_answer_gets_the_keys():
    with Front(one()) as front, Phone(front).begin() as phone:
        end = phone.send(phone.answer())
        assert end.code == ACCEPT
        assert end.mppe_key(MPPE_RECV, phone.request) == phone.msk[:32]
        assert end.mppe_key(MPPE_SEND, phone.request) == phone.msk[32:]
    assert verdicts(front) == ["success"]


# proves: E-014
@pytest.mark.parametrize("step", [1, -1, 128])
def test_an_answer_with_another_identifier_is_not_processed(step):
    with Front(one()) as front, Phone(front).begin() as phone:
        before = phone.identifier
        for eap in (phone.answer(identifier=(before + step) % 256),
                    bytes([2, (before + step) % 256, 0, 8, 23, 2, 0, 0]),  # even a reject of the network
                    bytes([2, (before + step) % 256, 0, 8, 23, 14, 0, 0])):
            again = phone.send(eap)
            assert again.code == CHALLENGE
            assert again.get(ERROR_CAUSE) == (202).to_bytes(4, "big")
            assert again.eap[1] == before
        assert phone.send(phone.answer()).code == ACCEPT
    assert verdicts(front) == ["wrong_identifier"] * 3 + ["success"]


def test_a_finished_exchange_cannot_be_answered_again():
    with Front(one()) as front, Phone(front).begin() as phone:
        eap = phone.answer()
        assert phone.send(eap).code == ACCEPT
        assert phone.send(eap).code == REJECT
        assert phone.send(eap, state=bytes(16)).code == REJECT
    assert verdicts(front) == ["success", "unknown_state", "unknown_state"]


def test_an_answer_of_an_earlier_exchange_does_not_open_a_new_one():
    with Front(one()) as front, Phone(front).begin() as old, Phone(front).begin() as new:
        eap = bytearray(old.answer())
        assert old.send(bytes(eap)).code == ACCEPT
        eap[1] = new.identifier
        assert new.send(bytes(eap)).code == REJECT
        # after the refusal the right answer comes too late
        assert new.send(new.answer()).code == REJECT
    assert verdicts(front) == ["success", "rejected", "unknown_state"]


def test_a_repeated_datagram_gets_the_same_bytes_and_uses_no_vector():
    with Front(one()) as front, Phone(front) as phone:
        data = new_request(identity_answer(NAI)).signed()
        first = phone.asker.ask_raw(data)
        assert first is not None and phone.asker.ask_raw(data) == first
    assert front.lines == ["session 1 challenge 1", "repeated"]


# proves: E-013
def test_unknown_skippable_attributes_of_the_answer_are_ignored():
    with Front(one()) as front, Phone(front).begin() as phone:
        assert phone.send(phone.answer(bytes([200, 2, 1, 2, 3, 4, 5, 6]) + at_res(phone.res))).code == ACCEPT
    assert verdicts(front) == ["success"]


MALFORMED = {
    "length of zero": lambda res: at_res(res) + bytes([200, 0, 0, 0]),
    "overrun": lambda res: bytes([200, 60, 0, 0]) + at_res(res),
    "duplicate": lambda res: at_res(res) + at_res(res),
    "unknown and not skippable": lambda res: at_res(res) + bytes([99, 1, 0, 0]),
    "more bits than bytes": lambda res: at_res(res, 128),
    "no RES": lambda res: b"",
}


# proves: E-012
@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_attributes_under_a_right_mac_end_the_exchange(fault):
    with Front(one()) as front, Phone(front).begin() as phone:
        assert phone.send(phone.answer(MALFORMED[fault](phone.res))).code == REJECT
        with Phone(front).begin() as other:  # and the server lives on
            assert other.send(other.answer()).code == ACCEPT
    assert verdicts(front) == ["bad_packet", "success"]


# proves: E-005
def test_fewer_bits_of_res_than_expected_are_refused():
    with Front(one()) as front:
        for bits, eap_res in ((32, 4), (56, 8)):
            with Phone(front).begin() as phone:
                assert phone.send(phone.answer(at_res(phone.res[:eap_res], bits))).code == REJECT
    assert verdicts(front) == ["rejected", "rejected"]


def test_requests_without_a_right_message_authenticator_are_dropped():
    with Front(one()) as front, Phone(front).begin() as phone:
        right = new_request(phone.answer(), phone.state).signed()
        for at in (22, 40, len(right) - 1):  # the MAC itself, User-Name, State
            wrong = bytearray(right)
            wrong[at] ^= 1
            assert phone.asker.ask_raw(bytes(wrong), wait_s=0.2) is None
        assert phone.asker.ask_raw(right) is not None
    assert verdicts(front) == ["success"]
    assert sum(line == "discarded: Message-Authenticator is wrong" for line in front.lines) == 3


def test_broken_datagrams_are_dropped_and_the_server_lives_on():
    with Front(one()) as front, Phone(front) as phone:
        right = new_request(identity_answer(NAI)).signed()
        broken = [right[:n] for n in range(1, len(right), 7)]
        broken += [right[:2] + n.to_bytes(2, "big") + right[4:] for n in (0, 19, len(right) - 1, len(right) + 1)]
        broken += [right[:21] + bytes([n]) + right[22:] for n in (0, 1, 255)]  # length of the first attribute
        for data in broken:
            phone.asker.socket.send(data)
        assert phone.begin().send(phone.answer()).code == ACCEPT
    assert sum(line.startswith("discarded: ") for line in front.lines) == len(broken)
    assert verdicts(front) == ["success"]
