# SPDX-License-Identifier: Apache-2.0
"""An identity provider for tests (OpenID Connect, authorization code flow), written from the RFCs and not from the server's
code: real RSA and EC keys, a key set that can be rotated, strict checks of what the server sends, and faults on demand.

    idp = Idp(); idp.start()                    plain HTTP on 127.0.0.1, or TLS with Idp(certificate=..., key=...)
    back = idp.login(location, subject="...")   what the user's browser does: the address that it is sent back to
    idp.claims / idp.header / idp.answer        change the next ID token or the next answer of the token endpoint
    idp.requests                                what came to the token endpoint: Request objects
"""
import base64
import hashlib
import http.server
import json
import ssl
import threading
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ALGORITHMS = ("RS256", "PS256", "ES256")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    def __init__(self, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        self.private = (ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256"
                        else rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        found = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "ES256":
            return dict(found, kty="EC", crv="P-256", x=number(numbers.x, 32), y=number(numbers.y, 32))
        return dict(found, kty="RSA", n=number(numbers.n), e=number(numbers.e))


class Request:
    """What came to the token endpoint."""

    def __init__(self, headers, form):
        self.headers, self.form, self.at = headers, form, time.time()


class Idp:
    def __init__(self, client_id="ecs-1", secret="a secret of the client: +/%&", algorithm="RS256", certificate=None, key=None,
                 client_key=None):
        self.client_id, self.secret, self.algorithm, self.client_key = client_id, secret, algorithm, client_key
        self.certificate, self.certificate_key = certificate, key
        self.codes, self.requests, self.fetches, self.faults = {}, [], 0, []
        self.keys = []
        self.rotate(algorithm)
        self.reset()

    def reset(self):
        """Back to a good provider."""
        self.claims, self.header, self.answer, self.delay = {}, {}, None, 0
        self.sign = None          # function (claims, header) -> ID token, in place of the own signature
        self.publish = True       # the key set holds the keys
        self.access_token = None  # function (claims) -> access token
        self.keys_status = 200

    def rotate(self, algorithm=None, keep=0):
        """A new key; of the old ones the last few stay in the key set."""
        self.serial = getattr(self, "serial", 0) + 1
        self.algorithm = algorithm or self.algorithm
        self.keys = self.keys[len(self.keys) - keep:] if keep else []
        self.keys.append(Key(self.algorithm, f"k{self.serial}"))

    # -- server --

    def start(self):
        idp = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body, kind="application/json", headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                idp.fetches += 1
                keys = [key.jwk() for key in idp.keys] if idp.publish else []
                self.reply(idp.keys_status, {"keys": keys} if idp.keys_status == 200 else {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                form = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
                request = Request(self.headers, dict(form))
                idp.requests.append(request)
                if len(dict(form)) != len(form):
                    idp.faults.append("a parameter is there twice")
                if idp.delay:
                    time.sleep(idp.delay)
                if idp.answer is not None:
                    self.reply(*idp.answer)
                    return
                self.reply(*idp.token(request))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.certificate_key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.base = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def settings(self, **more):
        """An entry of section oidc."""
        return dict({"name": "idp", "issuer": self.base, "authorize_url": f"{self.base}/authorize?tenant=a",
                     "token_url": f"{self.base}/token", "jwks_url": f"{self.base}/keys", "client_id": self.client_id,
                     "client_secret": self.secret, "key_interval": "1s"}, **more)

    # -- authorization endpoint, as far as a browser sees it --

    def login(self, location, subject, error=None, **more):
        """The user logs in (or not); the address that the browser is sent back to."""
        url = urllib.parse.urlsplit(location)
        assert f"{url.scheme}://{url.netloc}" == self.base and url.path == "/authorize", location
        pairs = urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=True)
        query = dict(pairs)
        assert len(query) == len(pairs), f"a parameter is there twice: {location}"
        assert query["response_type"] == "code" and query["client_id"] == self.client_id, query
        assert "openid" in query["scope"].split(), query
        assert len(query["state"]) >= 22 and len(query["nonce"]) >= 22 and query["state"] != query["nonce"], query
        back = {"state": query["state"]}
        if error:
            back.update(error=error, error_description="the user did not want to")
        else:
            code = base64url(hashlib.sha256(query["state"].encode() + b"code").digest())
            self.codes[code] = dict(query, subject=subject, more=more)
            back["code"] = code
        join = "&" if "?" in query["redirect_uri"] else "?"
        return query["redirect_uri"] + join + urllib.parse.urlencode(back)

    # -- token endpoint --

    def client_fault(self, request):
        form = request.form
        header = request.headers.get("Authorization")
        if form.get("client_assertion"):
            if form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
                return "client_assertion_type"
            try:
                claims = jwt.decode(form["client_assertion"], self.client_key, algorithms=list(ALGORITHMS),
                                    audience=f"{self.base}/token", options={"require": ["iss", "sub", "aud", "exp", "jti"]})
            except jwt.PyJWTError as fault:
                return f"client_assertion: {fault}"
            return None if claims["iss"] == claims["sub"] == self.client_id else "client_assertion: iss or sub"
        if header:
            user, _, password = base64.b64decode(header.split()[1]).decode().partition(":")
            user, password = urllib.parse.unquote_plus(user), urllib.parse.unquote_plus(password)
        else:
            user, password = form.get("client_id"), form.get("client_secret")
        return None if (user, password) == (self.client_id, self.secret) else "client credentials"

    def token(self, request):
        form = request.form
        fault = self.client_fault(request)
        if fault:
            self.faults.append(fault)
            return 401, {"error": "invalid_client"}
        code = self.codes.pop(form.get("code"), None)
        if form.get("grant_type") != "authorization_code" or code is None:
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != code["redirect_uri"]:
            self.faults.append("redirect_uri differs from that of the authorization request")
            return 400, {"error": "invalid_grant"}
        if "code_challenge" in code:
            digest = base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            if code["code_challenge_method"] != "S256" or digest != code["code_challenge"]:
                self.faults.append("code_verifier does not fit code_challenge")
                return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.base, "sub": code["subject"], "aud": self.client_id, "iat": now, "exp": now + 300,
                  "nonce": code["nonce"], "auth_time": now - 5, **code["more"]}
        access = self.access_token(claims) if self.access_token else "opaque-" + form["code"][:20]
        claims["at_hash"] = base64url(hashlib.sha256(access.encode()).digest()[:16])
        for name, value in self.claims.items():
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": self.sign_token(claims)}

    def sign_token(self, claims):
        key = self.keys[-1]
        header = dict({"kid": key.kid}, **self.header)
        if self.sign:
            return self.sign(claims, header)
        return jwt.encode(claims, key.private, algorithm=key.algorithm, headers=header)
