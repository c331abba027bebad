"""The siege, small: `make test-siege` has the large one."""

from pathlib import Path

import pytest
from tests.http_sink import HttpSink
from tests.processes import ServerProcess
from tests.siege.besieging import besieged
from tests.siege.callers import Callers

WAYS = {
    "idle_over_grpc": 400,
    "idle_over_http": 400,
    "slow_senders": 50,
    "endless_heads": 3,
    "bombs": 2,
    "frames": 3,
    "resets": 2,
    "packed_messages": 2,
    "deaf_readers": 5,
    "deaf_callers": 3,
}


@pytest.mark.real_time
async def test_others_are_served_meanwhile(tmp_path: Path) -> None:
    """On old connections and on new ones, and what they create is dispatched."""
    log = tmp_path / "log"
    flags = ("--log-level", "warning", "--max-connections", "200")
    async with HttpSink() as sink, await ServerProcess.serving(tmp_path / "data", log, *flags) as server:
        callers = Callers(server.grpc, server.http, sink)
        await callers.create_queue()
        before = server.resident_mib()
        async with besieged(server, [WAYS]):
            times = await callers.call_for(1.0)
        more = server.resident_mib() - before
        assert await server.stop() == 0
    assert {kind: taken.failures for kind, taken in times.items()} == {kind: [] for kind in times}
    assert all(taken.taken for taken in times.values())
    assert more < 500
    assert "Traceback" not in log.read_text()
