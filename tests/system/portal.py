# SPDX-License-Identifier: Apache-2.0
"""What the tests of operator-hosted pages stand on: a small certification authority, the caller's side of the callback
interface, the sample portal as a process."""
import datetime
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import harness


class Authority:
    """Issues certificates; files lie in where."""

    def __init__(self, where, name="partners"):
        self.where = where
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.build(self.name, self.key.public_key(), 30, 0, None)
        self.path = self.write(f"ca-{name}.crt", self.certificate.public_bytes(serialization.Encoding.PEM))

    def build(self, subject, public, days, begin, usage):
        now = datetime.datetime.utcnow() + datetime.timedelta(days=begin)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                   .not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True))
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def write(self, name, data):
        path = os.path.join(self.where, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def issue(self, name, days=10, begin=0, usage=ExtendedKeyUsageOID.CLIENT_AUTH):
        """(certificate file, key file, SHA-256 fingerprint)"""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                             x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self.build(subject, key.public_key(), days, begin, usage)
        file = f"{name}-{certificate.serial_number:x}"  # two authorities may use one name
        crt = self.write(f"{file}.crt", certificate.public_bytes(serialization.Encoding.PEM))
        pem = self.write(f"{file}.key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                         serialization.NoEncryption()))
        return crt, pem, certificate.fingerprint(hashes.SHA256()).hex()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


class Caller:
    """A partner's server: call(path, body) -> (status, JSON)."""

    def __init__(self, address=None, ca=None, certificate=None, key=None, unix=None, token=None):
        self.address, self.unix, self.token = address, unix, token
        if address:
            self.context = ssl.create_default_context(cafile=ca)
            self.context.check_hostname = False
            if certificate:
                self.context.load_cert_chain(certificate, key)

    def call(self, path, body, method="POST"):
        connection = UnixConnection(self.unix) if self.unix else http.client.HTTPSConnection(self.address, context=self.context,
                                                                                             timeout=20)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body), headers)
            reply = connection.getresponse()
            self.headers = reply.headers
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def session(self, reference):
        return self.call("/v1/session", {"reference": reference})

    def report(self, reference, event, outcome="changed", **more):
        return self.call("/v1/report", {"reference": reference, "event_id": event, "outcome": outcome, **more})


class SamplePortal:
    """tests/tools/sample_portal.py; open and submit as a phone's web view does."""

    def __init__(self, **options):
        command = ["/usr/bin/python3", os.path.join(harness.ROOT, "tests", "tools", "sample_portal.py")]
        for name, value in options.items():
            if value is not None:
                command += [f"--{name.replace('_', '-')}", str(value)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("ready "), line
        self.port = int(line.split()[1])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def request(self, path, data=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST" if data is not None else "GET", path, data)
            reply = connection.getresponse()
            return reply.status, reply.read().decode("utf-8")
        finally:
            connection.close()

    def open(self, user_data, post=True):
        return self.request("/vowifi", user_data) if post else self.request(f"/vowifi?{user_data}")

    def submit(self, page, action="accept", path="/submit", **fields):
        handle = re.search(r'name="handle" value="([^"]+)"', page).group(1)
        return self.request(path, urllib.parse.urlencode({"handle": handle, "action": action, **fields}))


def user_data(block):
    return dict(urllib.parse.parse_qsl(block["ServiceFlow_UserData"], strict_parsing=True))


def read_json(url, ca):
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False
    with urllib.request.urlopen(url, timeout=20, context=context) as reply:
        return reply.headers, json.loads(reply.read())
