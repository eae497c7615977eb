# SPDX-License-Identifier: Apache-2.0
"""ap2005: one status and nothing else."""
import pytest


def block(p, **extra):
    return (p.ask if p.token else p.login)("ap2005", **extra)["ap2005"]


# proves: S-001 S-002 S-003
@pytest.mark.parametrize("columns,status", [
    ({"prov_status": 1}, "1"), ({"prov_status": 2}, "1"), ({"prov_status": 0}, "3"), ({"prov_status": 3}, "3"),
    ({"override": "deny"}, "2"), ({"override": "allow"}, "1"), ({"override": "provisioning"}, "3")])
def test_status_follows_the_line(phone, columns, status):
    p = phone(services={"smsoip": columns})
    assert block(p) == {"EntitlementStatus": status}
    assert block(p, entitlement_version="2.0") == {"EntitlementStatus": status}


# proves: S-003
@pytest.mark.parametrize("change", [{"line_state": "barred"}, {"line_state": "suspended"}, {"features": ["volte", "vowifi"]}])
def test_barred_or_not_in_the_plan_is_incompatible(phone, change):
    assert block(phone(**change)) == {"EntitlementStatus": "2"}


# proves: S-001 S-003
def test_an_outage_is_disabled(phone, cluster):
    p = phone()
    assert block(p) == {"EntitlementStatus": "1"}
    cluster.sql("INSERT INTO service_notice (service, starts_at, ends_at, effect, message_key) VALUES "
                "('smsoip', now() - interval '1 minute', now() + interval '1 hour', 'unavailable', 'outage')")
    try:
        assert block(p) == {"EntitlementStatus": "0"}
    finally:
        cluster.sql("DELETE FROM service_notice")
    assert block(p) == {"EntitlementStatus": "1"}


# proves: S-005
def test_status_is_the_subscriptions_own(phone):
    p = phone(features=["smsoip"])
    document = p.login(["ap2003", "ap2004", "ap2005"], entitlement_version="6.0")
    assert [document.status(app) for app in ("ap2003", "ap2004", "ap2005")] == [2, 2, 1]
    p.line.features(["volte", "vowifi"])
    document = p.ask(["ap2003", "ap2004", "ap2005"], entitlement_version="6.0")
    assert [document.status(app) for app in ("ap2003", "ap2004", "ap2005")] == [1, 1, 2]


# proves: S-004
def test_combined_requests_have_one_document(phone):
    document = phone().login(["ap2005", "ap2003", "ap2004"])
    assert sorted(document.apps) == ["ap2003", "ap2004", "ap2005"]
    assert document.token


# proves: S-003
def test_devices_without_sms_over_ip(phone, device_model):
    device_model("35333301", "volte", "vowifi")
    device_model("35333302", "smsoip")
    assert block(phone(terminal_id="353333010000012")) == {"EntitlementStatus": "2"}
    assert block(phone(terminal_id="353333020000010")) == {"EntitlementStatus": "1"}
