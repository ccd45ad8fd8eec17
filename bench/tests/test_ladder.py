import pytest

from bench.parts.ladder import keeps_up


@pytest.mark.parametrize(
    ("offered", "total", "expected"),
    [(10, 10.1, True), (1, 2.9, True), (1, 3.1, False), (60, 65.9, True), (60, 66.1, False)],
)
def test_a_system_keeps_up_if_the_last_event_comes_soon_after_the_last_order(
    offered, total, expected
):
    assert keeps_up(offered, total) is expected
