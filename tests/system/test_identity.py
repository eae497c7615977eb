# SPDX-License-Identifier: Apache-2.0
"""EAP-AKA' (RFC 9048) and identities that the phone encrypts (eap-aka.md 9), on the built-in EAP server; the card and the
peer are written here from the digests."""
import base64
import hashlib
import hmac
import os

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import aka
import client
from aka import AT_AUTN, AT_AUTS, AT_MAC, AT_RAND, CHALLENGE, SYNC_FAILURE, attribute, res_attribute
from radius_double import RadiusDouble
from test_relay import aka_challenge, settings as relayed

AT_KDF_INPUT, AT_KDF = 23, 24
PRIME = 50


def sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def prime_k_aut(identity, network, autn, ck, ik):
    s = b"\x20" + network + len(network).to_bytes(2, "big") + autn[:6] + b"\0\6"
    bound = sha256(ck + ik, s)
    key, label, out, last = bound[16:] + bound[:16], b"EAP-AKA'" + identity.encode(), b"", b""
    for i in range(7):
        last = sha256(key, last + label + bytes([i + 1]))
        out += last
    return out[16:48]


def prime_response(identifier, subtype, attributes=b"", key=None):
    body = bytes([PRIME, subtype, 0, 0]) + attributes
    if key is not None:
        body += attribute(AT_MAC, bytes(18))
    packet = bytes([2, identifier]) + (len(body) + 4).to_bytes(2, "big") + body
    return packet[:-16] + sha256(key, packet)[:16] if key is not None else packet


def solve(phone, packet, identity=None, res=None):
    """What a peer of EAP-AKA' makes of a challenge."""
    assert packet.type == PRIME
    size, network = packet.get(AT_KDF_INPUT)[:2], packet.get(AT_KDF_INPUT)[2:]
    network = network[:int.from_bytes(size, "big")]
    assert packet.get(AT_KDF) == b"\0\1" and network == b"WLAN"
    assert packet.autn[6] & 0x80, "the separation bit of AMF belongs to vectors of EAP-AKA'"
    result = phone.usim.authenticate(packet.rand, packet.autn)
    assert result[0] == "ok", result
    key = prime_k_aut(identity or phone.eap_id, network, packet.autn, result[2], result[3])
    at = [offset for kind, _, offset in packet.attributes if kind == AT_MAC][0] + 4
    zeroed = packet.data[:at] + bytes(16) + packet.data[at + 16:]
    if identity is None:
        assert sha256(key, zeroed)[:16] == packet.data[at:at + 16], "AT_MAC of the challenge"
    return prime_response(packet.identifier, CHALLENGE, res_attribute(res or result[1]), key)


@pytest.fixture
def prime(make_daemon, phone):
    daemon = make_daemon(identity={"aka_prime": True})

    def make(**how):
        p = phone(at=daemon, **how)
        p.eap_id = "6" + p.eap_id[1:]
        return p
    make.daemon = daemon
    return make


# ---- EAP-AKA' ----

def test_a_phone_of_the_newer_method_gets_its_document(prime):
    p = prime()
    exchange = p.challenge(["ap2003", "ap2004"])
    assert [kind for kind, _, _ in exchange.packet.attributes][:2] == [AT_RAND, AT_AUTN]
    answer = solve(p, exchange.packet)
    document = p.relay(exchange, answer).document()
    assert document.status("ap2004") == 1
    p.token = document.token_text
    assert p.ask().status("ap2004") == 1
    again = p.relay(exchange, answer).document()  # the answer that the network has lost
    assert again.token_text == document.token_text
    other = prime()
    other.eap_id = "0" + other.eap_id[1:]  # the older method is served beside it
    assert other.login().status("ap2004") == 1


def test_the_newer_method_is_off_unless_it_is_configured(phone):
    p = phone()
    p.eap_id = "6" + p.eap_id[1:]
    assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 511


def test_a_wrong_answer_of_the_newer_method_is_refused(prime):
    p = prime()
    exchange = p.challenge()
    right = solve(p, exchange.packet)
    assert p.relay(exchange, right[:-1] + bytes([right[-1] ^ 1])).status == 403
    assert p.relay(exchange, right).status == 403  # the exchange is over
    q = prime()
    exchange = q.challenge()
    assert q.relay(exchange, solve(q, exchange.packet, res=bytes(8))).status == 403
    r = prime()
    exchange = r.challenge()
    answer = solve(r, exchange.packet)
    assert r.relay(exchange, answer[:4] + bytes([23]) + answer[5:]).status == 400  # a packet of the older method


def test_the_newer_method_resynchronises(prime):
    p = prime()
    p.usim.sqn = 1 << 20
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    assert result[0] == "sync"
    failure = prime_response(exchange.packet.identifier, SYNC_FAILURE,
                             attribute(AT_KDF, b"\0\1") + attribute(AT_AUTS, result[1]))
    second = client.Exchange(p.relay(exchange, failure))
    exchange.packet = second.packet
    assert p.relay(exchange, solve(p, second.packet)).document().status("ap2004") == 1


def test_another_realm_of_the_same_phone_still_fits(prime):
    """A phone that makes its key of the default realm, whatever it sends, and does not look at our MAC (clients.md C-16)."""
    p = prime()
    shown = p.eap_id.replace("nai.epc", "wlan")
    exchange = p.challenge(EAP_ID=shown)
    assert p.relay(exchange, solve(p, exchange.packet, identity=p.eap_id)).document().status("ap2004") == 1


# ---- encrypted identities ----

@pytest.fixture(scope="module")
def rsa_keys():
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)]


def encrypt(key, identity, identifier=None, mgf=None):
    oaep = padding.OAEP(mgf=padding.MGF1(mgf or hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    text = base64.b64encode(key.public_key().encrypt(identity.encode(), oaep)).decode()
    return "\0" + text + (f",{identifier}" if identifier else "")


def write_key(path, key):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(path)


@pytest.fixture
def private(tmp_path, make_daemon, phone, rsa_keys):
    daemon = make_daemon(identity={"aka_prime": True},
                         identity_keys=[{"file": write_key(tmp_path / "a.pem", rsa_keys[0]), "identifier": "Serial=1"},
                                        {"file": write_key(tmp_path / "b.pem", rsa_keys[1]), "identifier": "Serial=2"}])

    def make(**how):
        return phone(at=daemon, **how)
    make.daemon, make.tmp_path = daemon, tmp_path
    return make


# proves: E-030
@pytest.mark.parametrize("which,identifier", [(0, None), (1, None), (1, "Serial=2"), (0, "serial=1"), (1, "Serial=other")])
def test_an_encrypted_identity_is_decrypted_and_enters_the_key(private, rsa_keys, which, identifier):
    p = private()
    mark = private.daemon.mark()
    sent = encrypt(rsa_keys[which], p.eap_id, identifier)
    exchange = p.challenge(EAP_ID=sent)
    document = p.relay(exchange, p.solve(exchange.packet)).document()  # the key is made of the plain identity
    assert document.status("ap2004") == 1
    p.token = document.token_text
    assert p.ask().status("ap2004") == 1
    log = private.daemon.text(mark)
    assert p.imsi not in log and sent[1:60] not in log
    assert private().imsi != p.imsi


# proves: E-030
def test_an_identity_that_nobody_can_decrypt_asks_for_another_way(private, rsa_keys, phone):
    p = private()
    for bad in (encrypt(rsa_keys[2], p.eap_id), encrypt(rsa_keys[0], p.eap_id, "Serial=2"), "\0AAAA", "\0" + "A" * 344,
                encrypt(rsa_keys[0], "anonymous@" + p.eap_id.split("@")[1]), encrypt(rsa_keys[0], "2" + p.eap_id[1:])):
        assert p.get(p.parameters(EAP_ID=bad)).status == 511, bad
    plain = phone()  # a daemon without keys
    assert plain.get(plain.parameters(EAP_ID=encrypt(rsa_keys[0], plain.eap_id))).status == 511


# proves: E-030
def test_older_phones_encrypt_no_realm(private, rsa_keys):
    p = private()
    sent = encrypt(rsa_keys[0], p.eap_id.split("@")[0])
    p.eap_id = p.eap_id.split("@")[0]  # of which the key is made
    exchange = p.challenge(EAP_ID=sent)
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
    assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 403  # unencrypted it needs one
    assert p.get(p.parameters(EAP_ID=encrypt(rsa_keys[0], "0262990000000001"))).status == 403


def test_an_identity_that_no_key_opens_is_the_business_of_an_aaa(private, rsa_keys):
    """User-Name is anonymous; the AAA, which has the key, names the IMSI. Of the key that is here it sees the plain text."""
    p = private()
    with RadiusDouble() as aaa:
        private.daemon.write(**relayed(aaa.port, aaa={"anonymous_realm": "nai.epc.mnc001.mcc001.3gppnetwork.org"}))
        private.daemon.reload()
        for key, named, status in ((2, p.imsi, 200), (2, None, 403), (0, None, 200)):
            sent, plain = encrypt(rsa_keys[key], p.eap_id), key == 0
            aaa.requests.clear()
            aaa.script = [("challenge", aka_challenge(p.line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4", named)]
            p.usim = aka.Usim(p.line.ki, p.line.opc)
            exchange = p.challenge(EAP_ID=sent)
            answer = p.relay(exchange, p.solve(exchange.packet))
            assert answer.status == status
            assert aaa.requests[0].eap[5:].decode() == (p.eap_id if plain else sent)
            assert aaa.requests[0].get(1).startswith(b"0" if plain else b"anonymous@")
        assert p.imsi not in private.daemon.text()


def test_an_encrypted_identity_of_another_network_is_refused(private, rsa_keys):
    p = private()
    sent = encrypt(rsa_keys[0], p.eap_id.replace("mnc001.mcc001", "mnc099.mcc262"))
    assert p.get(p.parameters(EAP_ID=sent)).status == 403
    stranger = encrypt(rsa_keys[0], "0262990000000001@nai.epc.mnc099.mcc262.3gppnetwork.org")
    assert p.get(p.parameters(EAP_ID=stranger)).status == 403


def test_an_encrypted_identity_of_the_newer_method(private, rsa_keys):
    p = private()
    p.eap_id = "6" + p.eap_id[1:]
    exchange = p.challenge(EAP_ID=encrypt(rsa_keys[0], p.eap_id))
    assert p.relay(exchange, solve(p, exchange.packet)).document().status("ap2004") == 1


def test_a_new_key_is_taken_by_a_reload(private, rsa_keys):
    p = private()
    sent = encrypt(rsa_keys[2], p.eap_id, "Serial=3")
    assert p.get(p.parameters(EAP_ID=sent)).status == 511
    private.daemon.write(identity_keys=[{"file": write_key(private.tmp_path / "c.pem", rsa_keys[2]), "identifier": "Serial=3"}])
    private.daemon.reload()
    exchange = p.challenge(EAP_ID=sent)
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
    (private.tmp_path / "c.pem").write_text("no key")
    private.daemon.reload(good=False)
    assert private().get(p.parameters(EAP_ID=sent)).status == 200  # the former one stays in force
