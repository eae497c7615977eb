# SPDX-License-Identifier: Apache-2.0
"""Texts for the user in the language of the request."""
import pytest

WORDS = {"en": "Your plan", "de": "Tarif", "fr": "forfait"}


@pytest.fixture
def refused(phone):
    """A phone whose line has nothing in its plan."""
    p = phone(features=[])
    p.login()
    return p


def answer(p, language, app="ap2004"):
    reply = p.query(app, headers=[] if language is None else [("Accept-Language", language)])
    return reply, reply.document()


# proves: P-032
@pytest.mark.parametrize("language,expected", [
    ("en", "en"), ("de", "de"), ("fr", "fr"), ("de-AT", "de"), ("fr-CA, en;q=0.5", "fr"), ("FR", "fr")])
def test_texts_follow_the_request(refused, language, expected):
    reply, document = answer(refused, language)
    assert WORDS[expected] in document["ap2004"]["MessageForIncompatible"]
    assert reply.header("Content-Language") == expected


# proves: P-033
@pytest.mark.parametrize("language,expected", [
    (None, "en"), ("", "en"), ("xx", "en"), ("xx;q=1,en;q=0.5", "en"), ("en;q=0.1, de;q=0.9", "de"), ("*", "en"),
    ("xx, *;q=0.5", "en"), ("de;q=0, *", "en"), ("de;q=0", "en"), (";;;", "en"), ("de;q=abc", "de"), ("\xff\xfe", "en"),
    ("x" * 4000, "en"), ("xx, " * 300, "en"), ("fr;q=0.3,de;q=0.3,en;q=0.2", "fr")], ids=range(15))
def test_whatever_the_header_says_there_is_an_answer(refused, language, expected):
    reply, document = answer(refused, language)
    text = document["ap2004"]["MessageForIncompatible"]
    assert text
    if language != "de;q=abc":  # both readings of a broken weight are good
        assert WORDS[expected] in text


# proves: P-032
def test_voice_texts_follow_the_request(refused):
    for language, word in (("de", "Tarif"), ("fr", "forfait")):
        _, document = answer(refused, language, "ap2003")
        assert all(word in entry["MessageForIncompatible"] for entry in document.rats().values())


# proves: P-033
def test_the_default_language_is_a_setting(phone, make_daemon):
    p = phone(at=make_daemon(device={"default_language": "de"}), features=[])
    assert "Tarif" in p.login()["ap2004"]["MessageForIncompatible"]
    _, document = answer(p, "fr")
    assert "forfait" in document["ap2004"]["MessageForIncompatible"]


# proves: P-033
def test_subscribers_language_counts_when_the_request_has_none(phone):
    p = phone(features=[], language="fr")
    assert "forfait" in p.login()["ap2004"]["MessageForIncompatible"]
    _, document = answer(p, "de")
    assert "Tarif" in document["ap2004"]["MessageForIncompatible"]


# proves: P-032
def test_the_language_of_the_first_leg_or_the_second(phone):
    p = phone(features=[])
    exchange = p.challenge(headers=[("Accept-Language", "de")])
    document = p.relay(exchange, p.solve(exchange.packet)).document()
    assert "Tarif" in document["ap2004"]["MessageForIncompatible"]


# proves: X-036
def test_texts_hold_no_character_that_phones_cannot_read(refused):
    for language in ("en", "de", "fr"):
        _, document = answer(refused, language)
        assert not set('<>"\'') & set(document["ap2004"]["MessageForIncompatible"])
        assert len(document["ap2004"]["MessageForIncompatible"]) <= 255
