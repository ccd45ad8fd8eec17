import pytest
from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.forms import decode_pairs, nest


def form(encoded: bytes):
    return nest(decode_pairs(encoded))


def test_a_plain_name_is_a_string():
    assert form(b"amount=1299&currency=usd") == {"amount": "1299", "currency": "usd"}


def test_brackets_nest_a_hash():
    assert form(b"card%5Bchecks%5D%5Bcvc%5D=pass") == {"card": {"checks": {"cvc": "pass"}}}


def test_an_array_with_indexes_is_a_mapping_from_them():
    assert form(b"expand[0]=customer&expand[1]=latest_charge") == {
        "expand": {"0": "customer", "1": "latest_charge"}
    }


def test_an_array_without_indexes_takes_the_next_free_one():
    assert form(b"expand[]=customer&expand[]=latest_charge") == {
        "expand": {"0": "customer", "1": "latest_charge"}
    }


def test_an_empty_value_is_kept_because_it_clears():
    assert form(b"description=&metadata[a]=") == {"description": "", "metadata": {"a": ""}}


def test_plus_and_percent_are_decoded():
    assert form(b"description=a+b%20c%C3%A9") == {"description": "a b cé"}


def test_a_name_that_is_both_value_and_hash_is_refused():
    with pytest.raises(InvalidParameters):
        form(b"card=1&card[token]=tok_visa")


def test_bytes_that_are_no_text_are_no_crash():
    assert form(b"name=\xff") == {"name": "�"}
