from bench.commands.flat import ratios
from bench.measuring.report import flat, rounded


def test_numbers_are_named_by_their_place():
    measured = {"rate": 2, "cpu": {"user": 0.5, "all": {"kafka": 1.0}}, "name": "x"}
    assert flat(measured) == {"rate": 2.0, "cpu user": 0.5, "cpu all kafka": 1.0}


def test_numbers_are_written_with_four_decimals():
    assert rounded({"a": [1.23456, 2], "b": "x"}) == {"a": [1.2346, 2], "b": "x"}


def test_ratios_are_after_over_before_and_leave_out_what_was_nothing():
    before = {"queries": {"all": 10.0, "stuck": 0.0}}
    assert ratios(before, {"queries": {"all": 25.0, "stuck": 3.0}}) == {"queries all": 2.5}
