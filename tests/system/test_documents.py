# SPDX-License-Identifier: Apache-2.0
"""The document of an answer as phones read it."""
import client


# proves: A-022 P-037
def test_right_answer_is_the_document_with_a_token(phone):
    p = phone()
    document = p.login("ap2004")
    assert list(document.apps) == ["ap2004"]
