# SPDX-License-Identifier: Apache-2.0
"""Goals 1, 2, 3, 4, 5, 6, 9, 16: requests and connections, beside nginx."""
import subprocess

from lab import DEVICES, NAME
from measure import at_least, cost_note, info, median, rate_note, ratios, rounds, wrk


def goal_1(b):
    """The smallest answer of the device port (404 for a foreign path), on kept connections."""
    d, n = b.daemon, b.nginx
    options = ("-c", 64, "-s", b.seconds, "-S", 404)
    ours, theirs = rounds(b.rounds, lambda: b.lab.load(d, "keep", *options, targets=d.small, expect="nothing"),
                          lambda: b.lab.load(n, "keep", *options, targets=n.small, expect="nothing"))
    yield at_least("1", "fixed small answer (404), kept connections: CPU against nginx `return`", ratios(ours, theirs, "cpu_us"),
                   0.95, [cost_note(ours, theirs), rate_note(ours, theirs) + " (one load thread)"])
    ours, theirs = rounds(b.rounds, lambda: wrk(d, b.seconds, 64, d.small, True), lambda: wrk(n, b.seconds, 64, n.small, True))
    yield info("1", "the same by wrk: requests/s", ratios(ours, theirs, "rate", False), [rate_note(ours, theirs)])
    yield info("1", "the same by wrk: CPU (handshakes of 64 connections included)", ratios(ours, theirs, "cpu_us"))


def goal_1_all(b):
    d, n = b.daemon_all, b.nginx_all
    options = ("-c", 64, "-s", b.seconds, "-S", 404)
    with b.all_cores():
        ours, theirs = rounds(b.rounds,
                              lambda: b.lab.load(d, "keep", *options, targets=d.small, expect="nothing", cpus=b.every_cpu),
                              lambda: b.lab.load(n, "keep", *options, targets=n.small, expect="nothing", cpus=b.every_cpu))
    yield info("1", f"the same, {b.cpu_count} workers each, everything on all processors: CPU", ratios(ours, theirs, "cpu_us"),
               [cost_note(ours, theirs), rate_note(ours, theirs)])


def goal_2(b):
    """The check of a phone with a token: look-up, decisions, complete answer."""
    d, n = b.daemon, b.nginx
    options = ("-c", 32, "-s", b.seconds)
    ours, theirs = rounds(b.rounds, lambda: b.lab.load(d, "keep", *options), lambda: b.lab.load(n, "keep", *options))
    yield at_least("2", f"token check with look-up ({b.main_rows:,} subscribers): CPU against nginx static file",
                   ratios(ours, theirs, "cpu_us"), 0.60,
                   [cost_note(ours, theirs), f"PostgreSQL {median([r['db_us'] for r in ours]):.1f} us per check"])
    ours, theirs = rounds(b.rounds, lambda: wrk(d, b.seconds, 32, d.targets), lambda: wrk(n, b.seconds, 32, n.targets))
    yield at_least("2", "the same by wrk: requests/s, PostgreSQL beside the load", ratios(ours, theirs, "rate", False), 0.45,
                   [rate_note(ours, theirs)])
    yield info("2", "the same by wrk: CPU", ratios(ours, theirs, "cpu_us"))


def goal_2_all(b):
    d, n = b.daemon_all, b.nginx_all
    options = ("-c", 32, "-s", b.seconds)
    with b.all_cores():
        ours, theirs = rounds(b.rounds, lambda: b.lab.load(d, "keep", *options, cpus=b.every_cpu),
                              lambda: b.lab.load(n, "keep", *options, cpus=b.every_cpu))
    yield info("2", f"the same, {b.cpu_count} workers each, everything on all processors: CPU", ratios(ours, theirs, "cpu_us"),
               [cost_note(ours, theirs)])
    yield info("2", "the same, all processors: requests/s", ratios(ours, theirs, "rate", False), [rate_note(ours, theirs)])


def handshake_pair(b, kind, tls, in_flight, mode, peer_port=None, small=False):
    d, n = b.daemon if kind == "ec" else b.daemon_rsa, b.nginx
    options = ("-c", in_flight, "-s", b.short, "-t", tls) + (("-S", 404) if small else ())
    ours, theirs = ({"targets": s.small, "expect": "nothing"} if small else {} for s in (d, n))
    return rounds(b.rounds, lambda: b.lab.load(d, mode, *options, port=kind, **ours),
                  lambda: b.lab.load(n, mode, *options, port=peer_port or kind, **theirs))


def goal_4(b):
    for kind, label in (("ec", "ECDSA P-256"), ("rsa", "RSA-2048")):
        for tls in ("1.3", "1.2"):
            for in_flight in (1, 8):
                ours, theirs = handshake_pair(b, kind, tls, in_flight, "handshake")
                yield at_least("4", f"full handshake, {label}, TLS {tls}, {in_flight} in flight: CPU",
                               ratios(ours, theirs, "cpu_us"), 1.0, [cost_note(ours, theirs)])
    ours, theirs = handshake_pair(b, "ec", "1.3", 8, "handshake", "tuned")
    yield info("4", "ECDSA P-256, TLS 1.3, 8 in flight, nginx set to our cipher order: CPU", ratios(ours, theirs, "cpu_us"),
               [cost_note(ours, theirs)])
    for tls in ("1.3", "1.2"):
        for in_flight in (1, 8):
            ours, theirs = handshake_pair(b, "ec", tls, in_flight, "resume", small=True)
            yield at_least("4", f"resumed + one fixed answer, TLS {tls}, {in_flight} in flight: CPU",
                           ratios(ours, theirs, "cpu_us"), 1.1, [cost_note(ours, theirs)])
        ours, theirs = handshake_pair(b, "ec", tls, 8, "resume")
        yield info("4", f"resumed + one token check, TLS {tls}, 8 in flight: CPU against resumed + static file",
                   ratios(ours, theirs, "cpu_us"), [cost_note(ours, theirs)])


def goal_5(b):
    for in_flight in (1, 8):
        options = ("-c", in_flight, "-s", b.short)
        ours, theirs = rounds(b.rounds, lambda o=options: b.lab.load(b.daemon, "cold", *o),
                              lambda o=options: b.lab.load(b.nginx, "cold", *o))
        yield at_least("5", f"new connection + token check, {in_flight} in flight: CPU against handshake + static file",
                       ratios(ours, theirs, "cpu_us"), 1.0, [cost_note(ours, theirs)])


def authenticate(b, options):
    # As in the field, where no phone comes back within the window of attempts.
    b.lab.psql("main", "UPDATE auc SET attempts = 0 WHERE attempts > 0; DELETE FROM eap_session; VACUUM auc, eap_session")
    return b.lab.load(b.daemon, "eap", *options, "-n", DEVICES, "-k", b.lab.path("main.cards"))


def goal_6(b):
    for in_flight in (8, 1):
        options = ("-c", in_flight, "-s", b.short)
        ours, theirs = rounds(b.rounds, lambda o=options: authenticate(b, o),
                              lambda o=options: b.lab.load(b.nginx, "handshake", *o))
        notes = [cost_note(ours, theirs), rate_note(ours, theirs), f"PostgreSQL {median([r['db_us'] for r in ours]):.0f} us"]
        what = f"full EAP-AKA from a new connection, {in_flight} in flight: CPU against a bare nginx handshake"
        if in_flight == 8:
            yield at_least("6", what, ratios(ours, theirs, "cpu_us"), 0.80, notes)
            yield info("6", "the same: authentications/s against bare handshakes/s", ratios(ours, theirs, "rate", False))
        else:
            yield info("6", what, ratios(ours, theirs, "cpu_us"), notes)


def goal_9(b):
    servers = [("small", 1000)] + ([("large", b.large_rows)] if b.large_rows else [])
    daemons = [b.lab.daemon("growth-" + database, database) for database, _ in servers]
    for database in [s[0] for s in servers] + ["main"]:
        b.lab.warm(database)
    daemons.append(b.daemon)
    options = ("-c", 32, "-s", b.seconds)
    targets = b.lab.path("small.targets")
    calls = [lambda d=d: b.lab.load(d, "keep", *options, targets=targets) for d in daemons]
    results = [r[1:] for r in rounds(b.rounds + 1, *calls)]  # the first round is dropped
    small = results[0]
    if b.large_rows:
        yield at_least("9", f"checks/s with {b.large_rows:,} subscribers against 1,000", ratios(results[1], small, "rate", False),
                       0.75, [rate_note(results[1], small, "the small table"), f"loaded in {b.lab.times['large']:.0f} s"])
    main = ratios(results[-1], small, "rate", False)
    what, notes = f"checks/s with {b.main_rows:,} subscribers against 1,000", [rate_note(results[-1], small, "the small table")]
    yield info("9", what, main, notes) if b.large_rows else at_least("9", what, main, 0.75, notes + ["the full run adds 10 million"])
    for d in daemons[:-1]:
        b.lab.end(d)


def s_client(port, tls, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", NAME, "-tls" + tls.replace(".", "_"),
                           "-ign_eof", *options], capture_output=True, text=True, timeout=20,
                          input=f"GET /none HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n")
    if "HTTP/1.1 404" not in done.stdout:
        raise RuntimeError(f"openssl s_client on port {port}: {done.stdout[-200:]} {done.stderr[-200:]}")
    return "Reused, " in done.stdout


def goal_16(b):
    """openssl s_client as an independent client: same process, another process, the process after a restart."""
    first = b.lab.daemon("ticket")
    other = b.lab.daemon("ticket-other")
    session, good, tried = b.lab.path("session.pem"), [], []
    for tls in ("1.3", "1.2"):
        for place in ("same process", "another process, same key", "after a restart"):
            if s_client(first.ports["ec"], tls, "-sess_out", session):
                raise RuntimeError("a first connection cannot be resumed")
            target = other if place.startswith("another") else first
            if place == "after a restart":
                b.lab.end(first)
                first = target = b.lab.daemon("ticket")
            tried.append(f"TLS {tls} {place}")
            if s_client(target.ports["ec"], tls, "-sess_in", session):
                good.append(tried[-1])
    b.lab.end(first)
    b.lab.end(other)
    missing = [t for t in tried if t not in good]
    yield at_least("16", "session tickets: connections resumed of 6 (TLS 1.3 and 1.2; same process, another, restarted)",
                   [len(good)], 6, ["not resumed: " + ", ".join(missing)] if missing else [])


def goal_3(b):
    yield info("3", "token check with the subscriber's data in memory", [0],
               ["not applicable: by design the daemon keeps no facts in memory between requests; every check reads the database"])


GOALS = [("1", goal_1), ("1", goal_1_all), ("2", goal_2), ("2", goal_2_all), ("3", goal_3), ("4", goal_4), ("5", goal_5), ("6", goal_6),
         ("9", goal_9), ("16", goal_16)]
