"""The whole system in a data folder with spaces, commas and letters beyond ASCII."""

import uuid

import pytest
from saga_stack.stack import Stack
from support.load import place_orders
from support.stacks import stack_settings

pytestmark = [pytest.mark.stack, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(180)]

SPECIAL = "Aufträge für heute: a=1, #2 %20 'q' \\x"


def test_a_stack_starts_twice_in_the_folder(stack_folder):
    settings = stack_settings(stack_folder / SPECIAL, topic_prefix=f"{uuid.uuid4().hex[:8]}.")
    for _ in range(2):
        with Stack(settings) as stack:
            place_orders(stack, ("visa",), 2)
