# SPDX-License-Identifier: Apache-2.0
"""An application server of the operator's partner, written from RFC 6749, 7521, 7523, 7517 and 7662 with python3-jwt: it makes
assertions, asks the token endpoint, publishes its key set, and plays a foreign authorization server."""
import base64
import hashlib
import http.server
import json
import os
import threading
import time
import urllib.parse
import uuid

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A signing key: kid None leaves it out of header and key set."""

    def __init__(self, alg="RS256", kid=None):
        self.alg, self.kid = alg, kid
        self.private = ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else rsa.generate_private_key(65537, 2048)

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self):
        numbers = self.private.public_key().public_numbers()

        def text(value):
            return b64u(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        found = {"kty": "RSA", "n": text(numbers.n), "e": text(numbers.e)} if self.alg != "ES256" else {
            "kty": "EC", "crv": "P-256", "x": b64u(numbers.x.to_bytes(32, "big")), "y": b64u(numbers.y.to_bytes(32, "big"))}
        return dict(found, use="sig", alg=self.alg, **({"kid": self.kid} if self.kid else {}))

    def sign(self, claims, **headers):
        if self.kid:
            headers.setdefault("kid", self.kid)
        return jwt.encode(claims, self.private, self.alg, headers=headers or None)


def claims(issuer, audience, drop=(), **change):
    """Claims of a good assertion, changed."""
    now = int(time.time())
    made = {"iss": issuer, "sub": issuer, "aud": audience, "iat": now, "exp": now + 120, "jti": str(uuid.uuid4()), **change}
    return {name: value for name, value in made.items() if name not in drop}


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


class TokenReply:
    def __init__(self, reply):
        self.reply, self.status = reply, reply.status
        self.json = json.loads(reply.body) if reply.body else {}

    @property
    def token(self):
        assert self.status == 200, self.reply
        return self.json["access_token"]

    @property
    def refusal(self):
        return self.status, self.json.get("error")


class Endpoint:
    """The token endpoint of a daemon."""

    def __init__(self, daemon, url="https://aes.example.net", path="/web/oauth/token"):
        self.target, self.url, self.path = daemon.device, url + path, path

    def post(self, fields, headers=(), path=None):
        body = urllib.parse.urlencode(fields).encode()
        reply = self.target.request("POST", path or self.path, [FORM, *headers], body)
        assert reply.header("Cache-Control") == "no-store", reply
        assert reply.header("Content-Type") == "application/json", reply
        return TokenReply(reply)

    def by_assertion(self, assertion, **fields):
        return self.post({"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **fields})

    def by_secret(self, client_id, secret, drop=(), **change):
        """Figure 6 of TS.43: HS256 with the client secret."""
        made = jwt.encode(claims(client_id, self.url, drop, **change), secret, "HS256")
        return self.by_assertion(made, client_id=client_id)

    def by_basic(self, client_id, secret, **fields):
        return self.post({"grant_type": "client_credentials", **fields}, [basic(client_id, secret)])

    def by_grant(self, assertion, **fields):
        return self.post({"grant_type": BEARER_GRANT, "assertion": assertion, **fields})


class Server:
    """HTTP on loopback: /jwks.json gives keys, /introspect answers from tokens; mode "down" and "garbage" are faults."""

    def __init__(self):
        self.keys, self.tokens, self.mode, self.log = [], {}, "", []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body):
                status = 200
                if outer.mode:
                    status, body = (500, "{}") if outer.mode == "down" else (200, "{nonsense")
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                outer.log.append(("GET", self.path, {}, self.headers.get("Authorization")))
                self.answer(json.dumps({"keys": [key.jwk() for key in outer.keys]}))

            def do_POST(self):
                fields = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                outer.log.append(("POST", self.path, fields, self.headers.get("Authorization")))
                self.answer(json.dumps(outer.tokens.get(fields.get("token"), {"active": False})))

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def count(self, path):
        return sum(1 for entry in self.log if entry[1] == path)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class Receiver:
    """A key that others encrypt for (RFC 7516, 7518): "rsa" by RSA-OAEP-256, "ec" by ECDH-ES, contents A256GCM."""

    def __init__(self, kind="rsa"):
        self.kind = kind
        self.private = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def private_pem(self):
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()).decode()

    @staticmethod
    def derive(z):
        text = b"A256GCM"
        info = len(text).to_bytes(4, "big") + text + bytes(4) + bytes(4) + (256).to_bytes(4, "big")
        return hashlib.sha256((1).to_bytes(4, "big") + z + info).digest()

    def open(self, token):
        """The plain text; checks what the header says."""
        parts = token.split(".")
        assert len(parts) == 5, token
        head, wrapped, nonce, text, tag = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
        head = json.loads(head)
        assert head["enc"] == "A256GCM" and head["alg"] == ("ECDH-ES" if self.kind == "ec" else "RSA-OAEP-256"), head
        if self.kind == "ec":
            assert wrapped == b"" and head["epk"]["crv"] == "P-256"
            x, y = [int.from_bytes(base64.urlsafe_b64decode(head["epk"][name] + "="), "big") for name in ("x", "y")]
            peer = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            key = self.derive(self.private.exchange(ec.ECDH(), peer))
        else:
            key = self.private.decrypt(wrapped, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        return AESGCM(key).decrypt(nonce, text + tag, parts[0].encode()).decode()

    def seal(self, text):
        """The other way round, with RSA: an encrypted token for the holder of the private key."""
        key, nonce = os.urandom(32), os.urandom(12)
        head = b64u(json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM"}).encode())
        wrapped = self.private.public_key().encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        sealed = AESGCM(key).encrypt(nonce, text.encode(), head.encode())
        return ".".join([head, b64u(wrapped), b64u(nonce), b64u(sealed[:-16]), b64u(sealed[-16:])])
