import pytest
from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.forms import decode_pairs, nest


def form(encoded: bytes):
    return nest(decode_pairs(encoded))


def test_name_without_brackets_is_a_string():
    assert form(b"amount=1299&currency=usd") == {"amount": "1299", "currency": "usd"}


def test_brackets_nest_a_hash():
    assert form(b"card%5Bchecks%5D%5Bcvc%5D=pass") == {"card": {"checks": {"cvc": "pass"}}}


def test_array_with_indexes_is_a_mapping_from_indexes():
    assert form(b"expand[0]=customer&expand[1]=latest_charge") == {
        "expand": {"0": "customer", "1": "latest_charge"}
    }


def test_array_without_indexes_takes_the_next_free_index():
    assert form(b"expand[]=customer&expand[]=latest_charge") == {
        "expand": {"0": "customer", "1": "latest_charge"}
    }


def test_empty_value_is_kept_to_clear_a_parameter():
    assert form(b"description=&metadata[a]=") == {"description": "", "metadata": {"a": ""}}


def test_plus_and_percent_are_decoded():
    assert form(b"description=a+b%20c%C3%A9") == {"description": "a b cé"}


def test_name_that_is_both_value_and_hash_is_refused():
    with pytest.raises(InvalidParameters):
        form(b"card=1&card[token]=tok_visa")


def test_invalid_utf_8_is_replaced():
    assert form(b"name=\xff") == {"name": "�"}
