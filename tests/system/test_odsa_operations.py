# SPDX-License-Identifier: Apache-2.0
"""Operations and parameters of TS.43 Table 27, OperationResult and HTTP status of what is wrong with them, both formats."""
import datetime
import re
import time

import pytest

import client
import odsa
from odsa_documents import (ACTIVATED, DISMISS, DOWNLOAD, FINISHED, GENERAL, INVALID_MSG, INVALID_OPERATION, INVALID_PARAMETER,
                            SUCCESS, USER_INPUT, Answer)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("o")), odsa_site)
    made.daemon = make_module_daemon(**made.settings())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.check()


@pytest.fixture(scope="module")
def shared(world):
    """A watch and a handset of one line, for requests that change nothing."""
    watch = world.watch()
    phone = client.Phone(world.daemon.device, watch.phone.imsi, watch.phone.line.ki, watch.phone.line.opc, world.lines.imei())
    phone.line = watch.phone.line
    world.login(phone, "ap2009")  # a token is for the applications that it was made for
    return {"ap2006": watch, "ap2009": world.handset(phone)}


SUBSCRIBE = {"companion_terminal_vendor": "ACME", "companion_terminal_friendly_name": "Watch"}
ICCID = "8949090999999999990"


def forms(device):
    """The device in each format and method."""
    for device.json in (False, True):
        for device.post in (False, True):
            yield device
    device.json = device.post = False


# ---- operation ----

# proves: O-009
@pytest.mark.parametrize("app", ["ap2006", "ap2009"])
@pytest.mark.parametrize("name", [None, ""])
def test_a_request_without_operation_is_400(shared, app, name):
    assert shared[app].send(name).status == 400


# proves: O-004 O-001 P-055
@pytest.mark.parametrize("app", ["ap2006", "ap2009"])
@pytest.mark.parametrize("name", ["Foo", "CheckEligibilityX", "Check Eligibility"])
def test_an_unknown_operation_is_101(shared, app, name):
    for device in forms(shared[app]):
        assert device.ask(name).result == INVALID_OPERATION


# proves: O-010
@pytest.mark.parametrize("app,name", [("ap2006", "GetPhoneNumber"), ("ap2009", "VerifyPhoneNumber"), ("ap2009", "AcquireOperatorToken")])
def test_an_operation_of_another_application_is_101(shared, app, name):
    assert shared[app].ask(name).result == INVALID_OPERATION


# proves: P-024
def test_operation_names_do_not_differ_by_case(shared):
    answer = Answer(shared["ap2006"].send("checkeligibility"), "ap2006", "CheckEligibility")
    assert (answer.result, answer.eligibility) == (SUCCESS, 1)


# proves: O-011 O-005 O-064
@pytest.mark.parametrize("app", ["ap2006", "ap2009"])
@pytest.mark.parametrize("number", [None, "", "8", "9", "10", "11", "12", "-1", "99", "x", "1.0", "4294967296"])
def test_manage_subscription_has_types_0_to_7(shared, app, number):
    for device in forms(shared[app]):
        answer = device.ask("ManageSubscription", number, companion_terminal_eid=getattr(device, "eid", None), **SUBSCRIBE)
        assert (answer.result, answer.subscription) == (INVALID_PARAMETER, DISMISS)


# proves: O-011
@pytest.mark.parametrize("number", [None, "0", "1", "7", "9", "12", "x"])
def test_manage_service_has_types_10_and_11(shared, number):
    answer = shared["ap2006"].ask("ManageService", number, companion_terminal_service="SharedNumber", companion_terminal_iccid=ICCID)
    assert answer.result == INVALID_PARAMETER


# ---- parameters of companions ----

# proves: OC-005
@pytest.mark.parametrize("operation,number", [("ManageSubscription", 0), ("ManageSubscription", 1), ("ManageSubscription", 3),
                                              ("ManageSubscription", 4), ("ManageService", 10)])
def test_a_companion_operation_needs_the_companion(shared, operation, number):
    answer = shared["ap2006"].ask(operation, number, companion_terminal_id=None, companion_terminal_eid=odsa.eid(),
                                  companion_terminal_service="SharedNumber", companion_terminal_iccid=ICCID, **SUBSCRIBE)
    assert answer.result == INVALID_PARAMETER


# proves: OC-007
def test_eligibility_without_a_companion_is_for_the_asking_device(shared):
    answer = shared["ap2006"].eligibility(companion_terminal_id=None)
    assert (answer.result, answer.eligibility) == (SUCCESS, 1)


# proves: OC-010 OC-011
@pytest.mark.parametrize("change", [{"companion_terminal_service": None}, {"companion_terminal_iccid": None},
                                    {"companion_terminal_service": "Foo"}, {"companion_terminal_service": ""},
                                    {"companion_terminal_iccid": "12"}, {"companion_terminal_iccid": "x" * 19}], ids=str)
def test_manage_service_needs_service_and_iccid(shared, change):
    values = {"companion_terminal_service": "SharedNumber", "companion_terminal_iccid": ICCID, **change}
    assert shared["ap2006"].ask("ManageService", 10, **values).result == INVALID_PARAMETER


# proves: OC-011
@pytest.mark.parametrize("service,good", [("SharedNumber", True), ("sharednumber", True), ("SHAREDNUMBER", True), ("Foo", False),
                                          ("SharedNumber,DiffNumber", False)])
def test_service_names_do_not_differ_by_case(world, service, good):
    watch = world.watch()
    answer = watch.subscribe(companion_terminal_service=service)
    assert (answer.result == SUCCESS and answer.subscription == DOWNLOAD) if good else answer.result == INVALID_PARAMETER
    if good:
        assert watch.configuration().only.service == "SharedNumber"


# proves: O-059 O-005
@pytest.mark.parametrize("wrong", ["8" * 31, "8" * 33, "89049032123451234512345678901236", "8904903212345123451234567890123A", "-", "1"])
def test_a_wrong_eid_is_102_and_nobody_is_called(world, wrong):
    watch, handset = world.watch(), world.handset()
    assert watch.subscribe(companion_terminal_eid=wrong).result == INVALID_PARAMETER
    assert handset.manage(0, terminal_eid=wrong).result == INVALID_PARAMETER
    assert handset.manage(0, target_terminal_id=world.lines.imei(), target_terminal_eid=wrong).result == INVALID_PARAMETER
    assert not world.smdp.ledger


# proves: O-005
@pytest.mark.parametrize("wrong", ["12345", "1234567890123456789012345", "a b"])
def test_a_wrong_device_id_is_102(shared, wrong):
    assert shared["ap2006"].subscribe(companion_terminal_id=wrong).result == INVALID_PARAMETER
    assert shared["ap2009"].manage(0, target_terminal_id=wrong, target_terminal_eid=odsa.eid()).result == INVALID_PARAMETER


def test_a_uuid_names_a_companion_too(world):
    watch = world.watch()
    watch.imei = "0d3c6f1e-77aa-4a35-9a0e-2f1f3f1b5c01"
    assert watch.subscribe().subscription == DOWNLOAD
    watch.imei = watch.imei.upper()
    assert watch.configuration().only.status == ACTIVATED


# proves: OC-009
def test_vendor_and_name_may_be_missing(world):
    watch = world.watch()
    answer = watch.subscribe(companion_terminal_vendor=None, companion_terminal_friendly_name=None, companion_terminal_model=None)
    assert (answer.result, answer.subscription) == (SUCCESS, DOWNLOAD)


# proves: OC-008
@pytest.mark.parametrize("name", ["companion_terminal_vendor", "companion_terminal_friendly_name", "companion_terminal_eid"])
def test_in_strict_mode_they_may_not(world, make_daemon, name):
    daemon = make_daemon(**world.settings(odsa={"strict": True}, callback=None))
    watch = world.watch(world.phone(daemon))
    assert watch.subscribe(**{name: None}).result == INVALID_PARAMETER
    assert watch.subscribe().subscription == DOWNLOAD


# proves: O-063
def test_what_vendors_add_is_ignored(world):
    handset = world.handset()
    answer = handset.manage(0, target_terminal_imeis=["350000000000006", "350000000000014"], target_terminal_sn="x1",
                            target_terminal_model="Y", boost_type="1", some_thing="else", old_terminal_entitlement_protocol="0")
    assert (answer.result, answer.subscription) == (SUCCESS, DOWNLOAD)


@pytest.mark.parametrize("iccid,ours", [("{}", True), ("{}F", True), ("{}f", True), ("12345", False), ("{}12", False)])
def test_iccids_are_read_with_and_without_padding(world, iccid, ours):
    watch = world.watch()
    watch.install(world.smdp, watch.subscribe().download)
    answer = watch.manage(4, companion_terminal_iccid=iccid.format(watch.iccid))
    assert (answer.subscription == FINISHED) if ours else (answer.result == INVALID_PARAMETER)


# ---- questions that nobody asked ----

# proves: O-052 O-007
@pytest.mark.parametrize("values", [{"MSG_response": "123456", "MSG_btn": "1"}, {"MSG_response": "123456"},
                                    {"MSG_response": "123456", "MSG_btn": "0"}], ids=str)
def test_an_answer_without_a_question_is_104(world, values):
    answer = world.handset().manage(0, **values)
    assert (answer.result, answer.subscription) == (INVALID_MSG, DISMISS)
    assert not world.smdp.ledger


# proves: O-039 O-044 O-045 O-046 O-047 O-049
def test_a_question_respects_what_the_client_can_show(world):
    handset = world.handset(features=["t-ask"])
    full = handset.manage(0).message
    assert full["Accept_freetext"] == "1" and full.pattern and len(full["Message"]) > 20
    other = world.handset(features=["t-ask"])
    short = other.manage(0, MSG_character_display_limits="5,10,3,3,5,5").message
    for name, limit in (("Title", 5), ("Message", 10), ("Accept_btn_label", 3), ("Reject_btn_label", 3), ("Accept_freetext_hint", 5),
                        ("Accept_freetext_validation_failed_error_text", 5)):
        assert len(short.get(name) or "") <= limit, (name, short.get(name))


# proves: O-050
@pytest.mark.parametrize("limits", ["0,a", "5,10,3,3,5", "5,10,3,3,5,0", "", "5,10,3,3,5,5,5", "-2,10,3,3,5,5", "x"])
def test_malformed_limits_are_ignored(world, limits):
    answer = world.handset(features=["t-ask"]).manage(0, MSG_character_display_limits=limits)
    assert answer.subscription == USER_INPUT and len(answer.message["Message"]) > 20


# proves: O-046
def test_a_mere_consent_has_no_text_field(world):
    message = world.handset(features=["t-consent"]).manage(0).message
    assert message["Accept_freetext"] == "0"


# proves: O-051 O-037
def test_a_rejection_ends_it_whatever_was_typed(world):
    handset = world.handset(features=["t-ask"])
    assert handset.manage(0).subscription == USER_INPUT
    answer = handset.manage(0, MSG_btn="0", MSG_response="123456")
    assert (answer.result, answer.subscription) == (SUCCESS, DISMISS)
    assert not world.smdp.ledger


# proves: O-007 O-048
@pytest.mark.parametrize("response", ["12345", "abcdef", "1234567", "", None])
def test_a_wrong_answer_is_104_and_the_end(world, response):
    handset = world.handset(features=["t-ask"])
    assert handset.manage(0).subscription == USER_INPUT
    answer = handset.manage(0, MSG_btn="1", MSG_response=response)
    assert (answer.result, answer.subscription) == (INVALID_MSG, DISMISS)
    assert handset.manage(0, MSG_btn="1", MSG_response="123456").result == INVALID_MSG, "the procedure has ended"
    assert not world.smdp.ledger


# proves: O-062
def test_the_right_answer_goes_on(world):
    handset = world.handset(features=["t-ask"])
    assert handset.manage(0).subscription == USER_INPUT
    assert handset.manage(0).subscription == USER_INPUT, "asked again without an answer: the same question"
    answer = handset.manage(0, MSG_btn="1", MSG_response="123456")
    assert (answer.result, answer.subscription) == (SUCCESS, DOWNLOAD)
    assert handset.manage(0, MSG_btn="1", MSG_response="123456").download == answer.download, "a repeated answer"
    world.smdp.check_once()


# ---- temporary tokens ----

# proves: O-065 O-066 O-068 X-038
def test_a_temporary_token_names_what_it_opens(world):
    old = world.handset()
    answer = old.token_for("ManageSubscription", "AcquireConfiguration")
    assert set(answer["OperationTargets"].split(",")) == {"ManageSubscription", "AcquireConfiguration"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["TemporaryTokenExpiry"])
    expiry = datetime.datetime.fromisoformat(answer["TemporaryTokenExpiry"].replace("Z", "+00:00")).timestamp()
    assert expiry > time.time() + 60 and re.fullmatch(r"[A-Za-z0-9._~-]+", answer["TemporaryToken"])
    new = world.handset(client.Phone(world.daemon.device, "001010000000001", b"0" * 16, b"0" * 16, world.lines.imei()))
    new.temporary = answer["TemporaryToken"]
    assert new.configuration().result == SUCCESS
    assert new.send("ManageService", 10).status == 403


# proves: O-066
@pytest.mark.parametrize("targets", ["ManageSubscription , AcquireConfiguration", "managesubscription,ACQUIRECONFIGURATION"])
def test_targets_may_have_blanks_and_any_case(world, targets):
    answer = world.handset().ask("AcquireTemporaryToken", operation_targets=targets)
    assert set(answer["OperationTargets"].split(",")) == {"ManageSubscription", "AcquireConfiguration"}


# proves: O-066
def test_only_what_is_allowed_is_granted(world):
    answer = world.handset(features=["t-one-token"]).token_for("ManageSubscription", "AcquireConfiguration")
    assert answer["OperationTargets"] == "AcquireConfiguration"


# proves: O-067
@pytest.mark.parametrize("words,targets,result", [
    (["t-no-token"], "ManageSubscription", GENERAL), ([], "Foo", INVALID_PARAMETER), ([], "Foo,Bar", INVALID_PARAMETER),
    ([], "AcquireTemporaryToken", INVALID_PARAMETER), ([], None, INVALID_PARAMETER), ([], "", INVALID_PARAMETER)], ids=str)
def test_nothing_granted_leaves_all_three_fields_out(world, words, targets, result):
    assert world.handset(features=words).ask("AcquireTemporaryToken", operation_targets=targets).result == result


# ---- both formats ----

def test_xml_and_json_say_the_same(world):
    watch = world.watch()
    watch.install(world.smdp, watch.subscribe().download)
    watch.until(lambda a: a.only.download is None)
    blocks = [device.configuration().block for device in forms(watch)]
    assert all(block == blocks[0] for block in blocks)
    blocks = [device.eligibility().block for device in forms(watch)]
    assert all(block == blocks[0] for block in blocks)
