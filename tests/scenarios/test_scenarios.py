"""Random scenarios, each held to the promises: some here, a thousand in `make test-scenarios`."""

import os

import grpc.aio
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from tests.scenarios.law import SECOND
from tests.scenarios.player import Player
from tests.scenarios.target import ScriptedTarget

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.control import settling
from taskweir.settings import Given, resolve
from taskweir_pb.control.v1.control_pb2_grpc import ControlStub

_SCENARIOS = int(os.environ.get("SCENARIOS", "250"))
_A_TEST = 25
START = 1_700_000_000 * SECOND
SETTINGS = {"data": ":memory:", "port": "0", "http-port": "0", "control": "on", "drain-timeout": "0s"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(0, _SCENARIOS, _A_TEST))
async def test_the_promises_hold(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing before its time, never above rate or concurrency, at least once unless removed, retries by the law."""
    monkeypatch.setattr(
        settling, "PATIENCE", 0.003
    )  # the target answers at once, or is never meant to in time
    clock = SteeredClock(frozen_at=START)
    target = ScriptedTarget(clock)
    settings = resolve({name: Given(text, "the test") for name, text in SETTINGS.items()})
    server = await Server.start(settings, clock=clock, sender=target)
    channel = grpc.aio.insecure_channel(server.grpc_address)
    client = tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
    try:
        for seed in range(first, first + _A_TEST):
            await scenario(Player(seed, clock, target, client, ControlStub(channel)))
    finally:
        await channel.close()
        await server.stop()


async def scenario(player: Player) -> None:
    """Play it and hold it to the promises; whatever goes wrong comes with what was done."""
    try:
        await player.play()
        await player.check()
    except BaseException as error:
        error.add_note(f"scenario {player.seed}:\n" + "\n".join(player.log))
        raise
