# SPDX-License-Identifier: Apache-2.0
"""What the tests of eSIM orchestration stand on: devices (Watch, Handset, Mdm) written from the digests ts43-odsa.md and
ts43-odsa-a.md, a small certification authority, and a World: the real daemon between doubles of SM-DP+ and BSS."""
import datetime
import ipaddress
import itertools
import os
import shutil
import sys
import time

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import client
import harness
from odsa_documents import Answer

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "tools"))
from bss_double import Bss  # noqa: E402
from bss_rest import RestBss  # noqa: E402
from neighbour_double import make_eid  # noqa: E402
from smdp_double import Smdp  # noqa: E402

REQUESTER = "1.3.6.1.4.1.99999.1"
ADDRESS = "smdp.example.com"
FEATURES = ["companion"]  # of a line's plan; more of them choose variants of the policy, see RULES
STOCK = {"companion": 400, "primary": 400, "enterprise": 100}
PORTAL = "https://portal.example.net/esim"

# Rules in front of those of the shipped policies; a word in the line's plan chooses one: (service, word, decisions)
RULES = [
    ("companion", "t-portal", {"subscribe": "portal", "transfer": "portal", "manage": "portal", "portal-url": PORTAL}),
    ("companion", "t-json", {"portal-type": "json"}),
    ("companion", "t-xml", {"portal-type": "xml"}),
    ("companion", "t-open", {"portal-encoded": "no"}),
    ("companion", "t-code", {"delivery": "code"}),
    ("companion", "t-no-move", {"transfer": "not-supported"}),
    ("companion", "t-no-service", {"manage-service": "no"}),
    ("companion", "t-refuse", {"subscribe": "refuse", "message": "odsa-refused"}),
    ("companion", "t-not-yet", {"eligibility": "disabled", "not-enabled-url": PORTAL + "/no", "not-enabled-data": "why=plan"}),
    ("companion", "t-gold", {"profile-type": "gold"}),
    ("primary", "t-portal", {"activation": "portal", "manage": "portal", "portal-url": PORTAL}),
    ("primary", "t-code", {"delivery": "code"}),
    ("primary", "t-old-first", {"old-ends": "before"}),
    ("primary", "t-demand", {"demand-redownloadable": "yes"}),
    ("primary", "t-poll", {"eligibility": "disabled", "eligibility-polling": "30s"}),
    ("primary", "t-refuse", {"activation": "refuse", "message": "odsa-refused"}),
    ("primary", "t-no-token", {"token-all": "no"}),
    ("primary", "t-one-token", {"token-check-eligibility": "no", "token-manage-subscription": "no", "token-manage-service": "no",
                                "token-acquire-plan": "no", "token-acquire-configuration": "yes"}),
    ("primary", "t-ask", {"question": "odsa-question-code", "question-title": "odsa-question-code", "question-text": "yes",
                          "question-hint": "odsa-question-code-hint", "question-pattern": "^[0-9]{6}$",
                          "question-error": "odsa-question-code-error"}),
    ("primary", "t-consent", {"question": "odsa-question-code", "question-text": "no"}),
]
_serial = itertools.count(int(time.time()) % 100000 * 100)


def eid():
    """A fresh EID."""
    return make_eid(next(_serial))


# ---- certificates ----

class Trust:
    """An authority; server() and client() are (certificate, key) files."""

    def __init__(self, where, name):
        self.where, self.key = where, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = self.write(f"{name}.crt", self.build(self.name, self.key.public_key(), None))

    def build(self, subject, public, usage):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                   .not_valid_after(now + datetime.timedelta(days=30))
                   .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True))
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if usage == ExtendedKeyUsageOID.SERVER_AUTH:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def write(self, name, data):
        path = os.path.join(self.where, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def issue(self, name, usage):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                             x509.NameAttribute(NameOID.COMMON_NAME, name)])
        number = f"{name}-{next(_serial)}"
        return (self.write(f"{number}.crt", self.build(subject, key.public_key(), usage)),
                self.write(f"{number}.key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                              serialization.NoEncryption())))

    def server(self, name):
        return self.issue(name, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, name):
        return self.issue(name, ExtendedKeyUsageOID.CLIENT_AUTH)


# ---- devices ----

class Device:
    """Asks the server; every 200 is read strictly. json: JSON answers; post: requests as JSON bodies; target: another daemon."""
    app = None

    def __init__(self, phone):
        self.phone, self.json, self.post, self.target = phone, False, False, None
        self.temporary = None  # a temporary token takes the place of the token
        self.seen = []  # every answer, for "a right answer throughout"

    def fixed(self):
        return {"token": self.phone.token} if self.temporary is None else {"temporary_token": self.temporary}

    def send(self, operation, operation_type=None, **extra):
        """The raw reply."""
        values = {"operation": operation, "operation_type": None if operation_type is None else str(operation_type),
                  **self.fixed(), **extra}
        self.phone.accept = client.ACCEPT_JSON if self.json else client.ACCEPT_XML
        target = self.target or self.phone.target
        if self.post:
            return self.phone.post({n: v for n, v in self.phone.json_parameters(self.app, **values).items() if v is not None},
                                   target=target)
        return self.phone.get(self.phone.parameters(self.app, **values), target=target)

    def ask(self, operation, operation_type=None, **extra):
        answer = Answer(self.send(operation, operation_type, **extra), self.app, operation, operation_type,
                        token=self.temporary is None)
        if answer.token and self.temporary is None:
            self.phone.token = answer.token["token"]
        self.seen.append(answer)
        return answer

    def eligibility(self, **extra):
        return self.ask("CheckEligibility", **extra)

    def manage(self, operation_type, **extra):
        return self.ask("ManageSubscription", operation_type, **extra)

    def configuration(self, **extra):
        return self.ask("AcquireConfiguration", **extra)

    def until(self, what, seconds=20, pause=0.1, **extra):
        """Polls AcquireConfiguration until what(answer) is true."""
        return harness.wait_for(lambda: (lambda a: a if what(a) else None)(self.configuration(**extra)), seconds,
                                lambda: f"the configuration; last: {self.seen[-1]}", pause)

    def until_ready(self, seconds=20, **extra):
        return self.until(lambda a: a.configurations and a.configurations[0].status == 1 and a.configurations[0].download,
                          seconds, **extra).configurations[0]


class Watch(Device):
    """A phone with its companion (ap2006)."""
    app = "ap2006"

    def __init__(self, phone, imei, number=None, name="Ana's watch"):
        super().__init__(phone)
        self.imei, self.eid = imei, number or eid()
        self.name, self.vendor, self.model, self.iccid, self.service = name, "ACME", "W3", None, None

    def fixed(self):
        return {**super().fixed(), "companion_terminal_id": self.imei}

    def manage(self, operation_type, **extra):
        values = {"companion_terminal_vendor": self.vendor, "companion_terminal_model": self.model,
                  "companion_terminal_friendly_name": self.name, "companion_terminal_eid": self.eid,
                  "companion_terminal_iccid": self.iccid, "companion_terminal_service": self.service, **extra}
        return super().manage(operation_type, **values)

    def subscribe(self, **extra):
        return self.manage(0, **extra)

    def switch(self, on, **extra):
        values = {"companion_terminal_service": self.service or "SharedNumber", "companion_terminal_iccid": self.iccid, **extra}
        return self.ask("ManageService", 10 if on else 11, **values)

    def install(self, smdp, download, **how):
        """The companion downloads; its ICCID is known from now on."""
        profile = take(smdp, download, self.eid, **how)
        self.iccid = profile.iccid
        return profile


class Handset(Device):
    """A phone with an eSIM of its own (ap2009)."""
    app = "ap2009"

    def __init__(self, phone, number=None):
        super().__init__(phone)
        self.imei, self.eid, self.iccid = phone.terminal_id, number or eid(), None

    def manage(self, operation_type, **extra):
        return super().manage(operation_type, **{"terminal_eid": self.eid, "terminal_iccid": self.iccid, **extra})

    def transfer(self, **extra):
        return self.manage(3, **extra)

    def token_for(self, *targets, **extra):
        return self.ask("AcquireTemporaryToken", operation_targets=",".join(targets), **extra)

    def install(self, smdp, download, **how):
        profile = take(smdp, download, self.eid, **how)
        self.iccid = profile.iccid
        return profile


def take(smdp, download, number, **how):
    """What a device does with a DownloadInfo."""
    if download.code is not None:
        profile = smdp.download(download.code, eid=number, **how)
    else:
        profile = smdp.download(address=download.addresses[0], eid=number, **how)
    assert download.iccid in (None, profile.iccid), f"{download} gave {profile.iccid}"
    return profile


class Mdm(Device):
    """A server that manages an enterprise's devices (ap2011)."""
    app = "ap2011"

    def __init__(self, phone, requestor):
        super().__init__(phone)
        self.requestor, self.token, self.access_token = requestor, None, None

    def fixed(self):
        return {"token": self.token, "requestor_id": self.requestor, "terminal_id": None, "terminal_vendor": "none",
                "terminal_model": "none", "terminal_sw_version": "0"}

    def ask(self, operation, operation_type=None, **extra):
        answer = Answer(self.send(operation, operation_type, **extra), self.app, operation, operation_type, token=False)
        self.token = answer.token["token"] if answer.token else self.token
        self.seen.append(answer)
        return answer

    def enter(self, access_token, enterprise, **extra):
        return self.ask("CheckEligibility", access_token=access_token, enterprise_id=enterprise, token=None, **extra)

    def plans(self):
        return self.ask("AcquirePlan").plans


# ---- the daemon and its neighbours ----

class World:
    """daemon between smdp and bss. stock: of the SM-DP+; bss: arguments of the BSS double, None: the local BSS; rest: its other
    dialect."""

    def __init__(self, where, site, stock=None, bss=None, rest=False):
        self.where, self.site, self.lines = where, site, site.lines
        # Nothing of a world before is worked on, and its daemon, with other neighbours, shall not work on what is ours.
        former = getattr(site, "world", None)
        if former and former.daemon and former.daemon.alive():
            former.daemon.stop()
        site.world = self
        site.cluster.sql("DELETE FROM journey")
        site.cluster.sql("DELETE FROM profile")
        self.trust = Trust(where, "world")
        self.callback = f"127.0.0.1:{harness.free_port()}"
        self.listener = self.trust.server("callback")
        self.ours = self.trust.client("ecs")
        host, port = self.callback.split(":")
        dp, shop = self.trust.client("dp"), self.trust.client("bss")
        self.smdp = Smdp(*self.trust.server("smdp"), self.trust.path, REQUESTER, STOCK if stock is None else stock, address=ADDRESS, clients={"ecs"},
                         operator=(host, int(port), self.trust.path, *dp), prefix=f"8949{next(_serial) % 10**7:07d}")
        self.bss = None
        if bss is not None:
            self.bss = (RestBss if rest else Bss)(*self.trust.server("tmf"), self.trust.path, clients={"ecs": "s3cret/+ word"}, scope="odsa",
                           operator=(host, int(port), self.trust.path, *shop), **bss)
        self.policies = os.path.join(where, "policy.d")
        shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), self.policies, ignore=shutil.ignore_patterns("tests"))
        for service in sorted({row[0] for row in RULES}):
            self.policy(service, lambda d, s=service: d["rules"].__setitem__(slice(0, 0), [
                {"name": word, "when": [f"plan.features has {word}"], "then": then} for name, word, then in RULES if name == s]))
        self.daemon = None

    def policy(self, name, change):
        """change(document) alters the policy file; a reload is the test's matter."""
        path = os.path.join(self.policies, f"{name}.yaml")
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        change(document)
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(document, file, sort_keys=False)

    def settings(self, **change):
        """Settings of a daemon in this world."""
        made = {
            "database": {"conninfo": self.site.cluster.conninfo},
            "device": {"offered": ["ap2003", "ap2004", "ap2005", "ap2006", "ap2009", "ap2011"]},
            "web": {"public_url": "https://aes.example.net"},
            "policy": {"directory": self.policies},
            "callback": {"listen": [self.callback], "certificate": self.listener[0], "key": self.listener[1],
                         "client_ca": self.trust.path},
            "smdp": [self.source()],
            "odsa": {"wait": "3s", "polling": "1s", "retry": "1s", "retry_max": "2s"},
        }
        if self.bss:
            made["bss"] = self.shop()
        return harness.merge(made, change)

    def source(self, **change):
        return {"name": "main", "type": "es2plus", "url": self.smdp.url, "address": ADDRESS, "certificate": self.ours[0],
                "key": self.ours[1], "ca": self.trust.path, "requester": REQUESTER, "notifiers": ["CN=dp,O=Example"],
                **change}

    def shop(self, **change):
        return {"type": "rest" if isinstance(self.bss, RestBss) else "tmf", "url": self.bss.url, "ca_file": self.trust.path, "certificate": self.ours[0], "key": self.ours[1],
                "auth": "oauth", "token_url": self.bss.url + "/oauth/token", "client_id": "ecs",
                "client_secret": "s3cret/+ word", "scope": "odsa", "notifiers": ["CN=bss,O=Example"], **change}

    def reset(self):
        """Nothing of a test before is seen any more."""
        for double in filter(None, (self.smdp, self.bss)):
            double.clear_faults()
            with double.lock:
                double.violations.clear()
                double.ledger.clear()
        if self.bss:
            with self.bss.lock:
                self.bss.orders.clear()
                self.bss.modes.clear()

    def check(self):
        self.smdp.check()
        if self.bss:
            self.bss.check()

    def close(self):
        self.smdp.close()
        if self.bss:
            self.bss.close()

    # ---- devices ----

    def phone(self, daemon=None, line=None, tac="35999900", login=True, app="ap2006", **fields):
        """A phone with a fresh line that may have eSIMs; it has proven its SIM and asked for the eligibility once."""
        daemon = daemon or self.daemon
        line = line or self.lines.take(features=FEATURES + list(fields.pop("features", ())), **fields)
        made = client.Phone(daemon.device, line.imsi, line.ki, line.opc, self.lines.imei(tac))
        made.line = line
        if login:
            self.login(made, app)
        return made

    @staticmethod
    def login(phone, app="ap2006"):
        """EAP-AKA with an ODSA request; keeps the token."""
        exchange = phone.challenge(app, operation="CheckEligibility")
        answer = Answer(phone.relay(exchange, phone.solve(exchange.packet)), app, "CheckEligibility")
        phone.token = answer.token["token"]
        return answer

    def watch(self, phone=None, tac="35999911", **fields):
        phone = phone or self.phone(**fields)
        return Watch(phone, self.lines.imei(tac))

    def handset(self, phone=None, **fields):
        return Handset(phone or self.phone(app="ap2009", **fields))

    def model(self, tac, category="phone", *capabilities):
        """Puts a TAC into the model table."""
        self.site.cluster.sql("INSERT INTO device_model (tac, vendor, model, category, capabilities) VALUES (%s, 'ACME', 'One', %s, %s) "
                              "ON CONFLICT (tac) DO UPDATE SET category = excluded.category, capabilities = excluded.capabilities",
                              tac, category, list(capabilities))
        return tac

    def identity(self, terminal_id, state):
        """Marks one device or EID allow, deny or stolen."""
        self.site.cluster.sql("INSERT INTO device_identity (terminal_id, state) VALUES (%s, %s) ON CONFLICT (terminal_id) DO UPDATE "
                              "SET state = excluded.state", terminal_id.lower(), state)

    # ---- what the database says ----

    def journeys(self, imsi):
        """Dicts of the journeys of a line, oldest first."""
        return self.rows("SELECT * FROM journey WHERE imsi = %s ORDER BY id", imsi)

    def profiles(self, imsi):
        return self.rows("SELECT * FROM profile WHERE imsi = %s ORDER BY id", imsi)

    def steps(self, journey):
        return self.rows("SELECT * FROM journey_step WHERE journey = %s ORDER BY id", journey)

    def rows(self, text, *values):
        cluster = self.lines.cluster
        cluster.sql("SELECT 1")
        cursor = cluster.connection.execute(text, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    def wait_state(self, imsi, *states, seconds=20):
        """The newest journey of the line, as soon as it is in one of these states."""
        def look():
            found = self.journeys(imsi)
            return found[-1] if found and found[-1]["state"] in states else None
        return harness.wait_for(look, seconds, lambda: f"{states}; journeys: " +
                                str([(j["kind"], j["state"], j["reason"]) for j in self.journeys(imsi)]))
