# SPDX-License-Identifier: Apache-2.0
"""An AAA that says what the test tells it to, over RADIUS (RFC 2865, 3579)."""
import socket
import struct
import threading

from eap_radius import Packet


class RadiusDouble:
    """script: what is answered, in order: ("challenge" | "accept" | "reject", EAP packet[, IMSI in User-Name]). With an
    empty script it is silent. requests: the requests that came, without repetitions."""

    CODES = {"accept": 2, "reject": 3, "challenge": 11}

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.port = self.socket.getsockname()[1]
        self.script, self.requests, self.state, self.ending, self.fault = [], [], b"state-0123456789", False, None
        self.sent = {}
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.ending:
            try:
                data, address = self.socket.recvfrom(4096)
            except socket.timeout:
                continue
            try:
                answer = self.answer(data, address)
            except Exception as fault:  # told by __exit__: a thread has no other way
                self.fault = fault
                return
            if answer:
                self.socket.sendto(answer, address)

    def answer(self, data, address):
        key = address, data
        if key in self.sent:
            return self.sent[key]
        request = Packet(data)
        assert request.mac(request.authenticator) == request.get(80), "Message-Authenticator is wrong"
        self.requests.append(request)
        answer = self.make(request) if self.script else None
        self.sent[key] = answer
        return answer

    def make(self, request):
        word, eap, *name = self.script.pop(0)
        answer = Packet(struct.pack("!BBH16s", self.CODES[word], request.identifier, 20, bytes(16)))
        answer.attributes = [(79, eap[at:at + 253]) for at in range(0, len(eap), 253)]
        if name and name[0]:
            answer.attributes.append((1, f"0{name[0]}@nai.epc.mnc001.mcc001.3gppnetwork.org".encode()))
        if word == "challenge":
            answer.attributes.append((24, self.state))
        answer.attributes.append((80, bytes(16)))
        return answer.signed_for(request)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        self.socket.close()
        if self.fault:
            raise self.fault
