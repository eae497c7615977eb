# SPDX-License-Identifier: Apache-2.0
"""ap2003: one flat status for old clients, entries per radio access and network for newer ones."""
import itertools

import pytest

import harness

ENABLED = {"EntitlementStatus": "1"}
PROVISIONING = {"EntitlementStatus": "3"}
FALLBACK = {"EntitlementStatus": "1", "NetworkVoiceIRATCapability": "EPS-Fallback",
            "NetworkVoiceIRatCapability": "EPS-Fallback"}


def is_refused(entry):
    return entry["EntitlementStatus"] == "2" and entry["MessageForIncompatible"] and len(entry) == 2


def voice(p, **extra):
    return (p.ask if p.token else p.login)("ap2003", **extra).rats()


# proves: C-001 C-014
@pytest.mark.parametrize("version", ["1.0", "2.0", "5.0", "6.0", "6.9"])
def test_old_clients_get_one_flat_status(phone, version):
    p = phone(features=["volte", "volte-roaming"])  # no 5G voice
    assert p.login("ap2003", entitlement_version=version)["ap2003"] == {"EntitlementStatus": "1"}
    p.line.features([])
    assert p.ask("ap2003", entitlement_version=version)["ap2003"] == {"EntitlementStatus": "2"}
    p.line.features(["volte"])
    p.line.service("volte", prov_status=3)
    assert p.ask("ap2003", entitlement_version=version)["ap2003"] == {"EntitlementStatus": "3"}


# proves: C-002 C-003 C-004 C-005
def test_new_clients_get_entries(phone):
    assert voice(phone()) == {(1, 1): ENABLED, (2, 1): ENABLED}


# proves: C-001 C-002 P-021
def test_the_form_changes_between_6_9_and_7_0(phone):
    p = phone()
    p.login("ap2003")
    assert p.ask("ap2003", entitlement_version="6.9")["ap2003"] == {"EntitlementStatus": "1"}
    assert p.ask("ap2003", entitlement_version="7.0").rats() == {(1, 1): ENABLED, (2, 1): ENABLED}


# proves: C-004 C-006
def test_home_only_voice_is_refused_abroad(phone):
    entries = voice(phone(features=["volte", "vonr"]))
    assert set(entries) == {(1, 2), (1, 3), (2, 2), (2, 3)}
    assert entries[1, 2] == ENABLED and entries[2, 2] == ENABLED
    assert is_refused(entries[1, 3]) and is_refused(entries[2, 3])


# proves: C-012 C-006
def test_a_radio_that_the_plan_lacks_is_listed_with_a_text(phone):
    entries = voice(phone(features=["volte", "volte-roaming"]))
    assert entries[1, 1] == ENABLED
    assert is_refused(entries[2, 1])


# proves: C-007 C-010 C-008
def test_fallback_is_told_under_both_names(phone):
    entries = voice(phone(features=["volte", "volte-roaming", "eps-fallback", "vonr-roaming"]))
    assert entries == {(1, 1): ENABLED, (2, 1): FALLBACK}


# proves: C-007
def test_a_device_without_native_voice_falls_back(phone, device_model):
    device_model("35222201", "volte", "5g")
    p = phone(terminal_id="352222010000015", features=["volte", "volte-roaming", "vonr", "vonr-roaming", "eps-fallback"])
    assert voice(p)[2, 1] == FALLBACK


# proves: C-012
def test_a_device_without_5g_is_refused_there(phone, device_model):
    device_model("35222202", "volte")
    entries = voice(phone(terminal_id="352222020000013"))
    assert entries[1, 1] == ENABLED and is_refused(entries[2, 1])


# proves: C-010
@pytest.mark.parametrize("spelling,names", [
    (["table"], {"NetworkVoiceIRATCapability"}), (["aosp"], {"NetworkVoiceIRatCapability"}),
    (["example"], {"NetworkVoiceIRATCapablity"}),
    (["table", "aosp", "example"], {"NetworkVoiceIRATCapability", "NetworkVoiceIRatCapability", "NetworkVoiceIRATCapablity"})])
def test_spellings_are_a_setting(phone, make_daemon, spelling, names):
    p = phone(at=make_daemon(device={"irat_spelling": spelling}), features=["volte", "eps-fallback"])
    entry = voice(p)[2, 2]
    assert {name for name in entry if name.startswith("Network")} == names
    assert {entry[name] for name in names} == {"EPS-Fallback"}


# proves: C-009 C-008
def test_handover_of_lte_calls_is_told_in_the_lte_entry(phone, make_daemon, area):
    import test_vowifi
    where = test_vowifi.copy_policy(area, "srvcc")
    test_vowifi.change_policy(where, "lte-irat: none", "lte-irat: 4g-srvcc", "voice.yaml")
    p = phone(at=make_daemon(policy={"directory": where}))
    entries = voice(p)
    assert entries[1, 1]["NetworkVoiceIRATCapability"] == "4G-SRVCC"
    assert entries[2, 1] == ENABLED


# proves: C-005 C-006
def test_provisioning_of_each_radio(phone):
    p = phone()
    p.login("ap2003")
    for volte, vonr in itertools.product((0, 1, 2, 3), repeat=2):
        p.line.service("volte", prov_status=volte)
        p.line.service("vonr", prov_status=vonr)
        entries = voice(p)
        assert entries[1, 1] == (ENABLED if volte in (1, 2) else PROVISIONING), (volte, vonr)
        assert entries[2, 1] == (ENABLED if vonr in (1, 2) else PROVISIONING), (volte, vonr)


# proves: C-006 C-008 C-011 C-003 C-004 C-005
def test_no_plan_and_device_makes_an_illegal_list(phone, device_model):
    p = phone()
    p.login("ap2003")
    words = ["volte", "volte-roaming", "vonr", "vonr-roaming", "eps-fallback"]
    for n in range(1 << len(words)):
        p.line.features([word for i, word in enumerate(words) if n >> i & 1])
        for prov in (1, 3):
            p.line.service("volte", prov_status=prov)
            p.line.service("vonr", prov_status=prov)
            entries = p.ask("ap2003").rats()  # refuses doubles
            flat = p.ask("ap2003", entitlement_version="6.0")["ap2003"]["EntitlementStatus"]
            for radio in (1, 2):
                kinds = {kind for access, kind in entries if access == radio}
                assert kinds in ({1}, {2}, {2, 3}), (n, entries)
            for (access, _), entry in entries.items():
                assert ("MessageForIncompatible" in entry) == (entry["EntitlementStatus"] == "2"), (n, entries)
                assert entry["EntitlementStatus"] in "0123"
                irat = {value for name, value in entry.items() if name.startswith("NetworkVoice")}
                assert len(irat) <= 1 and irat <= ({"4G-SRVCC"} if access == 1 else {"EPS-Fallback", "5G-SRVCC"}), (n, entries)
            home = entries.get((1, 1)) or entries[1, 2]
            assert flat == home["EntitlementStatus"], (n, entries)


# proves: C-005
@pytest.mark.parametrize("fields", [{"line_state": "suspended"}, {"line_state": "barred"}, {"line_state": "terminated"}])
def test_a_line_that_is_not_active_has_no_voice(phone, fields):
    entries = voice(phone(**fields))
    assert set(entries) == {(1, 1), (2, 1)}
    assert all(is_refused(entry) for entry in entries.values())


# proves: C-005
def test_operators_word_for_one_radio(phone):
    p = phone(services={"volte": {"override": "deny"}})
    entries = voice(p)
    assert is_refused(entries[1, 1]) and entries[2, 1] == ENABLED
    p.line.service("volte", override="provisioning")
    assert voice(p)[1, 1] == PROVISIONING


def test_both_radios_are_ordered_when_not_provisioned(phone):
    p = phone(services={"volte": {"prov_status": 0}, "vonr": {"prov_status": 0}})
    voice(p)
    harness.wait_for(lambda: sorted(p.line.orders()) == ["volte", "vonr"], 5, "two orders")
    voice(p)
    assert sorted(p.line.orders()) == ["volte", "vonr"]
