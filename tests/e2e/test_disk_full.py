"""A full disk, seen from outside: what was answered stays, the server says what is wrong, and recovers by itself."""

import asyncio
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path

import grpc.aio
from google.api_core.exceptions import ServiceUnavailable
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.e2e.test_dispatch import PARENT, START, client_of, settings

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.store.sqlite import SqliteStore
from taskweir.store.sqlite.connection import on_thread

QUEUE = f"{PARENT}/queues/paused"


async def limit_pages(server: Server, pages: int) -> int:
    """Let the data file have so many pages more, as a full disk would; the limit."""
    store = server._store
    assert isinstance(store, SqliteStore)

    def limit(connection: sqlite3.Connection) -> int:
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {count + pages}")
        return int(count) + pages

    return await on_thread(store._file.writer, limit)


async def healthz(server: Server) -> int:
    def get() -> int:
        try:
            with urllib.request.urlopen(f"http://{server.http_address}/healthz", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    return await asyncio.to_thread(get)


async def test_a_full_disk_loses_nothing_and_is_recovered_from(tmp_path: Path) -> None:
    """UNAVAILABLE with the reason, health NOT_SERVING, reads go on; with room again everything does."""
    server = await Server.start(settings(tmp_path / "d.db"), clock=SteeredClock(frozen_at=START))
    client = client_of(server)
    channel = grpc.aio.insecure_channel(server.grpc_address)
    health = health_pb2_grpc.HealthStub(channel)
    await client.create_queue(parent=PARENT, queue={"name": QUEUE})
    await client.pause_queue(name=QUEUE)
    await limit_pages(server, 100)
    answered: list[str] = []
    refusal = ""
    for _ in range(100):
        task = {"http_request": {"url": "http://localhost/", "body": b"x" * 20_000}}
        try:
            answered.append((await client.create_task(parent=QUEUE, task=task)).name)
        except ServiceUnavailable as error:
            refusal = error.message
            break
    assert 5 <= len(answered) < 100
    assert "full" in refusal
    assert (
        await health.Check(health_pb2.HealthCheckRequest())
    ).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert await healthz(server) == 503
    assert sorted([t.name async for t in await client.list_tasks(parent=QUEUE)]) == sorted(answered)

    await limit_pages(server, 10_000)
    while (
        await health.Check(health_pb2.HealthCheckRequest())
    ).status != health_pb2.HealthCheckResponse.SERVING:
        await asyncio.sleep(0.01)
    assert await healthz(server) == 200
    answered.append((await client.create_task(parent=QUEUE, task=task)).name)
    assert sorted([t.name async for t in await client.list_tasks(parent=QUEUE)]) == sorted(answered)
    await channel.close()
    await client.transport.close()
    await server.stop()
