"""A handler's view, cell by cell: the whole server, on a clock that is moved, and the bytes that reach a socket."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest
from google.cloud import tasks_v2
from tests.e2e.production_tables import ECHOES, ENDS, ETA, HANGS, HOST, TABLES, WIRE, Bytes, Echo, Table
from tests.e2e.test_dispatch import QUEUE, answer, client_of, settings
from tests.eventually import eventually
from tests.push.raw_target import HANG, RawTarget

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import HOUR, MILLISECOND, SECOND, Instant
from taskweir.push.curl_sender import CurlSender
from taskweir.push.sender import Outcome

START: Final[Instant] = 1_700_000_000 * SECOND + 20_304
TASK: Final = f"{QUEUE}/tasks/t"
ENOUGH: Final = HOUR
"""From one attempt to the next: longer than its backoff, and than a queue's recovery from errors."""


class ShortDeadlines:
    """A sender on libcurl that gives targets that hang a moment, where production gives at least 15 s."""

    def __init__(self, sender: CurlSender, hanging: int) -> None:
        self._sender = sender
        self._hanging = hanging

    async def send(self, request: OutgoingRequest) -> Outcome:
        """The first `hanging` requests have the moment."""
        self._hanging -= 1
        deadline = 300 * MILLISECOND if self._hanging >= 0 else request.deadline
        return await self._sender.send(replace(request, deadline=deadline))

    async def close(self) -> None:
        await self._sender.close()


@asynccontextmanager
async def serving(target: RawTarget, clock: SteeredClock, hanging: int = 0) -> AsyncIterator[Server]:
    """A server whose App Engine application is the target."""
    flags = {"app-engine": f"default=http://127.0.0.1:{target.port}", "drain-timeout": "0s"}
    server = await Server.start(settings(**flags), clock=clock, sender=ShortDeadlines(CurlSender(), hanging))
    try:
        yield server
    finally:
        await server.stop()


async def create(server: Server, kind: str, request: Mapping[str, object], **fields: object) -> tasks_v2.Task:
    client = client_of(server)
    payload = "http_request" if kind == "http" else "app_engine_http_request"
    task = {"name": TASK, payload: request, **fields}
    try:
        return await client.create_task(request={"parent": QUEUE, "task": task, "response_view": "FULL"})
    finally:
        await client.transport.close()


def scripted(answers: tuple[int | str, ...]) -> list[bytes]:
    special = {HANGS: HANG, ENDS: b""}
    return [special[a] if isinstance(a, str) else answer(a) for a in answers]


def lines_of(raw: bytes) -> tuple[str, list[str], bytes]:
    """Request line, header lines in alphabetical order, body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    return line, sorted(headers), body


def eta(instant: Instant) -> str:
    return f"{instant // SECOND}.{instant % SECOND:06d}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.what)
async def test_every_attempt_has_the_table_s_headers_and_no_others(table: Table) -> None:
    """Names in their spelling, values, absence; each header once. Between attempts an hour passes, so that the ETA is
    when the backoff was over, not when the request went out."""
    clock = SteeredClock(frozen_at=START)
    async with RawTarget.serving(closing=ENDS in table.answers) as target:
        target.answers = scripted(tuple(table.answers))
        async with serving(target, clock, table.answers.count(HANGS)) as server:
            request = {"body": b"hello", **({"url": target.url()} if table.kind == "http" else {})}
            await create(server, table.kind, request)
            for number in range(1, len(table.answers) + 1):
                await eventually(lambda number=number: len(target.received) >= number)
                await eventually(lambda: server.attempts_in_flight == 0)
                clock.advance(ENOUGH)
        assert len(target.received) == len(table.answers)
    due, backoff = START, 100 * MILLISECOND
    for number, raw in enumerate(target.received):
        filled = {ETA: eta(due), HOST: f"127.0.0.1:{target.port}"}
        cells = {name: filled.get(cell, cell) for name, cell in table.column(number).items()}
        line, headers, body = lines_of(raw)
        assert headers == sorted(f"{name}: {cell}".rstrip(" ") for name, cell in cells.items())
        assert (line, body) == ("POST / HTTP/1.1", b"hello")
        due, backoff = START + number * ENOUGH + backoff, 2 * backoff


@pytest.mark.parametrize("case", WIRE, ids=lambda case: case.what)
async def test_these_bytes_arrive(case: Bytes) -> None:
    """So no Accept, Expect or Connection, no Content-Type that nobody gave, and no length of what is not there."""
    async with RawTarget.serving(answer(200)) as target:
        async with serving(target, SteeredClock(frozen_at=START)) as server:
            request = {"url": target.url()} if case.kind == "http" else {}
            await create(server, case.kind, {**case.request, **request})
            await eventually(lambda: target.received)
        (raw,) = target.received
    filled = [
        text.replace(ETA, eta(START)).replace(HOST, f"127.0.0.1:{target.port}") for text in case.headers
    ]
    assert lines_of(raw) == (case.line, sorted(filled), case.body)


@pytest.mark.parametrize(
    ("micros", "shown"),
    [(0, "1700003600.000000"), (1, "1700003600.000001"), (250_000, "1700003600.250000")],
)
@pytest.mark.parametrize(("kind", "prefix"), [("http", "X-CloudTasks"), ("app engine", "X-AppEngine")])
async def test_the_eta_is_the_schedule_time_to_the_microsecond(
    kind: str, prefix: str, micros: int, shown: str
) -> None:
    """In seconds, always with a fraction, whenever the request goes out."""
    clock = SteeredClock(frozen_at=1_700_000_000 * SECOND)
    at = datetime.fromtimestamp(1_700_003_600, UTC).replace(microsecond=micros)
    async with RawTarget.serving(answer(200)) as target, serving(target, clock) as server:
        request = {"url": target.url()} if kind == "http" else {}
        await create(server, kind, request, schedule_time=at)
        clock.advance(2 * HOUR)
        await eventually(lambda: target.received)
        assert f"{prefix}-TaskETA: {shown}" in lines_of(target.received[0])[1]


@pytest.mark.parametrize("kind", ["http", "app engine"])
async def test_a_timeout_is_told_as_a_status_of_504(kind: str) -> None:
    """Whatever the next attempt is told."""
    async with RawTarget.serving(HANG) as target, serving(target, SteeredClock(frozen_at=START), 1) as server:
        await create(server, kind, {"url": target.url()} if kind == "http" else {})
        await eventually(lambda: target.closed and not server.attempts_in_flight)
        client = client_of(server)
        task = await client.get_task(name=TASK)
        await client.transport.close()
    told = task.last_attempt.response_status
    assert (told.code, told.message) == (4, "DEADLINE_EXCEEDED(4): HTTP status code 504")
    assert (task.dispatch_count, task.response_count) == (1, 0)


@pytest.mark.parametrize("case", ECHOES, ids=lambda case: case.what)
async def test_a_created_task_shows_its_headers_as_production_does(case: Echo) -> None:
    """In every view, of which BASIC leaves out the body alone; the time of creation has whole seconds."""
    kind = "http" if "url" in case.request else "app engine"
    async with RawTarget.serving() as target, serving(target, SteeredClock(frozen_at=START)) as server:
        client = client_of(server)
        await client.pause_queue(name=QUEUE)
        created = await create(server, kind, case.request)
        full = await client.get_task(request={"name": TASK, "response_view": "FULL"})
        basic = await client.get_task(name=TASK)
        await client.transport.close()
    shown = created.http_request if kind == "http" else created.app_engine_http_request
    assert dict(shown.headers) == case.headers
    assert shown.body == case.request.get("body", b"")
    assert created.create_time.timestamp() == START // SECOND
    assert full == created
    for task in (full, basic):
        (task.http_request if kind == "http" else task.app_engine_http_request).body = b""
        task.view = tasks_v2.Task.View.FULL
    assert basic == full
