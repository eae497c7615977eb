# SPDX-License-Identifier: Apache-2.0
"""Diameter messages for tests, written from RFC 6733 and the code points of aaa.md and pcrf.md: a strict reader (lengths,
padding, flags) and a writer. Nothing here knows the product."""
import struct

VENDOR = 10415
REQUEST, PROXIABLE, ERROR, REPEATED = 0x80, 0x40, 0x20, 0x10
CER, RAR, ACR, AAR, DER, ASR, STR, DWR, DPR, SAR, MAR = 257, 258, 271, 265, 268, 274, 275, 280, 282, 301, 303
ACCOUNTING, EAP, STA, SWM, SWX, RX = 3, 5, 16777250, 16777264, 16777265, 16777236

# name: (code, vendor, kind, M bit: True must, False must not, None either). Kinds: b bytes, s text, u number of 4 bytes, U
# of 8, a address, g group
AVPS = {
    "User-Name": (1, 0, "s", True), "NAS-Identifier": (32, 0, "s", True), "NAS-Port-Type": (61, 0, "u", True),
    "Service-Type": (6, 0, "u", True), "Framed-IP-Address": (8, 0, "b", True), "Framed-MTU": (12, 0, "u", True),
    "State": (24, 0, "b", True), "Class": (25, 0, "b", True), "Session-Timeout": (27, 0, "u", True),
    "Called-Station-Id": (30, 0, "s", True), "Calling-Station-Id": (31, 0, "s", True), "Event-Timestamp": (55, 0, "u", True),
    "Connect-Info": (77, 0, "s", True), "Framed-IPv6-Prefix": (97, 0, "b", True), "Host-IP-Address": (257, 0, "a", True),
    "Auth-Application-Id": (258, 0, "u", True), "Acct-Application-Id": (259, 0, "u", True),
    "Vendor-Specific-Application-Id": (260, 0, "g", True), "Session-Id": (263, 0, "s", True),
    "Origin-Host": (264, 0, "s", True), "Supported-Vendor-Id": (265, 0, "u", True), "Vendor-Id": (266, 0, "u", True),
    "Firmware-Revision": (267, 0, "u", False), "Result-Code": (268, 0, "u", True), "Product-Name": (269, 0, "s", False),
    "Multi-Round-Time-Out": (272, 0, "u", True), "Disconnect-Cause": (273, 0, "u", True),
    "Auth-Request-Type": (274, 0, "u", True), "Re-Auth-Request-Type": (285, 0, "u", True),
    "Auth-Session-State": (277, 0, "u", True), "Origin-State-Id": (278, 0, "u", True),
    "Failed-AVP": (279, 0, "g", True), "Route-Record": (282, 0, "s", True), "Destination-Realm": (283, 0, "s", True),
    "Error-Message": (281, 0, "s", False), "Authorization-Lifetime": (291, 0, "u", True), "Destination-Host": (293, 0, "s", True),
    "Termination-Cause": (295, 0, "u", True), "Origin-Realm": (296, 0, "s", True), "Experimental-Result": (297, 0, "g", True),
    "Experimental-Result-Code": (298, 0, "u", True),
    "Inband-Security-Id": (299, 0, "u", True),
    "Subscription-Id": (443, 0, "g", True), "Subscription-Id-Data": (444, 0, "s", True),
    "Subscription-Id-Type": (450, 0, "u", True),
    "EAP-Payload": (462, 0, "b", True), "EAP-Reissued-Payload": (463, 0, "b", True),
    "EAP-Master-Session-Key": (464, 0, "b", False), "Accounting-Record-Type": (480, 0, "u", True),
    "Accounting-Record-Number": (485, 0, "u", True), "Acct-Session-Id": (44, 0, "b", True),
    "Service-Selection": (493, 0, "s", True),
    "Acct-Session-Time": (46, 0, "u", True), "Acct-Delay-Time": (41, 0, "u", True), "Acct-Authentic": (45, 0, "u", True),
    "Visited-Network-Identifier": (600, VENDOR, "b", True), "RAT-Type": (1032, VENDOR, "u", None),
    "ANID": (1504, VENDOR, "s", True), "Terminal-Information": (1401, VENDOR, "g", None), "IMEI": (1402, VENDOR, "s", None),
    "Software-Version": (1403, VENDOR, "s", None), "AAA-Failure-Indication": (1518, VENDOR, "u", None),
    "3GPP-AAA-Server-Name": (318, VENDOR, "s", True), "SIP-Number-Auth-Items": (607, VENDOR, "u", True),
    "SIP-Authentication-Scheme": (608, VENDOR, "s", True), "SIP-Authenticate": (609, VENDOR, "b", True),
    "SIP-Authorization": (610, VENDOR, "b", True), "SIP-Auth-Data-Item": (612, VENDOR, "g", True),
    "SIP-Item-Number": (613, VENDOR, "u", True), "Server-Assignment-Type": (614, VENDOR, "u", True),
    "Confidentiality-Key": (625, VENDOR, "b", True), "Integrity-Key": (626, VENDOR, "b", True),
    "Non-3GPP-User-Data": (1500, VENDOR, "g", True), "Non-3GPP-IP-Access": (1501, VENDOR, "u", True),
    "Abort-Cause": (500, VENDOR, "u", True), "AF-Application-Identifier": (504, VENDOR, "b", True),
    "AF-Charging-Identifier": (505, VENDOR, "b", True), "Flow-Description": (507, VENDOR, "s", True),
    "Flow-Number": (509, VENDOR, "u", True), "Flows": (510, VENDOR, "g", True), "Flow-Status": (511, VENDOR, "u", True),
    "Flow-Usage": (512, VENDOR, "u", True), "Specific-Action": (513, VENDOR, "u", True),
    "Max-Requested-Bandwidth-DL": (515, VENDOR, "u", True), "Max-Requested-Bandwidth-UL": (516, VENDOR, "u", True),
    "Media-Component-Description": (517, VENDOR, "g", True), "Media-Component-Number": (518, VENDOR, "u", True),
    "Media-Sub-Component": (519, VENDOR, "g", True), "Media-Type": (520, VENDOR, "u", True),
    "Acceptable-Service-Info": (526, VENDOR, "g", True), "Service-Info-Status": (527, VENDOR, "u", True),
    "Rx-Request-Type": (533, VENDOR, "u", False), "Min-Requested-Bandwidth-DL": (534, VENDOR, "u", True),
    "Min-Requested-Bandwidth-UL": (535, VENDOR, "u", True), "IP-Domain-Id": (537, VENDOR, "b", False),
    "Retry-Interval": (541, VENDOR, "u", False), "Extended-Max-Requested-BW-DL": (554, VENDOR, "u", False),
    "Extended-Max-Requested-BW-UL": (555, VENDOR, "u", False), "Supported-Features": (628, VENDOR, "g", None),
    "Feature-List-ID": (629, VENDOR, "u", None), "Feature-List": (630, VENDOR, "u", None),
}
BY_CODE = {(code, vendor): name for name, (code, vendor, _, _) in AVPS.items()}


class Fault(Exception):
    """What is wrong with bytes that came."""


def expect(good, text):
    if not good:
        raise Fault(text)


class Avp:
    """One of a message. value: by its kind; of a group the list of its members."""

    def __init__(self, name, value, flags, code=None, vendor=0):
        self.name, self.value, self.flags = name, value, flags
        self.code, self.vendor = (code, vendor) if name is None else AVPS[name][:2]

    def __repr__(self):
        return f"{self.name or self.code}={self.value!r}"


def read_avps(data, depth=0):
    """The AVPs of these bytes; every one is known, its bits are right, its padding is zero."""
    found, at = [], 0
    expect(depth < 8, "groups within groups")
    while at < len(data):
        expect(len(data) - at >= 8, f"{len(data) - at} bytes are no AVP")
        code, flags = struct.unpack_from(">IB", data, at)
        length = int.from_bytes(data[at + 5:at + 8], "big")
        head = 12 if flags & 0x80 else 8
        expect(length >= head and at + length <= len(data), f"AVP {code} has the length {length}")
        vendor = struct.unpack_from(">I", data, at + 8)[0] if flags & 0x80 else 0
        end = at + length
        padded = (end + 3) // 4 * 4
        expect(padded <= len(data), f"AVP {code} is not padded")
        expect(not any(data[end:padded]), f"AVP {code} is padded with other bytes than zero")
        name = BY_CODE.get((code, vendor))
        expect(name, f"AVP {code} of vendor {vendor} is not expected from this client")
        must = AVPS[name][3]
        expect(must is None or bool(flags & 0x40) == must, f"{name}: M bit is {flags >> 6 & 1}")
        expect(not flags & 0x3f, f"{name}: reserved bits {flags:02x}")
        found.append(Avp(name, read_value(name, data[at + head:end], depth), flags))
        at = padded
    return found


def read_value(name, data, depth):
    kind = AVPS[name][2]
    if kind == "u":
        expect(len(data) == 4, f"{name} has {len(data)} bytes")
        return int.from_bytes(data, "big")
    if kind == "s":
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(f"{name} is no UTF-8") from None
    if kind == "a":
        expect((data[:2], len(data)) in ((b"\0\1", 6), (b"\0\2", 18)), f"{name} is no address: {data.hex()}")
    return read_avps(data, depth + 1) if kind == "g" else data


def write_avp(name, value, flags=None):
    code, vendor, kind, must = AVPS[name]
    if kind == "u":
        data = struct.pack(">I", value)
    elif kind == "g":
        data = write_avps(value)
    else:
        data = value.encode() if isinstance(value, str) else bytes(value)
    if flags is None:
        flags = (0x80 if vendor else 0) | (0x40 if must else 0)
    head = struct.pack(">IB", code, flags) + (len(data) + (12 if vendor else 8)).to_bytes(3, "big")
    return head + (struct.pack(">I", vendor) if vendor else b"") + data + bytes(-len(data) % 4)


def write_avps(pairs):
    """pairs: (name, value) in order; a value None is left out; bytes are AVPs as they are."""
    return b"".join(pair if isinstance(pair, bytes) else write_avp(*pair) for pair in pairs
                    if isinstance(pair, bytes) or pair[1] is not None)


class Message:
    """A message that was read. get(name) of an AVP that may be there once, all(name)."""

    def __init__(self, data):
        expect(len(data) >= 20 and data[0] == 1, "no Diameter message")
        expect(int.from_bytes(data[1:4], "big") == len(data) and len(data) % 4 == 0, "length of the message")
        self.data, self.flags = data, data[4]
        self.command = int.from_bytes(data[5:8], "big")
        self.app, self.hop, self.end = struct.unpack(">III", data[8:20])
        expect(not self.flags & 0x0f, f"reserved bits of the header {self.flags:02x}")
        self.avps = read_avps(data[20:])

    def all(self, name, avps=None):
        return [avp.value for avp in (self.avps if avps is None else avps) if avp.name == name]

    def get(self, name, avps=None):
        values = self.all(name, avps)
        expect(len(values) <= 1, f"{name} is there {len(values)} times")
        return values[0] if values else None

    def need(self, name, avps=None):
        value = self.get(name, avps)
        expect(value is not None, f"{name} is missing")
        return value

    @property
    def result(self):
        """(code, True when it is an Experimental-Result)."""
        group = self.get("Experimental-Result")
        if group is not None:
            return self.need("Experimental-Result-Code", group), True
        return self.get("Result-Code"), False

    def __repr__(self):
        return f"<{self.command}{'R' if self.flags & REQUEST else 'A'} {self.avps}>"


def write_message(command, app, flags, hop, end, pairs):
    body = write_avps(pairs)
    return (b"\1" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + command.to_bytes(3, "big")
            + struct.pack(">III", app, hop, end) + body)


def experimental(code, vendor=VENDOR):
    return ("Experimental-Result", [("Vendor-Id", vendor), ("Experimental-Result-Code", code)])
