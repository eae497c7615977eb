# SPDX-License-Identifier: Apache-2.0
"""The satellite, slicing and number clients of entitlement-devsim at the daemon: whatever rows and policies say, they get what
they can read (clients.md C-36, C-37, C-39)."""
import pytest

from test_clients_common import devsim, play, rules  # noqa: F401 (fixtures)

FEATURES = ["volte", "vowifi", "smsoip", "satellite", "carrier-billing"]


@pytest.fixture(scope="module")
def services(make_module_daemon):
    return make_module_daemon(device={"offered": ["ap2003", "ap2004", "ap2005", "ap2010", "ap2014", "ap2016"]},
                              policy={"portal_url": "https://portal.example.net/services"},
                              number={"operations": ["AcquireTemporaryToken", "GetPhoneNumber", "VerifyPhoneNumber"]})


@pytest.fixture
def line(subscriber, cluster):
    made = subscriber(features=FEATURES)
    made.plan = f"p{made.imsi}"
    yield made
    cluster.sql("DELETE FROM satellite_network WHERE plan = %s", made.plan)


# proves: X-041
@pytest.mark.parametrize("personality", ["satellite", "satellite-new"])
def test_c39_the_satellite_client_reads_both_arrays_even_if_empty(play, services, line, cluster, personality):
    first = play(personality, line=line, at=services)
    assert not rules(first, "fault") and not rules(first, "broken client"), first["findings"]
    cluster.sql("INSERT INTO satellite_network (plmn, plan, metered) VALUES ('90199', %s, true)", line.plan)
    line.service("satmode", tc_status=1, tc_version=1, prov_status=1)
    on = play(personality, line=line, at=services)
    assert on["words"][-1] == "Satellite: enabled, 1 networks allowed, 0 barred" and not on["findings"], on
    cluster.sql("INSERT INTO satellite_network (plmn, plan, barred) VALUES ('310998', %s, true)", line.plan)
    both = play(personality, line=line, at=services)
    assert both["words"][-1] == "Satellite: enabled, 1 networks allowed, 1 barred" and not both["findings"], both


# proves: X-041
def test_c39_the_slicing_client_understands_each_state_of_a_boost(play, services, line, cluster):
    def words():
        found = play("slicing", line=line, at=services)
        assert not found["findings"], found
        return found["words"][-1].partition(": ")[2]
    assert words() == "refused"  # the plan has none
    cluster.sql("INSERT INTO plan_boost (plan, boost_type, offer) VALUES (%s, 166, 'offered')", line.plan)
    assert words() == "the web view opens"
    cluster.sql("SELECT boost_buy(%s, 166::smallint, 'k1', NULL, 'test', 'x')", line.imsi)
    assert words() == "already bought"
    cluster.sql("UPDATE plan_boost SET offer = 'included' WHERE plan = %s", line.plan)
    cluster.sql("DELETE FROM data_boost WHERE imsi = %s", line.imsi)
    assert words() == "already bought"
    cluster.sql("UPDATE plan_boost SET offer = 'paused' WHERE plan = %s", line.plan)
    assert words() == "refused"


def test_c36_the_phone_gets_a_temporary_token_that_it_can_read(play, services, line):
    found = play("gms", line=line, at=services)
    assert "temporary token received" in found["words"][-1] and not rules(found, "broken client"), found
