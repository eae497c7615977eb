# SPDX-License-Identifier: Apache-2.0
"""A SIM card, an authentication centre and the phone's keys of EAP-AKA, written apart from the product's code: Milenage
(TS 35.206), AKA (TS 33.102 6.3), key derivation (RFC 4187 7)."""
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def rotate(block, bits):
    number = int.from_bytes(block, "big")
    return (((number << bits) | (number >> (128 - bits))) & (1 << 128) - 1).to_bytes(16, "big")


class Milenage:
    def __init__(self, ki, opc):
        self.ki, self.opc = bytes.fromhex(ki), bytes.fromhex(opc)

    def aes(self, block):
        return Cipher(algorithms.AES(self.ki), modes.ECB()).encryptor().update(block)

    def f1(self, rand, sqn, amf):
        """f1 (MAC-A) and f1* (MAC-S)."""
        temp = self.aes(xor(rand, self.opc))
        block = xor(temp, rotate(xor((sqn + amf) * 2, self.opc), 64))
        out = xor(self.aes(block), self.opc)
        return out[:8], out[8:]

    def out(self, rand, bits, constant):
        temp = self.aes(xor(rand, self.opc))
        block = xor(rotate(xor(temp, self.opc), bits), constant.to_bytes(16, "big"))
        return xor(self.aes(block), self.opc)

    def f2_f5(self, rand):
        out = self.out(rand, 0, 1)
        return out[8:], out[:6]

    def f3(self, rand):
        return self.out(rand, 32, 2)

    def f4(self, rand):
        return self.out(rand, 64, 4)

    def f5_star(self, rand):
        return self.out(rand, 96, 8)[:6]


class Card:
    """A USIM that takes every SQN above its own and not too far ahead. The hooks of the tests are attributes."""
    DELTA = 1 << (28 + 5)  # 28 bits of SEQ (TS 33.102 C.3), 5 of IND

    def __init__(self, ki, opc, sqn=0, res_n=8):
        self.milenage, self.sqn, self.res_n = Milenage(ki, opc), sqn, res_n
        self.seen = []  # SQN of every challenge with a right MAC-A
        self.change_res = lambda res: res
        self.change_auts = lambda auts: auts
        self.step_ms = 0  # added to SQN_MS after every AUTS

    def answer(self, rand, autn):
        """The part of a CTRL-RSP-SIM behind "UMTS-"."""
        res, ak = self.milenage.f2_f5(rand)
        sqn, amf = xor(autn[:6], ak), autn[6:8]
        if self.milenage.f1(rand, sqn, amf)[0] != autn[8:]:
            return "FAIL"
        number = int.from_bytes(sqn, "big")
        self.seen.append(number)
        if not self.sqn < number <= self.sqn + self.DELTA:
            return "AUTS:" + self.change_auts(self.auts(rand)).hex()
        self.sqn = number
        res = self.change_res(res[:self.res_n])
        return f"AUTH:{self.milenage.f4(rand).hex()}:{self.milenage.f3(rand).hex()}:{res.hex()}"

    def auts(self, rand):
        sqn = self.sqn.to_bytes(6, "big")
        self.sqn += self.step_ms
        return xor(sqn, self.milenage.f5_star(rand)) + self.milenage.f1(rand, sqn, bytes(2))[1]


def make_vector(milenage, sqn, amf="8000"):
    """The authentication centre: RAND, AUTN, IK, CK, RES."""
    rand, sqn, amf = os.urandom(16), sqn.to_bytes(6, "big"), bytes.fromhex(amf)
    res, ak = milenage.f2_f5(rand)
    autn = xor(sqn, ak) + amf + milenage.f1(rand, sqn, amf)[0]
    return rand, autn, milenage.f4(rand), milenage.f3(rand), res


def sqn_of_auts(milenage, rand, auts):
    """SQN_MS; None when MAC-S is wrong."""
    sqn = xor(auts[:6], milenage.f5_star(rand))
    return int.from_bytes(sqn, "big") if milenage.f1(rand, sqn, bytes(2))[1] == auts[6:] else None


# ---- the phone (RFC 4187 7 and 10.15, FIPS 186-2 change notice 1) ----

WORD = 0xFFFFFFFF


def left(word, bits):
    return (word << bits | word >> (32 - bits)) & WORD


def compress(block):
    """One SHA-1 compression of 64 bytes from its initial state, without padding."""
    start = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
    w = list(struct.unpack("!16I", block))
    for i in range(16, 80):
        w.append(left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    a, b, c, d, e = start
    for i in range(80):
        f, k = ((b & c | ~b & d, 0x5A827999), (b ^ c ^ d, 0x6ED9EBA1), (b & c | b & d | c & d, 0x8F1BBCDC),
                (b ^ c ^ d, 0xCA62C1D6))[i // 20]
        a, b, c, d, e = (left(a, 5) + (f & WORD) + e + k + w[i]) & WORD, a, left(b, 30), c, d
    return struct.pack("!5I", *((x + y) & WORD for x, y in zip(start, (a, b, c, d, e))))


def phone_keys(identity, ik, ck):
    """K_aut and MSK."""
    key, stream = int.from_bytes(hashlib.sha1(identity.encode() + ik + ck).digest(), "big"), b""
    while len(stream) < 160:
        part = compress(key.to_bytes(20, "big") + bytes(44))
        key = (1 + key + int.from_bytes(part, "big")) % (1 << 160)
        stream += part
    return stream[16:32], stream[32:96]


def challenge_answer(identifier, k_aut, attributes):
    """Response/AKA-Challenge with the given attributes and a right AT_MAC behind them."""
    body = bytes([23, 1, 0, 0]) + attributes + bytes([11, 5, 0, 0])
    packet = struct.pack("!BBH", 2, identifier, 4 + len(body) + 16) + body
    return packet + hmac.new(k_aut, packet + bytes(16), hashlib.sha1).digest()[:16]


def at_res(res, bits=None):
    return bytes([3, 1 + len(res) // 4]) + (8 * len(res) if bits is None else bits).to_bytes(2, "big") + res
