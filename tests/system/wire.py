# SPDX-License-Identifier: Apache-2.0
"""What tshark (Debian package tshark), a decoder of other makers, says about captured Diameter and RADIUS packets."""
import shutil
import struct
import subprocess
import xml.etree.ElementTree

DIAMETER_PORT, RADIUS_PORT = 3868, 1812
# Groups of its remarks that are about the transport (made up here) or about the capture.
NOT_OURS = ("tcp", "ip", "udp", "frame", "_ws.short")


def find_tshark():
    return shutil.which("tshark")


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(protocol, payload, out):
    ends = [b"\x0a\0\0\1", b"\x0a\0\0\2"]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0) + (
        ends[0] + ends[1] if out else ends[1] + ends[0])
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def write_pcap(path, packets, radius=False):
    """packets: (direction, bytes); "I" is what the server received. One packet each, in made-up IP headers."""
    sequence = {True: 1, False: 1}
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
        for number, (direction, data) in enumerate(packets):
            out = direction == "I"
            if radius:
                ports = (40000, RADIUS_PORT) if out else (RADIUS_PORT, 40000)
                frame = ip(17, struct.pack(">HHHH", *ports, 8 + len(data), 0) + data, out)
            else:
                ports = (40000, DIAMETER_PORT) if out else (DIAMETER_PORT, 40000)
                frame = ip(6, struct.pack(">HHIIBBHHH", *ports, sequence[out], sequence[not out], 0x50, 0x18, 65535, 0, 0)
                           + data, out)
                sequence[out] += len(data)
            file.write(struct.pack("<IIII", 1700000000 + number, 0, len(frame), len(frame)) + frame)


def dissect(path, packets, radius=False, secret=None):
    """For each packet the list of (name, value) of every field that tshark found in it, layers of the transport left out."""
    write_pcap(path, packets, radius)
    command = [find_tshark(), "-n", "-r", str(path), "-T", "pdml"]
    command += ["-d", f"udp.port=={RADIUS_PORT},radius"] if radius else ["-d", f"tcp.port=={DIAMETER_PORT},diameter"]
    if secret:
        command += ["-o", f"radius.shared_secret:{secret}", "-o", "radius.validate_authenticator:TRUE"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = []
    for packet in xml.etree.ElementTree.fromstring(done.stdout).iter("packet"):
        fields = []
        for layer in packet.iter("proto"):
            if layer.get("name") not in NOT_OURS + ("geninfo",):
                fields += [(field.get("name"), field.get("showname") or field.get("show") or "") for field in layer.iter()]
        found.append(fields)
    return found


def complaints(path, packets, radius=False, secret=None):
    """What is malformed, unknown or wrong in the packets, as tshark says: (number of the packet, field, text)."""
    found = []
    for number, fields in enumerate(dissect(path, packets, radius, secret)):
        if not {name for name, _ in fields} & {"diameter", "radius"}:
            found.append((number, "not recognised", packets[number][1].hex()))
        for name, text in fields:
            name = name or ""
            if (name.startswith("_ws.malformed") or name == "_ws.expert.message" and "retransmission" not in text
                    or name.endswith((".unknown", ".invalid", ".bad")) and not text.endswith("False")):
                found.append((number, name, text))
    return sorted(set(found))


def values(path, packets, name, **how):
    """The texts of a field, packet by packet."""
    return [[text for found, text in fields if found == name] for fields in dissect(path, packets, **how)]
