# SPDX-License-Identifier: Apache-2.0
"""What the tests of eSIM pages stand on: a world whose users go to the built-in pages, one whose users go to a portal, a
browser without a screen."""
import os
import re
import urllib.parse

import harness
import odsa
import portal
import sheets
from odsa_documents import WEBSHEET

PORTAL, ISSUER = "https://portal.example.net/odsa", "https://aes.example.net"
# A word of the plan sends the user to "portal": the built-in pages, or policy.portal_url.
GO = {"portal-url": "portal", "portal-data": "sid={session}", "manage": "portal", "transfer": "portal", "subscribe": "portal"}


def hand_over(answer):
    """(address, {"sid": ...}) of a ManageSubscription answer with result 1."""
    assert answer.subscription == WEBSHEET, answer
    return answer.url, dict(urllib.parse.parse_qsl(answer.data, strict_parsing=True))


class Visitor(sheets.User):
    """A browser on the eSIM pages."""

    def open(self, data, path="/web/odsa", method="POST"):
        return super().open(data, path, method)

    def act(self, what, **fields):
        form = {"step": self.hidden("step"), "do": what, **fields}
        if self.hidden("version") is not None:
            form.setdefault("version", self.hidden("version"))
        return self.send("POST", "/web/odsa", form)

    def data(self, name):
        """Argument for the phone's functions, as the page holds it."""
        found = re.search(rf'<main id="odsa"[^>]* data-{name}="([^"]*)"', self.text)
        return found.group(1) if found else None


class PagesWorld(odsa.World):
    """Word t-pages in the plan: the built-in pages."""
    data = "sid={session}"

    def __init__(self, where, site, **how):
        super().__init__(where, site, **how)
        self.port = harness.free_port()
        for service in ("companion", "primary"):
            then = {**GO, "portal-data": self.data}
            if service == "primary":
                then.update({"recover": "portal", "verify": "portal"})
            off = {"eligibility": "disabled", "not-enabled-url": "portal", "not-enabled-data": self.data}
            # The built-in pages read no json and no xml, which is checked when the policy is loaded.
            self.policy(service, lambda d: d.update(rules=[r for r in d["rules"] if "portal-type" not in r["then"]]))
            for name, decisions in (("t-pages", then), ("t-off", off)):
                self.policy(service, lambda d, n=name, t=decisions: d["rules"].insert(0, {
                    "name": n, "when": [f"plan.features has {n}"], "then": t}))

    def page_settings(self, **change):
        port = self.port if change.get("callback", {}) is not None else harness.free_port()
        made = harness.merge(self.settings(), sheets.overrides(port=port))
        made["policy"]["directory"] = self.policies
        return harness.merge(made, change)

    def offer(self, *plans):
        """Plans of the local BSS for companions: (id, name, description)."""
        self.site.cluster.sql("DELETE FROM plan_offer WHERE app = 2006")
        for plan, name, description in plans:
            self.site.cluster.sql("INSERT INTO plan_offer (plan_id, app, name, description) VALUES (%s, 2006, %s, %s)",
                                  plan, name, description)


class PortalWorld(PagesWorld):
    """Word t-pages: the portal of the operator, whose partner is "shop"; "other" is told nothing personal, "vowifi" serves
    another service."""
    data = "jwt={jwt}&sid={session}"

    def __init__(self, where, site, **how):
        super().__init__(where, site, **how)
        self.partners = portal.Authority(where, "partners")
        self.server = portal.Authority(where, "listener")
        listener = self.server.issue("callback", usage=portal.ExtendedKeyUsageOID.SERVER_AUTH)
        self.signing = portal.Authority(where, "unused").issue("signing")
        self.callback_of_portal = f"127.0.0.1:{harness.free_port()}"
        self.callers = {name: self.partners.issue(name) for name in ("shop", "other", "vowifi")}
        self.listener_files = listener
        self.calls_at = None  # another daemon's listener

    def page_settings(self, **change):
        own = {
            "web": {"public_url": ISSUER}, "websheet": {"enabled": False},
            "policy": {"directory": self.policies, "portal_url": PORTAL},
            "callback": {"listen": [self.callback_of_portal], "certificate": self.listener_files[0],
                         "key": self.listener_files[1], "client_ca": self.partners.path, "signing": "es256",
                         "signing_key": self.signing[1], "signing_kid": "p1"},
            "partners": [{"name": "shop", "subject": "CN=shop,O=Example", "services": ["odsa"], "disclose": ["device"]},
                         {"name": "other", "subject": "CN=other,O=Example"},
                         {"name": "vowifi", "subject": "CN=vowifi,O=Example", "services": ["vowifi"]}],
        }
        if change.get("callback", {}) is None:  # a second daemon: the listener is the first one's, the key is the same
            change = {**change, "callback": {"listen": None}, "partners": None}
        return harness.merge(harness.merge(super().page_settings(), own), change)

    def call(self, who, path, **body):
        crt, key = self.callers[who][:2]
        return portal.Caller(self.calls_at or self.callback_of_portal, self.server.path, crt, key).call(path, body)

    def shop_calls(self, path, **body):
        return self.call("shop", path, **body)

    def other_calls(self, path, **body):
        return self.call("other", path, **body)

    def vowifi_calls(self, path, **body):
        return self.call("vowifi", path, **body)

    def shop_reports(self, data, event, **members):
        return self.call("shop", "/v1/odsa/report", reference=data["sid"], event_id=os.urandom(8).hex(), event=event, **members)

    def sample(self, activation):
        crt, key = self.callers["shop"][:2]
        return portal.SamplePortal(callback=self.callback_of_portal, callback_ca=self.server.path, certificate=crt, key=key,
                                   jwks=f"https://127.0.0.1:{self.daemon.device.port}/web/jwks.json",
                                   jwks_ca=self.daemon.device.ca, issuer=ISSUER, audience=PORTAL, activation=activation)
