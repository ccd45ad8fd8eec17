import pytest

from bench.peers.ratios import summarize


def round_(speed, ours=400.0, slow=360.0, restate=100.0, dbos=50.0):
    def run(rate, p50):
        return {"sagas_per_s": rate * speed, "p50_ms": p50, "p99_ms": 3 * p50, "cpu_ms_per_saga": 2}

    return {
        "ours": {"steady": run(ours, 9), "slow_stripe": run(slow, 9), "paced": run(10, 30)},
        "restate": {"steady": run(restate, 9), "slow_stripe": run(90, 9), "paced": run(10, 20)},
        "dbos": {"steady": run(dbos, 9), "slow_stripe": run(40, 9), "paced": run(10, 60)},
    }


def test_the_ratios_do_not_depend_on_how_fast_the_machine_was_in_a_round():
    summary = summarize([round_(1.0), round_(0.25), round_(2.0)])
    assert summary["ratio_restate"] == pytest.approx(4)
    assert summary["ratio_dbos"] == pytest.approx(8)
    assert summary["ratio_delay_50"] == pytest.approx(0.9)
    assert summary["ratio_restate_delay_50"] == pytest.approx(4)
    assert summary["p50_ratio_restate"] == pytest.approx(1.5)
    assert summary["p99_ratio_dbos"] == pytest.approx(0.5)
    assert summary["cpu_ms_per_saga"] == 2


def test_one_disturbed_round_of_three_does_not_count():
    summary = summarize([round_(1.0), round_(1.0, ours=10.0), round_(1.0)])
    assert summary["ratio_restate"] == pytest.approx(4)
    assert summary["sagas_per_s"] == pytest.approx(400)
