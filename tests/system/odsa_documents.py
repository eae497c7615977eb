# SPDX-License-Identifier: Apache-2.0
"""Strict reader of ODSA answers (ap2006, ap2009, ap2011), written from the digests ts43-odsa.md 3, 4, 13: whatever the
specification does not allow is refused here, in each answer of each test, so that the tests need not say it again."""
import base64
import json
import re
import xml.etree.ElementTree

from client import XML
from documents import XML_TOKEN, strict_json

SUCCESS, GENERAL, INVALID_OPERATION, INVALID_PARAMETER, NOT_SUPPORTED, INVALID_MSG = 1, 100, 101, 102, 103, 104
WEBSHEET, DOWNLOAD, FINISHED, DELAYED, DISMISS, DELETE_IN_USE, REDOWNLOADABLE, USER_INPUT = range(1, 9)
ACTIVATED, ACTIVATING, DEACTIVATED, NO_REUSE = range(1, 5)
SERVICES = ("SharedNumber", "DiffNumber", "FamilyNumber")
LISTS = {"CompanionConfigurations": "CompanionConfiguration", "PrimaryConfigurations": "PrimaryConfiguration",
         "PlanOffers": "PlanOffer", "EnterpriseDeviceConfigurations": "EnterpriseConfiguration"}
STRUCTURES = ("DownloadInfo", "MSG", "CompanionDeviceInfo", "PrimaryConfiguration", "CompanionConfiguration",
              "EnterpriseConfiguration", "PlanOffer")
ELIGIBILITY = {"ap2006": "CompanionAppEligibility", "ap2009": "PrimaryAppEligibility", "ap2011": "EnterpriseAppEligibility"}
FQDN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}\Z")
ANY = {"OperationResult", "GeneralErrorURL", "GeneralErrorUserData", "GeneralErrorText", "RegisterNotifStatus"}
MEMBERS = {  # of the application's block, by operation
    "CheckEligibility": ANY | {"CompanionDeviceServices", "NotEnabledURL", "NotEnabledUserData", "NotEnabledContentsType",
                               "PollingInterval", "PollingIntervalUnit"},
    "ManageSubscription": ANY | {"SubscriptionResult", "SubscriptionServiceURL", "SubscriptionServiceUserData",
                                 "SubscriptionServiceContentsType", "DownloadInfo", "MSG", "PrimaryConfiguration"},
    "ManageService": ANY | {"ServiceStatus"},
    "AcquireConfiguration": ANY | set(LISTS) - {"PlanOffers"} | {"PrimaryConfiguration", "EnterpriseConfiguration"},
    "AcquirePlan": ANY | {"PlanOffers"},
    "AcquireTemporaryToken": ANY | {"TemporaryToken", "TemporaryTokenExpiry", "OperationTargets"},
}
CONFIGURATION = {"ICCID", "CompanionDeviceService", "SecondaryICCID", "ServiceStatus", "PollingInterval", "PollingIntervalUnit",
                 "DownloadInfo", "CompanionDeviceInfo", "MSG"}


def read_xml(text):
    at = 0
    while at < len(text):
        match = XML_TOKEN.match(text, at) or re.compile(r'<characteristic type="EnterpriseDeviceConfigurations"/>').match(text, at)
        assert match, f"not the plain XML that phones read, at {at}: {text[at:at + 80]!r}"
        at = match.end()
    kinds, found = [], {}
    for node in xml.etree.ElementTree.fromstring(text):
        kind = node.attrib["type"]
        kinds.append(kind)
        found.setdefault(kind, []).append(read_node(node))
    assert kinds[0] == "VERS" and set(kinds) <= {"VERS", "TOKEN", "APPLICATION"} and kinds.count("VERS") == 1, kinds
    assert kinds.count("TOKEN") <= 1, kinds
    apps = {}
    for block in found["APPLICATION"]:
        assert next(iter(block)) == "AppID", "AppID is not the first parm"
        name = block.pop("AppID")
        assert name not in apps, name
        apps[name] = block
    return found["VERS"][0], found.get("TOKEN", [None])[0], apps


def read_node(node):
    """Lists become lists of dicts, structures become dicts."""
    values = {}
    for child in node:
        if child.tag == "parm":
            name, value = child.attrib["name"], child.attrib["value"]
        else:
            name = child.attrib["type"]
            assert name in LISTS or name in STRUCTURES, f"unexpected characteristic {name}"
            if name in LISTS:
                assert all(c.tag == "characteristic" and c.attrib["type"] == LISTS[name] for c in child), f"{name} holds others"
                value = [read_node(c) for c in child]
            else:
                value = read_node(child)
        assert name not in values, f"{name} is there twice"
        values[name] = value
    return values


def read_json(text):
    value = strict_json(text)
    assert isinstance(value, dict), value
    vers, token = value.pop("Vers"), value.pop("Token", None)

    def walk(block, path):
        found = {}
        for name, part in block.items():
            assert name not in ("AppID", "APPLICATION"), path + name
            if name in LISTS:
                assert isinstance(part, list) and all(isinstance(i, dict) and list(i) == [LISTS[name]] for i in part), \
                    f"{path}{name}: items have one member with the name of the item"
                found[name] = [walk(i[LISTS[name]], f"{path}{name}/") for i in part]
            elif name in STRUCTURES:
                assert isinstance(part, dict), f"{path}{name} is no object"
                found[name] = walk(part, f"{path}{name}/")
            else:
                assert isinstance(part, str), f"{path}{name} is no string: {part!r}"
                found[name] = part
        return found
    assert all(isinstance(v, str) for part in (vers, token or {}) for v in part.values())
    return vers, token, {name: walk(block, f"{name}/") for name, block in value.items()}


class Download:
    """DownloadInfo: code (plain "1$...") or address with iccid."""

    def __init__(self, block):
        assert block and set(block) <= {"ProfileIccid", "ProfileSmdpAddress", "ProfileActivationCode"}, block
        self.iccid, self.addresses, self.code = block.get("ProfileIccid"), [], None
        assert ("ProfileActivationCode" in block) != ("ProfileSmdpAddress" in block), f"code or address: {sorted(block)}"
        if self.iccid is not None:
            check_iccid(self.iccid)
        if "ProfileActivationCode" in block:
            text = block["ProfileActivationCode"]
            assert re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text) and len(text) % 4 == 0, f"not strict base64: {text!r}"
            self.code = base64.b64decode(text, validate=True).decode("ascii")
            assert self.code.startswith("1$") and self.code.count("$") >= 2 and len(self.code) <= 255, "no SGP.22 code"
            assert FQDN.match(self.code.split("$")[1]), "the code's address is no FQDN"
        else:
            assert self.iccid, "ProfileSmdpAddress without ProfileIccid"
            self.addresses = block["ProfileSmdpAddress"].split(",")
            assert all(FQDN.match(a) for a in self.addresses), self.addresses

    def __eq__(self, other):
        return (self.iccid, self.addresses, self.code) == (other.iccid, other.addresses, other.code)

    def __repr__(self):
        return f"<download {self.iccid} {self.addresses or self.code}>"


def check_iccid(text):
    assert re.fullmatch(r"89[0-9]{16,18}", text), f"ICCID {text!r}"


class Message:
    def __init__(self, block):
        must = {"Message", "Accept_btn", "Reject_btn", "Accept_freetext"}
        may = {"Title", "Accept_btn_label", "Reject_btn_label", "Accept_freetext_hint", "Accept_freetext_validation",
               "Accept_freetext_validation_failed_error_text"}
        assert must <= set(block) <= must | may and all(block.values()), block
        for name in ("Accept_btn", "Reject_btn", "Accept_freetext"):
            assert block[name] in ("0", "1"), f"{name} {block[name]}"
        if block["Accept_freetext"] == "0":
            assert not [name for name in block if name.startswith("Accept_freetext_")], block
        self.pattern = None
        if "Accept_freetext_validation" in block:
            text = block["Accept_freetext_validation"]
            assert text.startswith("encodedValue="), text
            self.pattern = base64.b64decode(text[len("encodedValue="):], validate=True).decode("utf-8")
            re.compile(self.pattern)
        else:
            assert "Accept_freetext_validation_failed_error_text" not in block, block
        self.block = block

    def __getitem__(self, name):
        return self.block[name]

    def get(self, name):
        return self.block.get(name)


def check_polling(block, allowed):
    if not allowed:
        assert "PollingInterval" not in block and "PollingIntervalUnit" not in block, f"polling out of place: {block}"
    elif "PollingInterval" in block:
        assert re.fullmatch(r"[0-9]+", block["PollingInterval"]), block
        assert block.get("PollingIntervalUnit", "0") in ("0", "1", "2"), block
    else:
        assert "PollingIntervalUnit" not in block, block


class Configuration:
    def __init__(self, block, app):
        allowed = CONFIGURATION - (set() if app == "ap2006" else {"CompanionDeviceService", "CompanionDeviceInfo"}) - \
            (set() if app == "ap2009" else {"MSG", "SecondaryICCID"})
        assert set(block) <= allowed, f"{app}: {sorted(set(block) - allowed)}"
        self.block = block
        self.status = int(block["ServiceStatus"])
        assert self.status in (ACTIVATED, ACTIVATING, DEACTIVATED, NO_REUSE), block
        self.iccid, self.service = block.get("ICCID"), block.get("CompanionDeviceService")
        if self.iccid is not None:
            check_iccid(self.iccid)
        if app == "ap2006":
            assert self.service in SERVICES, block
        assert block.get("SecondaryICCID", "1") == "1", "SecondaryICCID is 1 or absent"
        self.secondary = "SecondaryICCID" in block
        check_polling(block, self.status == ACTIVATING)
        self.polling = block.get("PollingInterval")
        self.download = Download(block["DownloadInfo"]) if "DownloadInfo" in block else None
        assert not (self.download and self.status in (DEACTIVATED, NO_REUSE)), "download of what is off"
        self.message = Message(block["MSG"]) if "MSG" in block else None
        self.info = block.get("CompanionDeviceInfo")
        if self.info is not None:
            assert {"CompanionTerminalFriendlyName", "CompanionTerminalVendor"} <= set(self.info) <= {
                "CompanionTerminalFriendlyName", "CompanionTerminalVendor", "CompanionTerminalModel",
                "CompanionTerminalEid"}, self.info

    def __repr__(self):
        return f"<configuration {self.block}>"


class Answer:
    """A checked answer. result; subscription, download, message, url; status (ManageService); configurations; plans."""

    def __init__(self, reply, app, operation, operation_type=None, token=True):
        assert reply.status == 200, reply
        text = reply.body.decode("utf-8")
        self.reply, self.text = reply, text
        self.vers, self.token, apps = (read_xml if reply.header("Content-Type") == XML else read_json)(text)
        assert set(self.vers) == {"version", "validity"} and list(apps) == [app], f"{self.vers} {list(apps)}"
        if token:
            assert self.token and self.token["token"], "TOKEN is missing"
        self.block = block = apps[app]
        self.app = app
        self.result = int(block["OperationResult"])
        assert self.result in (1, 100, 101, 102, 103, 104), block
        assert self.result != NOT_SUPPORTED or operation == "ManageService", "103 of an operation that is not optional"
        self.subscription = self.download = self.message = self.status = self.eligibility = None
        self.configurations, self.plans = [], []
        if operation in MEMBERS:
            names = set(block) - {ELIGIBILITY[app]} if operation == "CheckEligibility" else set(block)
            assert names <= MEMBERS[operation], f"{operation}: {sorted(names - MEMBERS[operation])}"
            getattr(self, "read_" + operation)(block, operation_type)

    def __repr__(self):
        return f"<answer {self.block}>"

    def __getitem__(self, name):
        return self.block[name]

    def __contains__(self, name):
        return name in self.block

    def get(self, name, default=None):
        return self.block.get(name, default)

    def read_CheckEligibility(self, block, _):
        self.eligibility = int(block[ELIGIBILITY[self.app]])
        assert self.eligibility in (0, 1, 2), block
        services = block.get("CompanionDeviceServices")
        assert (services is not None) == (self.app == "ap2006"), "CompanionDeviceServices belongs to ap2006"
        self.services = [s for s in (services or "").split(",") if s]
        assert set(self.services) <= set(SERVICES) and len(set(self.services)) == len(self.services), services
        if self.app == "ap2006" and self.eligibility != 1:
            assert services == "", services
        check_polling(block, self.app == "ap2009" and self.eligibility == 0)
        self.check_page(block, "NotEnabledURL", "NotEnabledUserData", "NotEnabledContentsType")

    def check_page(self, block, url, data, kind):
        self.url, self.data, self.contents = block.get(url), block.get(data), block.get(kind)
        if self.url is None:
            assert self.data is None and self.contents is None, block
            return
        assert re.match(r"https?://[^\s]+\Z", self.url), self.url
        assert self.contents in (None, "json", "xml"), self.contents
        if self.contents is None:
            assert "?" not in self.url, "a URL without contents type has no query of its own"
            assert self.data is None or not self.data.startswith("encodedValue="), self.data
            self.opened = self.data
        else:
            assert self.data, "contents type without data"
            text = self.data
            if text.startswith("encodedValue="):
                text = base64.b64decode(text[len("encodedValue="):], validate=True).decode("utf-8")
            self.opened = json.loads(text) if self.contents == "json" else xml.etree.ElementTree.fromstring(text)

    def read_ManageSubscription(self, block, operation_type):
        self.subscription = int(block["SubscriptionResult"])
        assert self.subscription in range(1, 9), block
        self.check_page(block, "SubscriptionServiceURL", "SubscriptionServiceUserData", "SubscriptionServiceContentsType")
        assert (self.url is not None) == (self.subscription == WEBSHEET), f"portal and result {self.subscription}"
        assert ("DownloadInfo" in block) == (self.subscription == DOWNLOAD), f"download and result {self.subscription}"
        assert ("MSG" in block) == (self.subscription == USER_INPUT), f"MSG and result {self.subscription}"
        assert self.subscription != REDOWNLOADABLE or str(operation_type) == "3", "7 belongs to type 3"
        if self.result != SUCCESS:
            assert self.subscription == DISMISS, "an error with a result that goes on"
        if "DownloadInfo" in block:
            self.download = Download(block["DownloadInfo"])
        if "MSG" in block:
            self.message = Message(block["MSG"])
        if "PrimaryConfiguration" in block:  # figure 47
            assert str(operation_type) == "7", "a configuration belongs to type 7"
            self.configurations = [Configuration(block["PrimaryConfiguration"], self.app)]

    def read_ManageService(self, block, _):
        self.status = int(block["ServiceStatus"])
        assert self.status in (1, 2, 3, 4), block

    def read_AcquireConfiguration(self, block, _):
        single, many = {"ap2006": (None, "CompanionConfigurations"), "ap2009": ("PrimaryConfiguration", "PrimaryConfigurations"),
                        "ap2011": (None, "EnterpriseDeviceConfigurations")}[self.app]
        assert not {"PrimaryConfiguration", "EnterpriseConfiguration", *LISTS} & set(block) - {single, many}, sorted(block)
        assert not (single in block and many in block), "stand-alone and list"
        if single in block:
            self.configurations = [Configuration(block[single], self.app)]
            assert not self.configurations[0].secondary, "a stand-alone one is no secondary one"
        elif many in block:
            self.configurations = [Configuration(one, self.app) for one in block[many]]
            assert self.configurations or self.app == "ap2011", f"{many} is empty"
            if self.app == "ap2009":
                assert len(self.configurations) > 1, "one profile is told stand-alone"
                assert sum(not one.secondary for one in self.configurations) == 1, "exactly one is the primary one"

    def read_AcquirePlan(self, block, _):
        if "PlanOffers" in block:
            self.plans = block["PlanOffers"]
            assert self.plans and all(p.get("PlanId") and set(p) <= {"PlanId", "PlanName", "PlanDescription"}
                                      for p in self.plans), self.plans

    def read_AcquireTemporaryToken(self, block, _):
        three = {"TemporaryToken", "TemporaryTokenExpiry", "OperationTargets"}
        assert not three & set(block) or three <= set(block), "all three or none"
        assert (self.result == SUCCESS) == bool(three & set(block)), block
        if three <= set(block):
            assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})",
                                block["TemporaryTokenExpiry"]), block

    @property
    def only(self):
        """The one configuration."""
        assert len(self.configurations) == 1, f"{len(self.configurations)} configurations: {self.configurations}"
        return self.configurations[0]

    def of(self, iccid):
        found = [c for c in self.configurations if c.iccid == iccid]
        assert len(found) == 1, f"{iccid} among {self.configurations}"
        return found[0]
