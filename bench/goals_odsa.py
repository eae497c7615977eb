# SPDX-License-Identifier: Apache-2.0
"""Goal 18: eSIM orchestration: what a poll costs beside a token request, and journeys per second with built-in neighbours."""
import pathlib
import re

from lab import DEVICES
from measure import at_most, info, median, rounds

APPS = re.compile(r"&app=ap200\d")
POLL = "&app=ap2009&operation=AcquireConfiguration"
ROWS = """
INSERT INTO profile (imsi, app, iccid, eid, terminal_id, status, installed_at)
SELECT imsi, 2009, '8999901' || right(imsi, 12), '89049032123451234512345678901235', '35' || right(imsi, 13), 1, now()
FROM (SELECT imsi FROM subscriber ORDER BY imsi LIMIT {devices}) s;
"""


def luhn(digits):
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return str(-total % 10)


def prepared(b):
    """Targets: token requests, polls of lines with a profile, first orders of companions (each line and watch once)."""
    lines = pathlib.Path(b.lab.path("main.targets")).read_text().splitlines()
    orders = []
    for n, line in enumerate(lines * 5):
        imei = f"3511{n:010d}"
        orders.append(APPS.sub("", line) + "&app=ap2006&operation=ManageSubscription&operation_type=0"
                      f"&companion_terminal_id={imei}{luhn(imei)}&companion_terminal_vendor=ACME"
                      "&companion_terminal_friendly_name=watch&companion_terminal_eid=89049032123451234512345678901235")
    b.lab.write("polls.targets", "\n".join(APPS.sub("", line) + POLL for line in lines) + "\n")
    b.lab.write("orders.targets", "\n".join(orders) + "\n")
    return len(orders)


def stock(b, count):
    rows = ["iccid,code,smdp,profile_type"]
    for n in range(count):
        iccid = f"899990200{n:09d}"
        rows.append(f"{iccid}{luhn(iccid)},1$rsp.example.com$BENCH-{n:08d},stock,companion")
    b.lab.write("stock.csv", "\n".join(rows) + "\n")
    b.lab.call(b.lab.build / "src/tools/ctl/entitlementctl", "-c", b.lab.path("odsa-ec.yaml"), "pool", "import", b.lab.path("stock.csv"))


def cpu_all(run):
    return run["cpu_us"] + run["db_us"]


def goal_18(b):
    count = prepared(b)
    b.lab.psql("main", ROWS.format(devices=DEVICES) + "UPDATE plan SET features = features || '{companion,primary}'; ANALYZE profile;")
    daemon = b.lab.daemon("odsa")
    stock(b, count)
    options = ("-c", 32, "-s", b.seconds)
    try:
        polls, tokens = rounds(b.rounds,
                               lambda: b.lab.load(daemon, "keep", *options, targets=b.lab.path("polls.targets"), expect="ServiceStatus"),
                               lambda: b.lab.load(daemon, "keep", *options))
        orders = b.lab.load(daemon, "keep", "-c", 16, "-s", 4 * b.seconds, targets=b.lab.path("orders.targets"),
                            expect="SubscriptionResult")
    finally:
        b.lab.end(daemon)
    yield at_most("18", "a poll (AcquireConfiguration of a line with a profile): CPU of daemon and PostgreSQL relative to a token request",
                  [cpu_all(p) / cpu_all(t) for p, t in zip(polls, tokens)], 1.6,
                  [f"{median([p['cpu_us'] for p in polls]):.1f} + {median([p['db_us'] for p in polls]):.1f} us against "
                   f"{median([t['cpu_us'] for t in tokens]):.1f} + {median([t['db_us'] for t in tokens]):.1f} us"])
    done = int(b.lab.psql("main", "SELECT count(*) FROM journey WHERE state = 'ready'").strip() or 0)
    yield info("18", "journeys from order to downloadable profile per second (companion, built-in BSS, pool of profiles)",
               [done / (4 * b.seconds)], [f"{done:,} of at most {count:,} begun; {orders['cpu_us']:.0f} us of the daemon, "
                                          f"{orders['db_us']:.0f} us of PostgreSQL per request"], "/s")


GOALS = [("18", goal_18)]
