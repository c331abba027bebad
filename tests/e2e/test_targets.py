"""Where requests go, through the whole server: every way to a URL ends at the same check."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import tasks_v2
from tests.e2e.test_dispatch import QUEUE, START, client_of, headers_of, settings
from tests.eventually import eventually
from tests.push.raw_target import RawTarget

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.times import SECOND

TASK = f"{QUEUE}/tasks/t"
REFUSED = "is refused by --deny-target 127.0.0.1"


@asynccontextmanager
async def serving(
    clock: SteeredClock | None = None, **flags: str
) -> AsyncIterator[tuple[Server, tasks_v2.CloudTasksAsyncClient]]:
    """A server with these flags, and a client of it."""
    given = {name.replace("_", "-"): text for name, text in flags.items()}
    server = await Server.start(settings(**given), clock=clock)
    client = client_of(server)
    try:
        yield server, client
    finally:
        await client.transport.close()
        await server.stop()


async def last_attempt(client: tasks_v2.CloudTasksAsyncClient, count: int = 1) -> tasks_v2.Attempt:
    """Of the task, once it has ended that many."""
    async with asyncio.timeout(10):
        while True:
            task = await client.get_task(name=TASK)
            if task.dispatch_count >= count and task.last_attempt.response_status.message:
                return task.last_attempt


async def create(
    client: tasks_v2.CloudTasksAsyncClient, request: Mapping[str, Any], kind: str = "http_request"
) -> None:
    await client.create_task(parent=QUEUE, task={"name": TASK, kind: request})


async def test_a_refused_target_is_a_failed_attempt_that_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """In the task, in the history and in the log; and it is tried again by the retry law."""
    clock = SteeredClock(frozen_at=START)
    caplog.set_level(logging.INFO, "taskweir.attempt")
    async with RawTarget.serving() as target, serving(clock, deny_target="127.0.0.1") as (server, client):
        await create(client, {"url": target.url()})
        for count in (1, 2):
            status = (await last_attempt(client, count)).response_status
            assert (status.code, status.message) == (
                2,
                f"UNKNOWN(2): HTTP status code 0 (127.0.0.1 {REFUSED})",
            )
            await eventually(lambda: server.attempts_in_flight == 0)
            clock.advance(10 * SECOND)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{server.http_address}/taskweir/v1/attempts") as reply,
        ):
            kept = (await reply.json())["attempts"][0]
    assert (kept["outcome"], kept["error"]) == ("NOT_SENT", f"127.0.0.1 {REFUSED}")
    errors = [vars(record).get("error") for record in caplog.records if record.getMessage() == "attempt"]
    assert errors[:2] == [f"127.0.0.1 {REFUSED}"] * 2
    assert target.connections == 0


@pytest.mark.parametrize(
    "override",
    [
        {"host": "127.0.0.1"},
        {"host": "0x7f.1"},
        {"host": "localhost"},
        {"host": "127.0.0.1", "uri_override_enforce_mode": "IF_NOT_EXISTS"},
    ],
)
async def test_what_a_queue_s_override_makes_of_a_url_is_checked(override: Mapping[str, Any]) -> None:
    """At the dispatch, whatever the task said when it was created."""
    async with RawTarget.serving() as target, serving(deny_target="127.0.0.1,::1") as (_, client):
        uri = {"scheme": "HTTP", "port": target.port, **override}
        await client.update_queue(queue={"name": QUEUE, "http_target": {"uri_override": uri}})
        url = "http://" if "uri_override_enforce_mode" in override else "https://good.test"
        await create(client, {"url": f"{url}/"})
        assert REFUSED in (await last_attempt(client)).response_status.message.replace("::1", "127.0.0.1")
    assert target.connections == 0


async def test_buffered_tasks_and_forced_runs_are_checked() -> None:
    """RunTask hurries an attempt, and changes nothing about where it may go."""
    async with RawTarget.serving() as target, serving(deny_target="127.0.0.1") as (server, client):
        uri = {"scheme": "HTTP", "host": "127.0.0.1", "port": target.port}
        await client.update_queue(queue={"name": QUEUE, "http_target": {"uri_override": uri}})
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://{server.http_address}/v2/{TASK}:buffer", data=b"x") as reply,
        ):
            assert reply.status == 200
        assert REFUSED in (await last_attempt(client)).response_status.message
        await client.run_task(name=TASK)
        assert REFUSED in (await last_attempt(client, 2)).response_status.message
    assert target.connections == 0


async def test_app_engine_s_address_is_checked() -> None:
    """It is the operator's own, and so is the rule."""
    async with RawTarget.serving() as target:
        host = f"http://127.0.0.1:{target.port}"
        async with serving(app_engine_host=host, deny_target="127.0.0.1") as (_, client):
            await create(client, {"relative_uri": "/"}, "app_engine_http_request")
            assert REFUSED in (await last_attempt(client)).response_status.message
    assert target.connections == 0


async def test_the_address_of_firebase_functions_is_checked() -> None:
    """As any other."""
    async with RawTarget.serving() as target:
        functions = f"http://127.0.0.1:{target.port}"
        async with (
            serving(functions_url=functions, deny_target="127.0.0.1") as (server, client),
            aiohttp.ClientSession() as session,
        ):
            url = f"http://{server.http_address}/{QUEUE}/tasks"
            task = {"task": {"name": TASK, "httpRequest": {"body": ""}}}
            async with session.post(url, json=task, headers={"Authorization": "Bearer owner"}) as reply:
                assert reply.status == 200, await reply.text()
            assert REFUSED in (await last_attempt(client)).response_status.message
    assert target.connections == 0


async def test_a_server_beyond_loopback_refuses_metadata_unless_told() -> None:
    """By itself; `*` does not lift it."""
    for flags in ({}, {"allow_target": "*"}):
        async with serving(host="0.0.0.0", **flags) as (_, client):
            await create(client, {"url": "http://2852039166/computeMetadata/v1/"})
            message = (await last_attempt(client)).response_status.message
            assert "169.254.169.254 is refused: a server beyond loopback" in message


async def test_mapped_requests_look_as_in_production_to_the_handler() -> None:
    """Host is production's; App Engine tasks are not mapped."""
    async with RawTarget.serving() as target, RawTarget.serving() as app:
        flags = {
            "target_map": f"https://*.run.app=http://*.localhost:{target.port}/base,*=http://127.0.0.1:1",
            "app_engine_host": f"http://127.0.0.1:{app.port}",
            "allow_target": "*.localhost,127.0.0.1",
        }
        async with serving(**flags) as (_, client):
            await client.create_task(
                parent=QUEUE, task={"http_request": {"url": "https://orders.run.app/work?a=b"}}
            )
            await client.create_task(parent=QUEUE, task={"app_engine_http_request": {"relative_uri": "/app"}})
            await eventually(lambda: target.received and app.received)
    assert target.received[0].startswith(b"POST /base/work?a=b HTTP/1.1\r\n")
    assert headers_of(target.received[0])["Host"] == "orders.run.app"
    assert app.received[0].startswith(b"POST /app HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "override", [{"host": "127.0.0.1\r\nX-Evil: 1"}, {"path_override": {"path": "/a\r\nX-Evil: 1"}}]
)
async def test_an_override_cannot_break_the_request(override: Mapping[str, Any]) -> None:
    """Where it is not refused, it is encoded or fails: no header of it reaches a handler."""
    async with RawTarget.serving() as target, serving() as (_, client):
        uri = {"scheme": "HTTP", "host": "127.0.0.1", "port": target.port, **override}
        try:
            await client.update_queue(queue={"name": QUEUE, "http_target": {"uri_override": uri}})
        except InvalidArgument:
            return
        await create(client, {"url": "http://127.0.0.1/"})
        await eventually(lambda: target.received)
    assert b"X-Evil" not in target.received[0].partition(b"\r\n")[2]
