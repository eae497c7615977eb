# SPDX-License-Identifier: Apache-2.0
"""A SIM card and EAP-AKA packets in Python, written from the digests: Milenage (TS 35.206), sequence numbers (TS 33.102
annex C), the key generator of FIPS 186-2, the packet codec of RFC 4187. Only AES itself comes from outside."""
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


# ---- SIM: Milenage (TS 35.206), sequence numbers (TS 33.102 annex C) ----

def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def rotate(block, bits):
    n = bits // 8
    return block[n:] + block[:n]


class Milenage:
    def __init__(self, ki, opc):
        self.ki, self.opc = ki, opc

    def temp(self, rand):
        return aes(self.ki, xor(rand, self.opc))

    def f1(self, rand, sqn, amf):
        """MAC-A and MAC-S."""
        first = sqn + amf
        out = xor(rotate(xor(first + first, self.opc), 64), self.temp(rand))
        out = xor(aes(self.ki, out), self.opc)
        return out[:8], out[8:]

    def out(self, rand, bits, last):
        block = rotate(xor(self.temp(rand), self.opc), bits)
        return xor(aes(self.ki, xor(block, bytes(15) + bytes([last]))), self.opc)

    def f2345(self, rand):
        second = self.out(rand, 0, 1)
        return second[8:], self.out(rand, 32, 2), self.out(rand, 64, 4), second[:6]  # RES CK IK AK

    def f5_star(self, rand):
        return self.out(rand, 96, 8)[:6]


class Usim:
    """A card. The sequence number that it holds is that of the highest accepted vector."""

    def __init__(self, ki, opc, sqn=0):
        self.milenage, self.sqn = Milenage(ki, opc), sqn

    def authenticate(self, rand, autn):
        """("ok", RES, CK, IK), ("sync", AUTS) or ("mac",)."""
        res, ck, ik, ak = self.milenage.f2345(rand)
        sqn, amf = xor(autn[:6], ak), autn[6:8]
        if self.milenage.f1(rand, sqn, amf)[0] != autn[8:]:
            return ("mac",)
        number = int.from_bytes(sqn, "big")
        if number >> 5 <= self.sqn >> 5 or (number >> 5) - (self.sqn >> 5) > 1 << 28:
            return ("sync", self.auts(rand))
        self.sqn = number
        return ("ok", res, ck, ik)

    def auts(self, rand, sqn=None):
        mine = (self.sqn if sqn is None else sqn).to_bytes(6, "big")
        return xor(mine, self.milenage.f5_star(rand)) + self.milenage.f1(rand, mine, b"\0\0")[1]


# ---- keys of EAP-AKA (RFC 4187 section 7): SHA-1 compression and the generator of FIPS 186-2 ----

def sha1_block(state, block):
    def left(x, n):
        return (x << n | x >> (32 - n)) & 0xffffffff

    w = list(struct.unpack(">16I", block))
    for i in range(16, 80):
        w.append(left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    a, b, c, d, e = state
    for i in range(80):
        if i < 20:
            f, k = b & c | ~b & d, 0x5a827999
        elif i < 40:
            f, k = b ^ c ^ d, 0x6ed9eba1
        elif i < 60:
            f, k = b & c | b & d | c & d, 0x8f1bbcdc
        else:
            f, k = b ^ c ^ d, 0xca62c1d6
        a, b, c, d, e = (left(a, 5) + (f & 0xffffffff) + e + k + w[i]) & 0xffffffff, a, left(b, 30), c, d
    return b"".join(struct.pack(">I", (x + y) & 0xffffffff) for x, y in zip(state, (a, b, c, d, e)))


def prf(xkey, size):
    start = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
    out = b""
    while len(out) < size:
        w = sha1_block(start, xkey + bytes(44))
        number = (1 + int.from_bytes(xkey, "big") + int.from_bytes(w, "big")) % (1 << 160)
        xkey = number.to_bytes(20, "big")
        out += w
    return out[:size]


def k_aut(identity, ik, ck):
    master = hashlib.sha1(identity.encode() + ik + ck).digest()
    return prf(master, 160)[16:32]


# ---- EAP packets ----

AT_RAND, AT_AUTN, AT_RES, AT_AUTS, AT_MAC, AT_CLIENT_ERROR_CODE = 1, 2, 3, 4, 11, 22
AT_CHECKCODE, AT_RESULT_IND, AT_BIDDING = 134, 135, 136
CHALLENGE, REJECT, SYNC_FAILURE, CLIENT_ERROR = 1, 2, 4, 14


class Packet:
    """A decoded EAP-AKA packet. attributes: (number, value behind the two head bytes, offset), in order."""

    def __init__(self, data):
        assert len(data) >= 8, f"{len(data)} bytes are no EAP-AKA packet"
        self.data = data
        self.code, self.identifier, length, self.type, self.subtype, reserved = struct.unpack(">BBHBBH", data[:8])
        assert length == len(data), "the length field is not the size of the packet"
        assert reserved == 0
        self.attributes, at = [], 8
        while at < len(data):
            size = data[at + 1] * 4
            assert 4 <= size <= len(data) - at, f"attribute at {at} has no good length"
            self.attributes.append((data[at], data[at + 2:at + size], at))
            at += size

    def get(self, number):
        found = [value for kind, value, _ in self.attributes if kind == number]
        assert len(found) == 1, f"attribute {number} is there {len(found)} times"
        return found[0]

    @property
    def rand(self):
        return self.get(AT_RAND)[2:]

    @property
    def autn(self):
        return self.get(AT_AUTN)[2:]


def attribute(number, value):
    """value without padding; two head bytes are added here."""
    size = (len(value) + 2 + 3) // 4 * 4
    return bytes([number, size // 4]) + value + bytes(size - 2 - len(value))


def response(identifier, subtype, attributes=b"", key=None, eap_type=23, code=2):
    """An EAP response; with a key AT_MAC is appended and computed."""
    body = bytes([eap_type, subtype, 0, 0]) + attributes
    if key is not None:
        body += attribute(AT_MAC, bytes(18))
    packet = struct.pack(">BBH", code, identifier, len(body) + 4) + body
    if key is not None:
        packet = packet[:-16] + hmac.new(key, packet, hashlib.sha1).digest()[:16]
    return packet


def res_attribute(res, bits=None):
    return attribute(AT_RES, struct.pack(">H", len(res) * 8 if bits is None else bits) + res)
