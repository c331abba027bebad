"""`--relax-limits`: queues beyond production's bounds, wherever they are asked for."""

from pathlib import Path

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import tasks_v2
from tests.e2e.test_dispatch import PARENT, client_of, settings

from taskweir.app import Server
from taskweir.command.arguments import read_arguments
from taskweir.command.configuration import configure
from taskweir.settings import SettingsError

_CONFIG = "queues: [{name: mail, rateLimits: {maxDispatchesPerSecond: 700}}]\n"
_QUEUE_YAML = "queue: [{name: mail, rate: 700/s}]\n"


def _queue(rate: float) -> tasks_v2.Queue:
    limits = tasks_v2.RateLimits(max_dispatches_per_second=rate, max_concurrent_dispatches=10_000)
    return tasks_v2.Queue(name=f"{PARENT}/queues/fast", rate_limits=limits)


async def test_callers_may_ask_for_more(tmp_path: Path) -> None:
    """And are told the bound that there is; without the flag the next server leaves the queue as it is."""
    data = tmp_path / "tasks.db"
    server = await Server.start(settings(data, **{"relax-limits": "true"}))
    try:
        client = client_of(server)
        with pytest.raises(InvalidArgument, match="must be less than or equal to 100000"):
            await client.create_queue(parent=PARENT, queue=_queue(100_001))
        made = await client.create_queue(parent=PARENT, queue=_queue(5_000))
        assert (made.rate_limits.max_dispatches_per_second, made.rate_limits.max_burst_size) == (5_000, 1_000)
    finally:
        await server.stop()
    server = await Server.start(settings(data))
    try:
        client = client_of(server)
        assert await client.get_queue(name=made.name) == made
        with pytest.raises(InvalidArgument, match="must be less than or equal to 500"):
            await client.update_queue(queue=_queue(5_001))
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("flag", "text", "mistake"),
    [
        ("config", _CONFIG, ":1: RateLimits.maxDispatchesPerSecond must be less than or equal to 500."),
        ("queue-yaml", _QUEUE_YAML, ":1: rate must be at most 500/s, not '700/s'"),
    ],
)
def test_files_may_ask_for_more(tmp_path: Path, flag: str, text: str, mistake: str) -> None:
    """In the shape of the API's Queue, and by queue.yaml."""
    path = tmp_path / "queues.yaml"
    path.write_text(text)
    relaxed = configure(read_arguments([f"--{flag}={path}", "--relax-limits"]), {})
    rates = [queue.draft.rate_limits.max_dispatches_per_second for queue in relaxed.queue_config]
    rates += [entry.rate for entry in relaxed.queue_yaml.entries] if relaxed.queue_yaml else []
    assert rates == [700]
    with pytest.raises(SettingsError) as raised:
        configure(read_arguments([f"--{flag}={path}"]), {})
    assert str(raised.value).endswith(f"{path}{mistake}")
