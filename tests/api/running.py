"""A real server on a real socket in the test's own loop, with its data in memory and a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import grpc.aio
from tests.api.raw_calls import RawClient

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import SECOND, Instant
from taskweir.push.sender import Outcome
from taskweir.settings import Given, resolve

NOW: Final[Instant] = 1_795_348_800 * SECOND + 123_456
"""2026-11-22T12:00:00.123456Z."""


class HangingSender:
    """No attempt ever gets an answer, so that tasks stay as the test made them."""

    async def send(self, request: OutgoingRequest) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets")

    async def close(self) -> None:
        return


@dataclass(frozen=True)
class Running:
    server: Server
    clock: SteeredClock
    channel: grpc.aio.Channel
    raw: RawClient

    @property
    def address(self) -> str:
        return self.server.grpc_address


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[Running]:
    """A started server; `settings` are written as flags would be."""
    defaults = {"port": "0", "http-port": "0", "data": ":memory:", "drain-timeout": "0s"}
    given = {name.replace("_", "-"): Given(text, "the test") for name, text in settings.items()}
    clock = SteeredClock(frozen_at=NOW)
    layers = (given, {name: Given(text, "the test") for name, text in defaults.items()})
    server = await Server.start(resolve(*layers), clock=clock, sender=HangingSender())
    channel = grpc.aio.insecure_channel(server.grpc_address)
    try:
        yield Running(server, clock, channel, RawClient(channel))
    finally:
        await channel.close()
        await server.stop()
