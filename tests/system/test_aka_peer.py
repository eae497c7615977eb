# SPDX-License-Identifier: Apache-2.0
"""The phone's side of the product's EAP-AKA codecs (they drive the device simulator and answer identity rounds for
phones), judged by hostapd as the operator's RADIUS server."""
import os

import pytest

from eap_peers import IDENTITY, AkaPeer, Hostapd, find_hostapd
from eap_radius import ACCEPT, CHALLENGE, MPPE_RECV, MPPE_SEND, REJECT, STATE, Asker, identity_answer, new_request

KI, OPC = "90dca4eda45b53cf0f12d7c9c3bc6a89", "cb9cccc4b9258e6dca4760379fb82581"
OTHER_KI = "5122250214c33e723a5dd523fc145fc0"
NAI = IDENTITY.format("001010000000001")
PLAIN = ("eap_sim_id=0", "eap_sim_aka_result_ind=0")  # no temporary identities: no encrypted attributes
FULL = ("eap_sim_id=3", "eap_sim_aka_result_ind=1")

pytestmark = pytest.mark.skipif(not find_hostapd() and "CI" not in os.environ, reason="hostapd is not installed")


def authenticate(server, peer):
    """The last answer, its request, and the EAP packets of the server."""
    asker, seen = Asker(server.port), []
    try:
        request = new_request(identity_answer(NAI), identifier=0, name=NAI)
        while True:
            answer = asker.ask(request)
            seen.append(answer.eap)
            reply = peer.answer(answer.eap)
            if reply is None or answer.code != CHALLENGE:
                return answer, request, seen
            request = new_request(reply, answer.get(STATE), identifier=len(seen), name=NAI)
    finally:
        asker.close()


def subtypes(seen):
    return [eap[5] for eap in seen if len(eap) > 5]


@pytest.mark.parametrize("options", [PLAIN, FULL])
def test_the_phones_side_is_accepted_and_has_the_same_keys(options):
    with Hostapd(KI, OPC, options=options) as server, AkaPeer(NAI, KI, OPC) as peer:
        answer, request, seen = authenticate(server, peer)
    assert answer.code == ACCEPT
    assert peer.said["end"] == "success"
    assert subtypes(seen) == [5, 1]
    assert (130 in [kind for kind, _ in attributes(seen[1])]) == (options is FULL)
    msk = bytes.fromhex(peer.said["msk"])
    assert answer.mppe_key(MPPE_RECV, request) == msk[:32]
    assert answer.mppe_key(MPPE_SEND, request) == msk[32:]


def attributes(eap):
    at, found = 8, []
    while at < len(eap):
        n = 4 * eap[at + 1]
        found.append((eap[at], eap[at + 2:at + n]))
        at += n
    return found


@pytest.mark.parametrize("sqn", [0x40, 0x5000020, 0x400000000000])
def test_the_cards_resynchronisation_is_understood(sqn):
    with Hostapd(KI, OPC, options=PLAIN) as server, AkaPeer(NAI, KI, OPC, sqn) as peer:
        answer, _, seen = authenticate(server, peer)
        asked = server.auc.asked
    assert answer.code == ACCEPT
    assert subtypes(seen) == [5, 1, 1]
    assert asked == ["AKA-REQ-AUTH", "AKA-AUTS", "AKA-REQ-AUTH"]


def test_a_network_with_another_key_is_refused_by_the_card():
    with Hostapd(OTHER_KI, OPC, options=PLAIN) as server, AkaPeer(NAI, KI, OPC) as peer:
        answer, _, seen = authenticate(server, peer)
        log = server.log()
    assert answer.code == REJECT
    assert peer.said["end"] == "failure" and "msk" not in peer.said
    assert "Client rejected authentication" in log or "Authentication-Reject" in log
    assert subtypes(seen) == [5, 1]


def test_an_answer_that_the_server_does_not_expect_is_refused():
    with Hostapd(KI, OPC, options=PLAIN) as server, AkaPeer(NAI, KI, OPC) as peer:
        server.auc.change_res = lambda res: res[:-1] + bytes([res[-1] ^ 1])
        answer, _, seen = authenticate(server, peer)
    assert answer.code == REJECT
    assert peer.said["end"] == "failure" and peer.said["notification"] == "16384"
    assert subtypes(seen) == [5, 1, 12]
