from types import SimpleNamespace

import pytest
from aiokafka.errors import NodeNotReadyError
from saga_messaging.kafka import admin
from saga_messaging.kafka.admin import connected_admin


class Cluster:
    """An admin client whose cluster lists its broker after a number of updates."""

    def __init__(self, updates: int):
        self.left = updates
        self.closed = False
        self.cluster = SimpleNamespace(controller=None)
        self._client = self

    async def start(self):
        pass

    async def close(self):
        self.closed = True

    async def force_metadata_update(self):
        self.left -= 1
        if self.left <= 0:
            self.cluster.controller = "a broker"


async def test_a_cluster_that_lists_no_broker_yet_is_waited_for(monkeypatch):
    cluster = Cluster(updates=2)
    monkeypatch.setattr(admin, "AIOKafkaAdminClient", lambda **_: cluster)
    async with connected_admin({}, 60) as connected:
        assert connected.cluster.controller == "a broker"
        assert not cluster.closed
    assert cluster.closed


async def test_a_cluster_that_lists_no_broker_in_time_is_a_kafka_error(monkeypatch):
    cluster = Cluster(updates=1_000_000)
    monkeypatch.setattr(admin, "AIOKafkaAdminClient", lambda **_: cluster)
    with pytest.raises(NodeNotReadyError, match=r"lists no broker after 0\.2 s"):
        async with connected_admin({}, 0.2):
            pass
    assert cluster.closed
