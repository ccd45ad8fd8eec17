import json

import pytest
from saga_schemas.text import storable, text_of


@pytest.mark.parametrize(
    ("text", "stored"),
    [("Grüße 🍕", "Grüße 🍕"), ("a\0b", "a\ufffdb"), ("x\ud800y", "x?y"), ("\udfff\ud800", "??")],
)
def test_text_is_stored_without_what_postgresql_and_utf8_do_not_have(text, stored):
    assert storable(text) == text_of(text) == stored


def test_a_pair_of_surrogates_in_json_is_one_character():
    assert storable(json.loads(r'"\ud83c\udf55"')) == "🍕"


@pytest.mark.parametrize("found", [None, 5, ["text"], {"text": "text"}])
def test_what_is_not_text_is_none(found):
    assert text_of(found) is None
