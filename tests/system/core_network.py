# SPDX-License-Identifier: Apache-2.0
"""What the tests of the core network share: settings of a daemon at Diameter servers, phones whose cards those know."""
import itertools

import client
import diameter
import harness
from diameter_roles import Aaa, Hss, Pcrf

HOST, REALM = "ecs.test", "test"
NAMES = {diameter.SWM: "swm", diameter.STA: "sta", diameter.EAP: "diameter-eap", diameter.SWX: "swx"}
hosts = itertools.count(1)


def new_host():
    """Every daemon has an identity of its own: freeDiameter lets one that vanished come back after three watchdogs only."""
    return f"ecs{next(hosts)}.test"


def peer_row(peer, **more):
    return dict({"name": peer.identity.split(".")[0], "host": "127.0.0.1", "port": peer.port, "identity": peer.identity,
                 "watchdog": "2s", "reconnect": "300ms"}, **more)


def settings(*peers, host=None, row=None, **more):
    """A daemon that asks these servers, all of one kind; row: of its section aaa. priority of the first is best."""
    first = peers[0]
    app = first.app if isinstance(first, Aaa) else diameter.SWX
    found = {"diameter": {"host": host or new_host(), "realm": REALM},
             "diameter_peers": [peer_row(peer) for peer in peers],
             "diameter_routes": [{"realm": first.realm, "peer": peer_row(peer)["name"], "priority": number}
                                 for number, peer in enumerate(peers)]}
    if not isinstance(first, Pcrf):
        found["aaa"] = [dict({"name": "core", "type": NAMES[app], "realm": first.realm}, **(row or {}))]
        found["auth"] = {"ladder": ["core"], "ladder_failures": 1000}  # the pause of a ladder is the matter of others
    return harness.merge(found, more)


def connected(daemon, *peers, seconds=15):
    """Waits until the daemon is in service at the servers."""
    host = daemon.settings["diameter"]["host"].encode()
    for peer in peers:
        def look():
            return any(way == "I" and data[5:8] == b"\0\1\1" and data[4] & 0x80 and host in data
                       for way, data in list(peer.wire))
        harness.wait_for(look, seconds,
                         lambda: f"a CER of {host} at {peer.identity}\n{daemon.text()[-3000:]}\n{peer.log()[-2000:]}")
    return daemon


def phones(lines, cards):
    """Function: a phone with a fresh line whose card the servers know (and the daemon's own database does not)."""
    def make(at, line=None, plain=False, **what):
        line = line or lines.take(**what)
        cards.add(line.imsi, line.ki, line.opc)
        made = client.Phone(at.plain if plain else at.device, line.imsi, line.ki, line.opc, lines.imei())
        made.line = line
        return made
    return make


def refused(reply, status):
    """An error answer; 503 says when to come again."""
    assert reply.status == status, reply
    assert (reply.header("Retry-After") is not None) == (status == 503), reply.headers
    if status == 503:
        assert 1 <= int(reply.header("Retry-After")) <= 3600
    return reply


__all__ = ["Aaa", "Hss", "Pcrf", "connected", "new_host", "peer_row", "phones", "refused", "settings"]
