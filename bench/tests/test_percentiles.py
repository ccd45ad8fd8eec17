import random

import pytest

from bench.measuring.percentiles import latencies, median_ratio, percentile


def test_percentiles_of_a_hundred_values_are_the_values_themselves():
    values = [float(n) for n in range(1, 101)]
    random.Random(1).shuffle(values)
    assert [percentile(values, p) for p in (1, 50, 99, 99.9, 100)] == [1, 50, 99, 100, 100]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10, 99, 100, 101, 1000, 3000])
@pytest.mark.parametrize("percent", [0.1, 1, 29, 50, 57, 99, 99.9, 100])
def test_a_percentile_is_the_smallest_value_that_covers_its_share(count, percent):
    values = [float(n) for n in range(count)]
    found = percentile(values, percent)
    covered = [sum(v <= limit for v in values) * 1000 for limit in (found, found - 1)]
    assert covered[0] >= round(percent * 10) * count > covered[1]


def test_a_single_value_is_every_percentile():
    assert latencies([0.25]) == {
        "p50_ms": 250.0,
        "p99_ms": 250.0,
        "p999_ms": 250.0,
        "max_ms": 250.0,
    }


def test_one_slow_order_in_a_thousand_is_not_in_p99_but_in_the_maximum():
    measured = latencies([0.01] * 999 + [5.0])
    assert (measured["p99_ms"], measured["p999_ms"], measured["max_ms"]) == (10.0, 10.0, 5000.0)


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101), ([1.0], -1)])
def test_a_percentile_of_nothing_or_out_of_range_is_an_error(values, percent):
    with pytest.raises(ValueError, match=r"^(values|percent): "):
        percentile(values, percent)


def test_the_median_is_of_the_ratios_and_not_the_ratio_of_the_medians():
    # The machine was half as fast in the second round, for both.
    assert median_ratio([(300, 100), (100, 50), (400, 100)]) == 3


def test_a_ratio_to_nothing_is_an_error():
    with pytest.raises(ValueError, match="ratio to 0"):
        median_ratio([(1, 0)])
    with pytest.raises(ValueError, match="pairs"):
        median_ratio([])
