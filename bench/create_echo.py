"""CreateTask, 64 in flight, every answer after a commit with synchronous=FULL, against a bare grpc.aio echo.

The two are loaded in turn, each alone, by the same client, so that what else the machine does hits both. After each
run the rows in the data file are counted: every answered task must be there.
"""

import re
import sqlite3
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.processes import ServerProcess

from bench.load import Load
from bench.options import Options
from bench.requests import SERVICE, create_task, queue_name, routing

_ROUNDS: Final = 5
_CONNECTIONS: Final = 8
_STREAMS: Final = 8
_WARM_UP: Final = 1.0
_MEASURED: Final = 4.0
_AHEAD: Final = 86_400.0
"""Seconds until the tasks are due: nothing is dispatched meanwhile."""
_AIM: Final = 0.7
_QUEUE: Final = queue_name("bench")
_FLAGS: Final = (
    "--queue",
    _QUEUE,
    "--durability",
    "full",
    "--log-level",
    "debug",
)  # at the end, its counters
_COUNTERS: Final = re.compile(r"commits=(\d+) operations=(\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """`server_us` and `client_us` are microseconds of processor time a call."""

    rate: float
    server_us: float
    client_us: float
    answered: int


async def run(options: Options) -> None:
    creates, echoes, per_commit = [], [], []
    for number in range(1, (options.rounds or _ROUNDS) + 1):
        data, log = options.directory / f"create-{number}.db", options.directory / f"create-{number}.log"
        create = await _create(data, log)
        echo = await _echo(options.directory / "echo.log")
        creates.append(create)
        echoes.append(echo)
        per_commit += _per_commit(log)
        print(
            f"round {number}: CreateTask {_text(create)}; echo {_text(echo)};"
            f" ratio {create.rate / echo.rate:.3f}",
            flush=True,
        )
    _report(creates, echoes, per_commit)


async def _create(data: Path, log: Path) -> Run:
    async with await ServerProcess.serving(data, log, *_FLAGS) as server:
        measured = await _load(server)
        if code := await server.stop():
            raise RuntimeError(f"the server stopped with exit code {code}")
    with closing(sqlite3.connect(f"file:{data}?mode=ro", uri=True)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM task").fetchone()
    if stored != measured.answered:
        raise RuntimeError(f"{measured.answered} answered, {stored} in the file")
    return measured


async def _echo(log: Path) -> Run:
    async with await ServerProcess.started(("-m", "bench.echo"), log) as server:
        return await _load(server)


async def _load(server: ServerProcess) -> Run:
    message = create_task(_QUEUE, "http://127.0.0.1:9/handler", ahead=_AHEAD)
    load = Load(lambda: message)
    await load.connect(server.grpc, f"{SERVICE}/CreateTask", routing(_QUEUE), connections=_CONNECTIONS)
    load.begin(streams=_STREAMS)
    await load.measure(_WARM_UP)
    server_before, client_before = server.cpu_seconds(), time.process_time()
    count, seconds = await load.measure(_MEASURED)
    server_cpu, client_cpu = server.cpu_seconds() - server_before, time.process_time() - client_before
    await load.stop()
    return Run(count / seconds, server_cpu / count * 1e6, client_cpu / count * 1e6, load.answered)


def _per_commit(log: Path) -> list[float]:
    """Operations a commit carried, as the server says when it stops."""
    return [int(found[2]) / int(found[1]) for found in _COUNTERS.finditer(log.read_text()) if int(found[1])]


def _text(run: Run) -> str:
    return f"{run.rate:,.0f}/s, {run.server_us:.0f} µs CPU a call (client {run.client_us:.0f})"


def _report(creates: Sequence[Run], echoes: Sequence[Run], per_commit: Sequence[float]) -> None:
    ratio = _median(creates) / _median(echoes)
    print(
        f"CreateTask, 64 in flight, FULL: {_spread(creates, 'rate')}/s, {_spread(creates, 'server_us')} µs CPU"
    )
    print(f"echo, 64 in flight: {_spread(echoes, 'rate')}/s, {_spread(echoes, 'server_us')} µs CPU")
    print(f"ratio of the medians: {ratio:.3f} (aim: {_AIM})")
    if per_commit:
        print(f"tasks a commit: {statistics.median(per_commit):.1f}")
    client = max(run.rate * run.client_us for run in [*creates, *echoes]) / 1e6
    print(f"the client was busy {client:.0%} of the time at most")


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(run.rate for run in runs)


def _spread(runs: Sequence[Run], field: str) -> str:
    """Median, least and most."""
    values = [getattr(run, field) for run in runs]
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"
