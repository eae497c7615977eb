#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small portal server of an operator, to try the contract of docs/portal-contract.md and to test it: takes the hand-over
of a phone (POST form or GET with jwt=...), verifies it with the published key, asks the entitlement server what is missing,
shows one page, and reports the outcome with its client certificate. /vowifi takes terms and address, /odsa sells eSIMs, /service
sells boosts and takes the terms of carrier billing and satellite.

usage: sample_portal.py --callback HOST:PORT --callback-ca FILE --certificate FILE --key FILE
                        --jwks URL --jwks-ca FILE --issuer ISS --audience AUD [--listen HOST:PORT]
                        [--terms-version N] [--activation ICCID=CODE]

Prints "ready PORT" when it listens (port 0: a free one). Needs python3-jwt and python3-cryptography. Not for real use: pages
are bare and sessions live in memory."""
import argparse
import html
import http.client
import http.server
import json
import secrets
import ssl
import sys
import threading
import urllib.parse
import urllib.request

import jwt

PAGE = """<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"""
FORM = """<form method="post" action="{action}"><input type="hidden" name="handle" value="{handle}">{fields}
<button name="action" value="accept">Accept</button> <button name="action" value="decline">Not now</button></form>"""
END = """<p>{text}</p><script>
var o = window.VoWiFiWebServiceFlow || window.ODSAServiceFlow;
if (o) {{ {call} }}
</script>"""
OFFER = """<p><label><input type="radio" name="plan" value="{id}"> {name}</label></p>"""
DEVICE = """<p><label><input type="radio" name="old" value="{iccid}"> {name}</label></p>"""
ODSA_END = """<p>{text}</p><script>
var o = window.ODSAServiceFlow;
if (o) {{ o.{call}; }}
</script>"""

SERVICE_END = """<p>{text}</p><script>
var o = window.{object};
if (o) {{ o.{call}; }}
</script>"""


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class EntitlementServer:
    """The calls of the contract."""

    def __init__(self, options):
        self.address = options.callback
        self.context = ssl.create_default_context(cafile=options.callback_ca)
        self.context.check_hostname = False
        if options.certificate:
            self.context.load_cert_chain(options.certificate, options.key)

    def call(self, path, body):
        connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def report(self, body, tries=3, path="/v1/report"):
        """The same event_id on each try: the server counts it once."""
        for left in reversed(range(tries)):
            try:
                status, found = self.call(path, body)
            except OSError:
                if not left:
                    raise
                continue
            if status < 500 or not left:
                return status, found
        raise AssertionError("not reached")


class HandOver:
    """Verifies the token of a phone (RFC 7519) with the server's published keys, which are read again for a new kid."""

    def __init__(self, options):
        self.options, self.keys = options, {}
        self.context = ssl.create_default_context(cafile=options.jwks_ca)
        self.context.check_hostname = False

    def load(self):
        with urllib.request.urlopen(self.options.jwks, timeout=10, context=self.context) as reply:
            found = jwt.PyJWKSet.from_dict(json.loads(reply.read()))
        self.keys = {key.key_id: key.key for key in found.keys}

    def open(self, token):
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            if kid not in self.keys:
                self.load()
            return jwt.decode(token, self.keys[kid], algorithms=["ES256"], audience=self.options.audience,
                              issuer=self.options.issuer, options={"require": ["exp", "iat", "sub", "jti"]})
        except (jwt.PyJWTError, KeyError) as fault:
            raise Refused(403, f"hand-over refused: {fault}") from fault


class Portal:
    def __init__(self, options):
        self.options = options
        self.server, self.hand_over = EntitlementServer(options), HandOver(options)
        self.flows, self.seen, self.lock = {}, set(), threading.Lock()

    def begin(self, token):
        claims = self.hand_over.open(token)
        with self.lock:
            if claims["jti"] in self.seen:
                raise Refused(403, "this hand-over was opened before")
            self.seen.add(claims["jti"])
        status, found = self.server.call("/v1/session", {"reference": claims["sub"]})
        if status != 200:
            raise Refused(403, f"session: {found['error']}")
        handle = secrets.token_urlsafe(24)
        self.flows[handle] = {"reference": claims["sub"], "states": found["states"], "lang": found["language"]}
        fields = []
        if found["states"]["terms"] == "missing":
            fields.append("<p>Terms of Wi-Fi calling ...</p>")
        if found["states"]["address"] == "missing":
            fields.append('<p><label>Emergency address <input name="address" required></label></p>')
        return PAGE.format(lang=html.escape(found["language"]), title="Wi-Fi calling",
                           body=FORM.format(handle=html.escape(handle), action="/submit", fields="".join(fields)))

    def submit(self, form):
        flow = self.flows.pop(form.get("handle", ""), None)
        if not flow:
            raise Refused(403, "this page is no longer valid")
        accepted = form.get("action") == "accept"
        body = {"reference": flow["reference"], "event_id": secrets.token_hex(16), "outcome": "changed" if accepted else "dismissed"}
        if accepted and flow["states"]["terms"] == "missing":
            body.update(terms="accepted", terms_version=self.options.terms_version)
        if accepted and flow["states"]["address"] == "missing":
            body.update(address="available", address_identifier=secrets.token_hex(8))
        status, found = self.server.report(body)
        if status != 200:
            raise Refused(502, f"report: {found['error']}")
        call = "if (o.entitlementChanged) o.entitlementChanged();" if accepted else "if (o.dismissFlow) o.dismissFlow();"
        text = "Wi-Fi calling is set up. You can close this page." if accepted else "Nothing was changed."
        return PAGE.format(lang=html.escape(flow["lang"]), title="Wi-Fi calling", body=END.format(text=text, call=call))


class OdsaPortal(Portal):
    """eSIM pages: the portal may let the entitlement server order (chosen), or have ordered by itself (activated)."""
    PLANS = (("watch-s", "Watch S"), ("watch-l", "Watch L"))

    def begin(self, token):
        claims = self.hand_over.open(token)
        with self.lock:
            if claims["jti"] in self.seen:
                raise Refused(403, "this hand-over was opened before")
            self.seen.add(claims["jti"])
        status, found = self.server.call("/v1/odsa/session", {"reference": claims["sub"]})
        if status != 200:
            raise Refused(403, f"session: {found['error']}")
        procedure = found.get("procedure", {})
        handle = secrets.token_urlsafe(24)
        self.flows[handle] = {"reference": claims["sub"], "lang": found["language"]}
        fields = []
        if procedure.get("needs_old_device"):
            for device in found.get("devices", []):
                fields.append(DEVICE.format(iccid=html.escape(device["iccid"]),
                                            name=html.escape(device.get("name") or device.get("model") or "device")))
        elif procedure.get("kind") in ("companion", "primary", "enterprise"):
            fields += [OFFER.format(id=key, name=html.escape(name)) for key, name in self.PLANS]
        return PAGE.format(lang=html.escape(found["language"]), title="eSIM",
                           body=FORM.format(handle=html.escape(handle), action="/odsa/submit", fields="".join(fields)))

    def submit(self, form):
        flow = self.flows.pop(form.get("handle", ""), None)
        if not flow:
            raise Refused(403, "this page is no longer valid")
        body = {"reference": flow["reference"], "event_id": secrets.token_hex(16)}
        if form.get("action") != "accept":
            body.update(event="dismissed")
            call, text = "dismissFlow()", "Nothing was changed."
        elif form.get("old"):
            body.update(event="selected", old_iccid=form["old"])
            call, text = f"SelectionCompleted({json.dumps(form['old'])}, '')", "Your device goes on."
        elif self.options.activation:
            iccid, code = self.options.activation.split("=", 1)
            body.update(event="activated", plan=form.get("plan", self.PLANS[0][0]), terms_version=self.options.terms_version,
                        iccid=iccid, activation_code=code)
            call, text = f"profileReadyWithActivationCode({json.dumps(code)}); o.finishFlow()", "Your eSIM is ready."
        else:
            body.update(event="chosen", plan=form.get("plan", self.PLANS[0][0]), terms_version=self.options.terms_version)
            call, text = "finishFlow()", "Your eSIM is being prepared."
        status, found = self.server.report(body, path="/v1/odsa/report")
        if status != 200:
            raise Refused(502, f"report: {found['error']}")
        return PAGE.format(lang=html.escape(flow["lang"]), title="eSIM",
                           body=ODSA_END.format(text=text, call=call.replace("<", "\\u003c")))


class ServicePortal(Portal):
    """Boosts, carrier billing, satellite. The money is taken before the purchase is reported; a real portal does that here."""
    OBJECTS = {"boost": "DataBoostWebServiceFlow", "billing": "DCBWebServiceFlow", "satmode": "SatModeWebServiceFlow"}
    TITLES = {"boost": "Data boost", "billing": "Pay on your phone bill", "satmode": "Satellite"}

    def begin(self, token):
        claims = self.hand_over.open(token)
        with self.lock:
            if claims["jti"] in self.seen:
                raise Refused(403, "this hand-over was opened before")
            self.seen.add(claims["jti"])
        status, found = self.server.call("/v1/session", {"reference": claims["sub"]})
        if status != 200:
            raise Refused(403, f"session: {found['error']}")
        if not found["available"] or not found["states"].get("to_buy", True):
            raise Refused(403, "this is not offered for the line")
        handle, service = secrets.token_urlsafe(24), found["service"]
        self.flows[handle] = {"reference": claims["sub"], "service": service, "states": found["states"], "lang": found["language"]}
        states = found["states"]
        fields = f"<p>{html.escape(states['price'])} for {states['seconds']} s</p>" if service == "boost" else "<p>Terms ...</p>"
        return PAGE.format(lang=html.escape(found["language"]), title=self.TITLES[service],
                           body=FORM.format(handle=html.escape(handle), action="/service/submit", fields=fields))

    def submit(self, form):
        flow = self.flows.pop(form.get("handle", ""), None)
        if not flow:
            raise Refused(403, "this page is no longer valid")
        service, accepted = flow["service"], form.get("action") == "accept"
        body = {"reference": flow["reference"], "event_id": secrets.token_hex(16), "outcome": "changed" if accepted else "dismissed"}
        if accepted:
            body["result"] = "purchased" if service == "boost" else "accepted"
        if accepted and service == "satmode":
            body["terms_version"] = flow["states"]["terms_version"]
        status, found = self.server.report(body)
        if status != 200 and service != "boost":
            raise Refused(502, f"report: {found['error']}")
        if not accepted:
            call, text = "dismissFlow()", "Nothing was changed."
        elif status != 200:  # the money goes back here
            call, text = "notifyPurchaseFailed(0, 'The boost could not be bought.')", "That did not work. You pay nothing."
        elif service == "boost":
            call, text = f"notifyPurchaseSuccessful({flow['states']['seconds'] * 1000})", "You have bought the boost."
        else:
            call, text = "entitlementChanged()", "It is being switched on."
        return PAGE.format(lang=html.escape(flow["lang"]), title=self.TITLES[service],
                           body=SERVICE_END.format(text=text, object=self.OBJECTS[service], call=call))


class Handler(http.server.BaseHTTPRequestHandler):
    portal = odsa = service = None

    def log_message(self, *_):
        pass  # addresses and tokens stay out of logs

    def fields(self):
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length).decode("utf-8") if length else urllib.parse.urlsplit(self.path).query
        return dict(urllib.parse.parse_qsl(text))

    def serve(self):
        path = urllib.parse.urlsplit(self.path).path
        try:
            if path == "/vowifi":
                status, page = 200, self.portal.begin(self.fields().get("jwt", ""))
            elif path == "/odsa":
                status, page = 200, self.odsa.begin(self.fields().get("jwt", ""))
            elif path == "/odsa/submit" and self.command == "POST":
                status, page = 200, self.odsa.submit(self.fields())
            elif path == "/service":
                status, page = 200, self.service.begin(self.fields().get("jwt", ""))
            elif path == "/service/submit" and self.command == "POST":
                status, page = 200, self.service.submit(self.fields())
            elif path == "/submit" and self.command == "POST":
                status, page = 200, self.portal.submit(self.fields())
            else:
                status, page = 404, "not found"
        except Refused as fault:
            status, page = fault.status, html.escape(str(fault))
        except (OSError, ValueError, KeyError) as fault:
            status, page = 502, f"try again later ({type(fault).__name__})"
        body = page.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = serve


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    for name in ("callback", "callback-ca", "jwks", "jwks-ca", "issuer", "audience"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("certificate", "key"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--terms-version", type=int, default=1)
    parser.add_argument("--activation", help="ICCID=ACTIVATION-CODE that each eSIM order of this portal results in")
    options = parser.parse_args()
    Handler.portal, Handler.odsa, Handler.service = Portal(options), OdsaPortal(options), ServicePortal(options)
    host, port = options.listen.rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    print("ready", server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
