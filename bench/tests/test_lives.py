from collections import Counter

from bench.load.orders import is_declined
from bench.parts.lives import NAMES, requests_of


def test_of_ten_orders_one_is_declined_one_canceled_and_one_refunded():
    lives = Counter(NAMES[requests_of(number)] for number in range(1000))
    assert lives == {"rejected": 100, "canceled": 100, "refunded": 100, "captured": 700}


def test_declined_cards_are_the_orders_without_a_request():
    assert all(is_declined(number) == (requests_of(number) == ()) for number in range(100))
