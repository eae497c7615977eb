# SPDX-License-Identifier: Apache-2.0
"""Attacks on the callback interface that a review found, each with the answer that it gets since."""
import concurrent.futures
import os
import signal
import threading
import time

import harness
import portal
from test_portal import TOKEN, flow, world  # noqa: F401


def test_one_event_for_two_flows_is_told_as_what_it_is(world, flow):
    (_, one), (_, two) = flow(), flow()
    for i in range(25):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda d, n=i: world.caller().report(d["sid"], f"dup{n}", "open", terms="accepted", terms_version=n),
                                    (one, two)))
        assert all(status == 200 or body.get("error") == "event_id_reused" for status, body in answers), answers
        assert any(status == 200 for status, _ in answers)


def test_a_report_in_work_is_answered_before_the_node_ends(make_daemon, phone, world, cluster):
    socket = os.path.join(world.where, "drain.sock")
    daemon = make_daemon(callback={"listen": [socket]}, partners=[{"name": "local", "token": TOKEN}])
    p = phone(at=daemon, services={"vowifi": {"tc_status": 0}})
    data = portal.user_data(p.login()["ap2004"])
    caller, found = portal.Caller(unix=socket, token=TOKEN), []
    with harness.psycopg.connect(cluster.conninfo) as holder:
        holder.execute("SELECT 1 FROM line_service WHERE imsi = %s FOR UPDATE", (p.imsi,))
        thread = threading.Thread(target=lambda: found.append(caller.report(data["sid"], "drain-1", terms="accepted", terms_version=1)))
        thread.start()
        time.sleep(0.5)
        daemon.send(signal.SIGTERM)
        time.sleep(0.5)
        holder.rollback()
    thread.join(10)
    assert found and found[0][0] == 200, found
