# SPDX-License-Identifier: Apache-2.0
"""Pages under load: browsers that leave in the middle, more requests than there is room for."""
import time
import urllib.parse

import harness
import sheets
from client import Connection, request_bytes
from sheets import MISSING_ALL, User, hand_over


def open_page(site, daemon):
    p = site.phone(daemon, services={"vowifi": MISSING_ALL})
    p.login()
    user = User(daemon.device)
    user.begin(hand_over(p)[1])
    return p, user


def test_what_was_submitted_is_carried_out_though_the_browser_left(site):
    daemon = site.daemon(**harness.merge(sheets.overrides(), {"server": {"workers": 1}, "database": {"statement_timeout": "10s"}})).start()
    p, user = open_page(site, daemon)
    step = user.hidden("step")
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("LOCK TABLE sheet_session IN ACCESS EXCLUSIVE MODE")
        body = urllib.parse.urlencode({"step": step, "accept": "yes"}).encode()
        connection = Connection(daemon.device)
        connection.send(request_bytes("POST", "/web/vowifi?unused=1", [
            ("Cookie", user.cookie), ("Content-Type", "application/x-www-form-urlencoded")], body))
        time.sleep(0.3)
        connection.close()
        time.sleep(0.9)  # the leaving is noticed (gone_after_ms) while the database holds the call
        holder.rollback()
    harness.wait_for(lambda: daemon.metric("ecs_requests_in_work") == 0, 5, "the call ends")
    assert daemon.alive()
    daemon.check_sanitizers()


def test_pages_are_bounded_as_requests_are(site):
    daemon = site.daemon(**harness.merge(sheets.overrides(), {
        "server": {"workers": 1}, "limits": {"in_work": 16}, "database": {"statement_timeout": "10s"}})).start()
    _, user = open_page(site, daemon)
    waiting = []
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("LOCK TABLE sheet_session IN ACCESS EXCLUSIVE MODE")
        for _ in range(30):
            waiting.append(Connection(daemon.device))
            waiting[-1].send(request_bytes("GET", "/web/vowifi", [("Cookie", user.cookie)]))
        harness.wait_for(lambda: daemon.metric("ecs_limited_total", limit="in_work") >= 14, 5, "the surplus is refused")
        assert daemon.metric("ecs_requests_in_work") == 16
        holder.rollback()
    states = [c.reply().status for c in waiting]
    assert states.count(503) == 14 and states.count(200) == 16, states
    for c in waiting:
        c.close()
