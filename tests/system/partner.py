# SPDX-License-Identifier: Apache-2.0
"""An application server of the operator's partner, written from RFC 6749, 7521, 7523, 7517 and 7662 with python3-jwt: it makes
assertions, asks the token endpoint, publishes its key set, and plays a foreign authorization server."""
import base64
import http.server
import json
import threading
import time
import urllib.parse
import uuid

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

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
