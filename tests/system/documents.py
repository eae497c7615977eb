# SPDX-License-Identifier: Apache-2.0
"""Strict readers of the configuration document in both formats: whatever a common phone would stumble over is refused."""
import json
import re
import xml.etree.ElementTree

VERSION_PAIRS = "a legal pair of VERS"


class Document:
    """vers and token: dicts (token None when absent); apps: AppID -> dict of values in their order. Nested structures of
    ap2003 are lists of dicts under "VoiceOverCellularEntitleInfo"."""

    def __init__(self, vers, token, apps, text):
        self.vers, self.token, self.apps, self.text = vers, token, apps, text

    def __getitem__(self, app):
        return self.apps[app]

    @property
    def version(self):
        return int(self.vers["version"])

    @property
    def validity(self):
        return int(self.vers["validity"])

    @property
    def token_text(self):
        return self.token["token"]

    def status(self, app):
        return int(self.apps[app]["EntitlementStatus"])

    def rats(self):
        """(AccessType, HomeRoamingNWType) -> the other values of that entry of ap2003."""
        found = {}
        for entry in self.apps["ap2003"]["VoiceOverCellularEntitleInfo"]:
            key = int(entry["AccessType"]), int(entry["HomeRoamingNWType"])
            assert key not in found, f"two entries of type {key}"
            found[key] = {name: value for name, value in entry.items() if name not in ("AccessType", "HomeRoamingNWType")}
        return found

    @property
    def content(self):
        """apps without the references for the portal, which are fresh in every answer."""
        return {app: {name: value for name, value in block.items() if name != "ServiceFlow_UserData"}
                for app, block in self.apps.items()}


XML_TOKEN = re.compile(
    r'<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?\?>'
    r'|<wap-provisioningdoc version="1\.1">|</wap-provisioningdoc>'
    r'|<characteristic type="[A-Za-z0-9]+">|</characteristic>'
    r'|<parm name="[A-Za-z0-9_]+" value="(?:[^<>"\'&\x00-\x1f]|&amp;)*"/>'
    r'|[ \n\r\t]+')


def read_xml(text):
    at = 0
    while at < len(text):  # C-29 and C-34: nothing but these tokens
        match = XML_TOKEN.match(text, at)
        assert match, f"not the plain XML that phones read, at {at}: {text[at:at + 80]!r}"
        at = match.end()
    root = xml.etree.ElementTree.fromstring(text)
    parts, apps = {}, {}
    order = []
    for node in root:
        kind = node.attrib["type"]
        order.append(kind)
        values = read_parms(node)
        if kind == "APPLICATION":
            assert next(iter(values)) == "AppID", "AppID is not the first parm"
            name = values.pop("AppID")
            assert name not in apps, f"two blocks of {name}"
            apps[name] = values
        else:
            assert kind not in parts, f"two characteristics {kind}"
            parts[kind] = values
    assert order[0] == "VERS" and order[1:].count("VERS") == 0
    assert "TOKEN" not in order or order[1] == "TOKEN"
    assert set(order) <= {"VERS", "TOKEN", "APPLICATION"}, order
    return Document(parts["VERS"], parts.get("TOKEN"), apps, text)


def read_parms(node):
    values = {}
    for child in node:
        if child.tag == "parm":
            assert child.attrib["name"] not in values, f"{child.attrib['name']} is there twice"
            values[child.attrib["name"]] = child.attrib["value"]
        elif child.attrib["type"] == "VoiceOverCellularEntitleInfo":
            assert "VoiceOverCellularEntitleInfo" not in values, "VoiceOverCellularEntitleInfo is there twice"
            assert all(c.tag == "characteristic" and c.attrib["type"] == "RATVoiceEntitleInfoDetails" for c in child), \
                "VoiceOverCellularEntitleInfo holds RATVoiceEntitleInfoDetails and nothing else"
            values["VoiceOverCellularEntitleInfo"] = [read_parms(entry) for entry in child]
        elif child.attrib["type"] == "RATVoiceEntitleInfoDetails":
            raise AssertionError("RATVoiceEntitleInfoDetails stands outside of VoiceOverCellularEntitleInfo")
        elif child.attrib["type"] == "SubscriberInfo":
            assert "SubscriberInfo" not in values, "SubscriberInfo is there twice"
            values["SubscriberInfo"] = read_parms(child)
        else:
            raise AssertionError(f"unexpected characteristic {child.attrib['type']}")
    return values


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"duplicate members in {names}"
    return dict(pairs)


def strict_json(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")
    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse)


def check_scalars(value, path=""):
    if isinstance(value, dict):
        for name, part in value.items():
            assert name not in ("eap-relay-packet", "AppID", "APPLICATION"), f"{path}/{name}"
            check_scalars(part, f"{path}/{name}")
    elif isinstance(value, list):
        for part in value:
            check_scalars(part, path + "[]")
    else:
        assert isinstance(value, str), f"{path} is no string: {value!r}"


def read_json(text):
    value = strict_json(text)
    assert isinstance(value, dict)
    check_scalars(value)
    vers, token = value.pop("Vers"), value.pop("Token", None)
    for block in value.values():
        entries = block.get("VoiceOverCellularEntitleInfo")
        if entries is not None:
            assert isinstance(entries, list), "VoiceOverCellularEntitleInfo is no array"
            for entry in entries:
                assert list(entry) == ["RATVoiceEntitleInfoDetails"], "items have one member with the name of the item"
            block["VoiceOverCellularEntitleInfo"] = [entry["RATVoiceEntitleInfoDetails"] for entry in entries]
    return Document(vers, token, value, text)


def check_document(document, token):
    number = re.compile(r"-?[0-9]+$")
    assert number.match(document.vers["version"]) and number.match(document.vers["validity"]), document.vers
    version, validity = document.version, document.validity
    assert version < 1 << 31
    assert (version > 0 and validity >= 0) or (version, validity) in ((0, 0), (-1, -1), (-2, -2)), VERSION_PAIRS
    assert set(document.vers) == {"version", "validity"}
    if token:
        assert document.token, "TOKEN is missing"
        assert set(document.token) == {"token", "validity"} and int(document.token["validity"]) > 0
    assert document.apps, "no application"
