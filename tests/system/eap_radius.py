# SPDX-License-Identifier: Apache-2.0
"""RADIUS (RFC 2865, 2548, 3579) for tests: packets, a client, a man in the middle."""
import hashlib
import hmac
import os
import socket
import struct
import threading

SECRET = b"not-a-secret-of-anybody"

REQUEST, ACCEPT, REJECT, CHALLENGE = 1, 2, 3, 11
USER_NAME, STATE, VENDOR, NAS_IDENTIFIER, EAP_MESSAGE, MESSAGE_AUTHENTICATOR, ERROR_CAUSE = 1, 24, 26, 32, 79, 80, 101
MPPE_SEND, MPPE_RECV = 16, 17


class Packet:
    def __init__(self, data):
        self.code, self.identifier, length = struct.unpack("!BBH", data[:4])
        assert length == len(data)
        self.authenticator, self.attributes, at = data[4:20], [], 20
        while at < len(data):
            n = data[at + 1]
            assert n >= 2 and at + n <= len(data)
            self.attributes.append((data[at], data[at + 2:at + n]))
            at += n

    def get(self, wanted):
        values = [value for kind, value in self.attributes if kind == wanted]
        return b"".join(values) if values else None

    @property
    def eap(self):
        return self.get(EAP_MESSAGE)

    def with_eap(self, eap):
        """Puts another EAP packet in, in the place of the old one."""
        at = [kind for kind, _ in self.attributes].index(EAP_MESSAGE)
        rest = [(kind, value) for kind, value in self.attributes if kind != EAP_MESSAGE]
        rest[at:at] = [(EAP_MESSAGE, eap[i:i + 253]) for i in range(0, len(eap), 253)]
        self.attributes = rest
        return self

    def encode(self):
        body = b"".join(bytes([kind, len(value) + 2]) + value for kind, value in self.attributes)
        return struct.pack("!BBH", self.code, self.identifier, 20 + len(body)) + self.authenticator + body

    def mac(self, authenticator):
        kept = self.authenticator, self.attributes
        self.authenticator = authenticator
        self.attributes = [(kind, bytes(16) if kind == MESSAGE_AUTHENTICATOR else value) for kind, value in kept[1]]
        data = self.encode()
        self.authenticator, self.attributes = kept
        return hmac.new(SECRET, data, hashlib.md5).digest()

    def signed(self):
        """A request with its Message-Authenticator."""
        mac = self.mac(self.authenticator)
        self.attributes = [(kind, mac if kind == MESSAGE_AUTHENTICATOR else value) for kind, value in self.attributes]
        return self.encode()

    def signed_for(self, request):
        """An answer with Message-Authenticator and Response Authenticator."""
        mac = self.mac(request.authenticator)
        self.attributes = [(kind, mac if kind == MESSAGE_AUTHENTICATOR else value) for kind, value in self.attributes]
        self.authenticator = request.authenticator
        self.authenticator = hashlib.md5(self.encode() + SECRET).digest()
        return self.encode()

    def is_answer_to(self, request):
        own = Packet(self.encode())
        own.authenticator = request.authenticator
        return (self.identifier == request.identifier
                and self.authenticator == hashlib.md5(own.encode() + SECRET).digest()
                and self.get(MESSAGE_AUTHENTICATOR) == self.mac(request.authenticator))

    def mppe_key(self, kind, request):
        """A key of an Access-Accept (RFC 2548 2.4)."""
        for value in (value for number, value in self.attributes if number == VENDOR):
            if value[:5] == bytes([0, 0, 1, 55, kind]):
                salt, data, plain, before = value[6:8], value[8:], b"", request.authenticator + value[6:8]
                assert salt[0] & 0x80 and len(data) % 16 == 0
                for at in range(0, len(data), 16):
                    pad = hashlib.md5(SECRET + before).digest()
                    before = data[at:at + 16]
                    plain += bytes(x ^ y for x, y in zip(before, pad))
                return plain[1:1 + plain[0]]
        return None


def new_request(eap, state=None, identifier=77, name="somebody"):
    attributes = [(MESSAGE_AUTHENTICATOR, bytes(16)), (USER_NAME, name.encode()), (NAS_IDENTIFIER, b"test"),
                  (EAP_MESSAGE, b"")]
    if state is not None:
        attributes.append((STATE, state))
    packet = Packet(struct.pack("!BBH", REQUEST, identifier, 20) + os.urandom(16))
    packet.attributes = attributes
    return packet.with_eap(eap)


def identity_answer(identity, identifier=0):
    data = identity.encode()
    return struct.pack("!BBHB", 2, identifier, 5 + len(data), 1) + data


class Asker:
    """A RADIUS client of one question at a time."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))

    def ask_raw(self, data, wait_s=5):
        """The answer's bytes, None when there is none."""
        self.socket.settimeout(wait_s)
        self.socket.send(data)
        try:
            return self.socket.recv(4096)
        except socket.timeout:
            return None

    def ask(self, request):
        data = self.ask_raw(request.signed())
        assert data is not None, "the server does not answer"
        answer = Packet(data)
        assert answer.is_answer_to(request)
        return answer

    def close(self):
        self.socket.close()


class Relay:
    """A man in the middle between a RADIUS client and the front. spoil_request(packet) and spoil_answer(packet) give
    the bytes to pass on; everything that passed is kept."""

    def __init__(self, port):
        self.asker = Asker(port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.port = self.socket.getsockname()[1]
        self.requests, self.answers, self.faults, self.ending = [], [], [], False
        self.spoil_request = lambda packet: packet.encode()
        self.spoil_answer = lambda packet, _: packet.encode()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.ending:
            try:
                data, address = self.socket.recvfrom(4096)
            except socket.timeout:
                continue
            try:
                self.pass_on(data, address)
            except Exception as fault:  # told by __exit__: a thread has no other way
                self.faults.append(fault)
                return

    def pass_on(self, data, address):
        request = Packet(data)
        self.requests.append(Packet(data))
        reply = self.asker.ask_raw(self.spoil_request(request))
        if reply is not None:
            answer = Packet(reply)
            self.answers.append(Packet(reply))
            self.socket.sendto(self.spoil_answer(answer, request), address)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ending = True
        self.thread.join()
        self.socket.close()
        self.asker.close()
        if kind is None and self.faults:
            raise self.faults[0]
