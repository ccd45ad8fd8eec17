import re

from bench.peers.install import REQUIREMENTS, RESTATE_SERVER


def test_every_library_of_the_peers_has_one_version():
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert {line.partition("==")[0] for line in lines} >= {"dbos", "restate-sdk", "stripe"}
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []
    assert re.fullmatch(r"@restatedev/restate-server@\d+\.\d+\.\d+", RESTATE_SERVER)
