# SPDX-License-Identifier: Apache-2.0
"""The outbox beside others who hold its rows, and beside slow receivers."""
import datetime
import itertools
import time

import pytest

import harness
from push_site import Providers

FAST = {"policy_delay": "0s", "channel_pause": "2s", "lease": "5s"}
serial = itertools.count(1)


@pytest.fixture(scope="module")
def providers(area):
    with Providers(area) as found:
        yield found


def registered(site, server):
    p = site.phone(server)
    p.push = f"busy-{next(serial)}"
    p.login(["ap2003", "ap2004", "ap2005"], notif_action="2", notif_token=p.push)
    return p


# proves: G-019
def test_an_open_transaction_holds_up_nobody_else(site, providers):
    server = site.daemon(notify=FAST, fcm=providers.fcm).start()
    held, other = registered(site, server), registered(site, server)
    time.sleep(1.5)
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("INSERT INTO line_service (imsi, service, override) VALUES (%s, 'vowifi', 'deny') ON CONFLICT (imsi, service) "
                       "DO UPDATE SET override = 'deny'", (held.imsi,))
        assert server.admin("POST", "/v1/campaigns", {"all": True, "spread_s": 0})[0] == 201
        time.sleep(1)
        before = len(providers.pushes(other.push))
        other.line.service("smsoip", override="deny")
        providers.wait(before + 1, other.push, 6)
        holder.rollback()


# proves: P-051 V-022
def test_the_version_grows_when_an_address_ends_though_nobody_can_be_called(site):
    server = site.daemon().start()
    p = site.phone(server)
    p.login()
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    p.line.service("vowifi", addr_status=1, addr_expiry=soon)
    before = p.ask()
    time.sleep(5)
    after = p.ask()
    assert (before["ap2004"]["AddrStatus"], after["ap2004"]["AddrStatus"]) == ("1", "0")
    assert after.version > before.version


def test_a_slow_receiver_keeps_the_other_channels_free(site, providers):
    hook = {"webhook_url": providers.http.url + "/partner", "webhook_secret": "partner-secret-0123456789", "webhook_per_second": 200}
    server = site.daemon(notify={**FAST, **hook, "lease": "60s"}, fcm=providers.fcm).start()
    phones = [registered(site, server) for _ in range(3)]
    site.cluster.sql("INSERT INTO subscriber (imsi, plan) SELECT '999990' || lpad(i::text, 9, '0'), (SELECT plan FROM plan LIMIT 1) "
                     "FROM generate_series(1, 300) i ON CONFLICT DO NOTHING")
    providers.clear({"path": "/partner", "times": 1000, "delay_ms": 8000, "status": 200})
    site.cluster.sql("INSERT INTO notification (imsi, channel, apps, reason, expires_at) SELECT '999990' || lpad(i::text, 9, '0'), 6, "
                     "'{ap2011}', 'x', now() + interval '1 day' FROM generate_series(1, 300) i")
    time.sleep(2)
    begun = time.monotonic()
    for p in phones:
        p.line.service("vowifi", override="deny")
    for p in phones:
        providers.wait(1, p.push, 30)
    assert time.monotonic() - begun < 4
    site.cluster.sql("DELETE FROM notification WHERE imsi LIKE '999990%%'")
