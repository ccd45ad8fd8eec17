"""Why a consumer does not consume, from the state of Faust's and aiokafka's parts."""

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataResponse_v1
from faust.types import TP
from prometheus_client import REGISTRY
from saga_messaging.kafka import consumption
from saga_messaging.kafka.consumption import Consumption, ConsumptionProblem
from saga_messaging.kafka.faust_app import consumption_problem, faust_app
from saga_messaging.kafka.paused import paused_partitions
from structlog.testing import capture_logs

ONE, TWO = TopicPartition("topic", 1), TopicPartition("topic", 2)


class Clock:
    """Both of the clocks, set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


class Assignment:
    """aiokafka's assignment of two partitions without an open transaction."""

    def __init__(self) -> None:
        self.tps = frozenset({ONE, TWO})
        self._states = {
            partition: SimpleNamespace(paused=False, lso=10, highwater=10) for partition in self.tps
        }

    def state_value(self, partition: TopicPartition) -> SimpleNamespace:
        return self._states[partition]


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(consumption, "time", clock)
    return clock


def cluster(leader: int) -> ClusterMetadata:
    """aiokafka's metadata of the topic, as a broker describes it; -1 means no leader."""
    metadata = ClusterMetadata()
    partitions = [(0, partition, leader, [1], [1]) for partition in (1, 2)]
    response = MetadataResponse_v1(
        brokers=[(1, "localhost", 9092, None)],
        controller_id=1,
        topics=[(0, "topic", False, partitions)],
    )
    metadata.update_metadata(response)
    return metadata


@pytest.fixture
def kafka():
    """aiokafka's consumer."""
    running = SimpleNamespace(done=lambda: False)
    return SimpleNamespace(
        _client=SimpleNamespace(cluster=cluster(leader=1)),
        _fetcher=SimpleNamespace(_fetch_task=running, _records={}, errors={}, responded_at={}),
        _coordinator=SimpleNamespace(_coordination_task=running),
        _subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=Assignment())),
    )


@pytest.fixture
def consumed(clock, make_settings):
    return Consumption(make_settings(consumer_stall_seconds=30, kafka_open_transaction_seconds=60))


def fetched(kafka, clock) -> None:
    for partition in (ONE, TWO):
        kafka._fetcher.responded_at[partition] = clock.now


def state_of(kafka, partition) -> SimpleNamespace:
    return kafka._subscription.subscription.assignment.state_value(partition)


def pass_time(seconds, clock, consumed, kafka) -> None:
    """Let time pass for a consumer that polls and fetches."""
    clock.now += seconds
    consumed.polled()
    fetched(kafka, clock)


def test_a_consumer_that_polls_and_fetches_has_no_problem(consumed, kafka, clock):
    pass_time(1_000, clock, consumed, kafka)
    assert consumed.problem(kafka, waiting=False) is None


def test_a_batch_in_progress_for_too_long_is_named(consumed, kafka, clock):
    with consumed.batch("topic"):
        pass_time(29, clock, consumed, kafka)
        assert consumed.problem(kafka, waiting=True) is None
        pass_time(2, clock, consumed, kafka)
        problem = consumed.problem(kafka, waiting=True)
    assert problem.text == "a batch of topic has been in progress for 31 s"
    assert problem.restart_helps
    assert consumed.problem(kafka, waiting=True) is None


def test_messages_that_wait_without_a_batch_are_a_problem(consumed, kafka, clock):
    pass_time(31, clock, consumed, kafka)
    assert consumed.problem(kafka, waiting=False) is None
    assert consumed.problem(kafka, waiting=True) is None  # they may have arrived just now
    pass_time(31, clock, consumed, kafka)
    problem = consumed.problem(kafka, waiting=True)
    assert problem.text == "messages wait, and no batch was begun for 31 s"


def test_a_consumer_that_asks_for_nothing_has_a_problem_unless_a_batch_keeps_it(
    consumed, kafka, clock
):
    clock.now += 31
    fetched(kafka, clock)
    problem = consumed.problem(kafka, waiting=False)
    assert problem.text == "no messages were asked for 31 s"
    with consumed.batch("topic"):
        assert consumed.problem(kafka, waiting=False) is None


@pytest.mark.parametrize("name", ["fetcher", "group coordinator"])
def test_a_task_that_has_ended_is_named(consumed, kafka, name):
    dead = SimpleNamespace(
        done=lambda: True, cancelled=lambda: False, exception=lambda: OSError("no")
    )
    if name == "fetcher":
        kafka._fetcher._fetch_task = dead
    else:
        kafka._coordinator._coordination_task = dead
    problem = consumed.problem(kafka, waiting=False)
    assert problem.text == f"the {name} has ended: OSError('no')"


def test_without_an_assignment_nothing_is_consumed(consumed, kafka):
    kafka._subscription.subscription.assignment = None
    assert consumed.problem(kafka, waiting=False).text == "no partitions are assigned"


def test_one_partition_without_a_response_is_named_and_all_need_a_restart(consumed, kafka, clock):
    assert consumed.problem(kafka, waiting=False) is None
    pass_time(31, clock, consumed, kafka)
    kafka._fetcher.responded_at[ONE] -= 31
    problem = consumed.problem(kafka, waiting=False)
    assert problem.text == "topic[1]: nothing fetched for 31 s (no response)"
    assert not problem.restart_helps
    kafka._fetcher.responded_at[TWO] -= 31
    assert consumed.problem(kafka, waiting=False).restart_helps
    kafka._fetcher.errors = {ONE: "CorruptRecordException", TWO: "CorruptRecordException"}
    assert "(CorruptRecordException)" in consumed.problem(kafka, waiting=False).text


@pytest.mark.parametrize("error", ["LeaderNotAvailableError", "NotLeaderForPartitionError", None])
def test_partitions_without_a_leader_need_no_restart(consumed, kafka, clock, error):
    assert consumed.problem(kafka, waiting=False) is None
    clock.now += 31
    consumed.polled()
    if error:
        kafka._fetcher.errors = {ONE: error, TWO: error}
    else:
        kafka._client.cluster = cluster(leader=-1)
    problem = consumed.problem(kafka, waiting=False)
    assert "nothing fetched for 31 s" in problem.text
    assert not problem.restart_helps


def test_a_partition_that_has_a_leader_needs_a_restart(consumed, kafka, clock):
    assert consumed.problem(kafka, waiting=False) is None
    clock.now += 31
    consumed.polled()
    kafka._fetcher.errors = {ONE: "LeaderNotAvailableError"}
    assert consumed.problem(kafka, waiting=False).restart_helps


def test_a_partition_with_records_or_that_is_paused_is_not_fetched(consumed, kafka, clock):
    assert consumed.problem(kafka, waiting=False) is None
    clock.now += 31
    consumed.polled()
    kafka._fetcher._records = {ONE: object()}
    state_of(kafka, TWO).paused = True
    assert consumed.problem(kafka, waiting=False) is None


def test_a_transaction_that_stays_open_is_named_and_logged_once(consumed, kafka, clock):
    state_of(kafka, TWO).highwater = 12
    assert consumed.problem(kafka, waiting=False) is None
    pass_time(61, clock, consumed, kafka)
    with capture_logs() as logs:
        problem = consumed.problem(kafka, waiting=False)
        pass_time(1, clock, consumed, kafka)
        consumed.problem(kafka, waiting=False)
    assert problem.text == "topic[2]: a transaction at offset 10 has been open for 61 s"
    assert not problem.restart_helps
    assert [log["event"] for log in logs] == ["transaction_left_open"]
    assert REGISTRY.get_sample_value("saga_open_transaction_seconds") == 62
    state_of(kafka, TWO).highwater = 10
    consumed.problem(kafka, waiting=False)
    assert REGISTRY.get_sample_value("saga_open_transaction_seconds") == 0


def test_no_problem_hides_another(consumed, kafka, clock):
    state_of(kafka, TWO).highwater = 12
    assert consumed.problem(kafka, waiting=False) is None
    pass_time(61, clock, consumed, kafka)
    kafka._fetcher.responded_at[ONE] -= 31
    problem = consumed.problem(kafka, waiting=False)
    assert "topic[1]: nothing fetched for 31 s" in problem.text
    assert "topic[2]: a transaction at offset 10 has been open for 61 s" in problem.text
    assert not problem.restart_helps


@pytest.mark.parametrize("stalled", [True, False])
def test_a_paused_partition_is_named_beside_another_problem(monkeypatch, make_settings, stalled):
    app = faust_app("joined", make_settings())
    app.rebalancing, app.rebalancing_count, app.consumer_generation_id = False, 1, 7
    problem = ConsumptionProblem("a transaction is open", restart_helps=stalled)
    consumer = SimpleNamespace(problem=lambda: problem)
    monkeypatch.setattr(type(app), "consumer", consumer)
    tp = TP("topic", 1)
    message = SimpleNamespace(topic="topic", partition=1, offset=3, tp=tp, generation_id=7)
    paused_partitions(app).add([SimpleNamespace(message=message)], {1: 3}, "poison")
    found = consumption_problem(app)
    assert found.text == "a transaction is open; topic[1] is paused at offset 3: poison"
    assert found.restart_helps is stalled
    app.consumer_generation_id = 8
    assert consumption_problem(app).text == "a transaction is open"


def test_transactions_that_end_one_after_another_are_no_problem(consumed, kafka, clock):
    for offset in range(10, 20):
        state_of(kafka, TWO).lso, state_of(kafka, TWO).highwater = offset, offset + 2
        assert consumed.problem(kafka, waiting=False) is None
        pass_time(31, clock, consumed, kafka)
