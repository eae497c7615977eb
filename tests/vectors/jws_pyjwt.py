#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes jws_pyjwt.txt: keys and tokens made by python3-jwt and python3-cryptography, an implementation that shares
nothing with libjose. Run by hand when cases are added; new keys are made each time, the file is checked in."""
import base64
import hashlib
import hmac
import json
import os

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

NOW = 1780000000
HERE = os.path.dirname(os.path.abspath(__file__))


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, n=None):
    return b64u(value.to_bytes(n or (value.bit_length() + 7) // 8, "big"))


def jwk(key, **more):
    public = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": number(public.n), "e": number(public.e), **more}
    return {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32), **more}


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


rsa_key = rsa.generate_private_key(65537, 2048)
rsa_other = rsa.generate_private_key(65537, 2048)
ec_key = ec.generate_private_key(ec.SECP256R1())
secret = bytes(range(32))
GOOD = {"iss": "mdm-7", "sub": "mdm-7", "aud": "https://as.example.net/token", "exp": NOW + 120, "iat": NOW - 5,
        "jti": "j-1"}


def forge(header, payload, key=None, raw_payload=None):
    """A token made by hand, for what no honest library makes; key: HMAC with these bytes."""
    text = b64u(json.dumps(header).encode()) + "." + b64u(raw_payload or json.dumps(payload).encode())
    return text + "." + (b64u(hmac.new(key, text.encode(), hashlib.sha256).digest()) if key else "")


def claims(drop=(), **change):
    return {k: v for k, v in {**GOOD, **change}.items() if k not in drop}


def main():
    sets = {
        "rsa": {"keys": [jwk(rsa_key, kid="r1", use="sig", alg="RS256")]},
        "any": {"keys": [jwk(rsa_key)]},
        "ec": {"keys": [jwk(ec_key, kid="e1")]},
        "both": {"keys": [jwk(rsa_key, kid="r1"), jwk(ec_key, kid="e1")]},
        "two": {"keys": [jwk(rsa_other, kid="r0"), jwk(rsa_key, kid="r1")]},
    }

    def sign(payload, alg="RS256", key=rsa_key, **headers):
        return jwt.encode(payload, key, algorithm=alg, headers=headers or None)

    hs = lambda payload: sign(payload, "HS256", secret)
    tampered = sign(GOOD, kid="r1").split(".")
    tampered[1] = b64u(json.dumps(claims(sub="mdm-8")).encode())
    cases = [
        # name, key set, algorithms allowed, verdict, token
        ("rs256", "rsa", "RS256", "OK", sign(GOOD, kid="r1")),
        ("rs256_without_kid", "rsa", "RS256", "OK", sign(GOOD)),
        ("rs256_second_key", "two", "RS256", "OK", sign(GOOD, kid="r1")),
        ("rs256_second_key_without_kid", "two", "RS256", "OK", sign(GOOD)),
        ("rs256_key_without_kid", "any", "RS256", "OK", sign(GOOD, kid="whatever")),
        ("ps256", "any", "PS256", "OK", sign(GOOD, "PS256")),
        ("es256", "ec", "ES256", "OK", sign(GOOD, "ES256", ec_key, kid="e1")),
        ("es256_of_two_types", "both", "ES256,RS256", "OK", sign(GOOD, "ES256", ec_key)),
        ("hs256", "secret", "HS256", "OK", hs(GOOD)),
        ("aud_in_array", "secret", "HS256", "OK", hs(claims(aud=["x", "https://as.example.net/token"]))),
        ("exp_with_fraction", "secret", "HS256", "OK", hs(claims(exp=NOW + 10.5))),
        ("exp_within_grace", "secret", "HS256", "OK", hs(claims(exp=NOW - 9))),
        ("nbf_zero", "secret", "HS256", "OK", hs(claims(nbf=0))),
        ("alg_not_expected", "rsa", "ES256", "ALGORITHM", sign(GOOD, kid="r1")),
        ("ps256_by_key_of_rs256", "rsa", "PS256", "ALGORITHM", sign(GOOD, "PS256", kid="r1")),
        ("es256_by_rsa_kid", "both", "ES256,RS256", "ALGORITHM", sign(GOOD, "ES256", ec_key, kid="r1")),
        ("none", "any", "RS256", "ALGORITHM", forge({"alg": "none"}, GOOD)),
        ("none_upper", "any", "RS256", "ALGORITHM", forge({"alg": "NONE"}, GOOD)),
        ("none_with_secret", "secret", "HS256", "ALGORITHM", forge({"alg": "none"}, GOOD)),
        ("signature_stripped", "secret", "HS256", "SIGNATURE", forge({"alg": "HS256"}, GOOD)),
        ("hs256_keyed_with_public_pem", "any", "RS256,HS256", "ALGORITHM",
         forge({"alg": "HS256"}, GOOD, pem(rsa_key))),
        ("hs256_keyed_with_modulus", "any", "RS256,HS256", "ALGORITHM",
         forge({"alg": "HS256"}, GOOD, rsa_key.public_key().public_numbers().n.to_bytes(256, "big"))),
        ("rs256_with_secret", "secret", "HS256,RS256", "ALGORITHM", sign(GOOD)),
        ("hs384", "secret", "HS256", "ALGORITHM", sign(GOOD, "HS384", secret)),
        ("crit", "secret", "HS256", "MALFORMED", forge({"alg": "HS256", "crit": ["exp"]}, GOOD, secret)),
        ("zip", "secret", "HS256", "MALFORMED", forge({"alg": "HS256", "zip": "DEF"}, GOOD, secret)),
        ("b64_false", "secret", "HS256", "MALFORMED", forge({"alg": "HS256", "b64": False}, GOOD, secret)),
        ("nested", "secret", "HS256", "MALFORMED", forge({"alg": "HS256", "cty": "JWT"}, GOOD, secret)),
        ("alg_missing", "secret", "HS256", "ALGORITHM", forge({"typ": "JWT"}, GOOD, secret)),
        ("alg_number", "secret", "HS256", "MALFORMED", forge({"alg": 5}, GOOD, secret)),
        ("payload_no_json", "secret", "HS256", "MALFORMED", forge({"alg": "HS256"}, None, secret, b"hello")),
        ("payload_array", "secret", "HS256", "MALFORMED", forge({"alg": "HS256"}, None, secret, b"[1]")),
        ("payload_duplicate", "secret", "HS256", "MALFORMED",
         forge({"alg": "HS256"}, None, secret, b'{"sub":"a","sub":"b"}')),
        ("unknown_kid", "rsa", "RS256", "NO_KEY", sign(GOOD, kid="r2")),
        ("other_key", "rsa", "RS256", "SIGNATURE", sign(GOOD, key=rsa_other, kid="r1")),
        ("tampered", "rsa", "RS256", "SIGNATURE", ".".join(tampered)),
        ("other_secret", "secret", "HS256", "SIGNATURE", sign(GOOD, "HS256", b"\x01" * 32)),
        ("expired", "secret", "HS256", "EXPIRED", hs(claims(exp=NOW - 10))),
        ("nbf_future", "secret", "HS256", "NOT_YET", hs(claims(nbf=NOW + 11))),
        ("iat_future", "secret", "HS256", "NOT_YET", hs(claims(iat=NOW + 11))),
        ("lives_too_long", "secret", "HS256", "TOO_OLD", hs(claims(exp=NOW + 301))),
        ("lives_too_long_without_iat", "secret", "HS256", "TOO_OLD", hs(claims(("iat",), exp=NOW + 311))),
        ("wrong_issuer", "secret", "HS256", "ISSUER", hs(claims(iss="mdm-8"))),
        ("no_issuer", "secret", "HS256", "ISSUER", hs(claims(("iss",)))),
        ("wrong_audience", "secret", "HS256", "AUDIENCE", hs(claims(aud="https://other.example.net/"))),
        ("audience_with_slash", "secret", "HS256", "AUDIENCE", hs(claims(aud="https://as.example.net/token/"))),
        ("no_audience", "secret", "HS256", "AUDIENCE", hs(claims(("aud",)))),
        ("no_exp", "secret", "HS256", "CLAIMS", hs(claims(("exp",)))),
        ("no_sub", "secret", "HS256", "CLAIMS", hs(claims(("sub",)))),
        ("no_jti", "secret", "HS256", "CLAIMS", hs(claims(("jti",)))),
        ("empty_jti", "secret", "HS256", "CLAIMS", hs(claims(jti=""))),
        ("exp_zero", "secret", "HS256", "CLAIMS", forge({"alg": "HS256"}, claims(exp=0), secret)),
        ("exp_text", "secret", "HS256", "CLAIMS", forge({"alg": "HS256"}, claims(exp=str(NOW + 9)), secret)),
        ("exp_negative", "secret", "HS256", "CLAIMS", forge({"alg": "HS256"}, claims(exp=-5), secret)),
        ("sub_number", "secret", "HS256", "CLAIMS", forge({"alg": "HS256"}, claims(sub=7), secret)),
        ("aud_number", "secret", "HS256", "CLAIMS", forge({"alg": "HS256"}, claims(aud=7), secret)),
        ("aud_array_with_number", "secret", "HS256", "CLAIMS",
         forge({"alg": "HS256"}, claims(aud=["https://as.example.net/token", 7]), secret)),
    ]
    with open(os.path.join(HERE, "jws_pyjwt.txt"), "w") as out:
        out.write("# SPDX-License-Identifier: Apache-2.0\n# Made by jws_pyjwt.py with python3-jwt "
                  f"{jwt.__version__}. now = {NOW}; grace 10 s; at most 300 s of life.\n"
                  "# set <name> <key set in base64> | token <name> <set> <allowed> <verdict> <token>\n")
        for name, value in sets.items():
            out.write(f"set {name} {b64u(json.dumps(value).encode())}\n")
        for case in cases:
            out.write("token " + " ".join(case) + "\n")


if __name__ == "__main__":
    main()
