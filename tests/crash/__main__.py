"""The crash test from its start to its verdict; see the package."""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from google.cloud import tasks_v2
from tests.crash.client_process import ClientProcess
from tests.crash.inspection import found, integrity, listed
from tests.crash.ledger import Ledger
from tests.crash.verdict import Verdict, judge
from tests.http_sink import HttpSink
from tests.processes import ServerProcess

import taskweir.sdk

_CLIENTS: Final = 2
_QUEUES: Final = tuple(f"projects/local/locations/us-central1/queues/crash-{n}" for n in range(4))
_LOAD_SECONDS: Final = (1.0, 2.0)
"""A kill comes at a random moment in between, seconds after the clients began."""
_SOON_US: Final = 60_000_000
"""Tasks that are due later than this are not waited for."""
_QUIET_US: Final = 10_000_000
"""When nothing has arrived for so long, nothing will."""
_GRACE_US: Final = 1_000_000
"""After the last schedule time, for what should not come to come."""
_SHOWN: Final = 10
"""Ids that a line of the verdict names."""


@dataclass(slots=True)
class Story:
    """What happened: `lives` is when the server was started each time, microseconds since the epoch; `present` are
    ids that it shows at the end."""

    ledger: Ledger = field(default_factory=Ledger)
    lives: list[int] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    exit_code: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="kill -9 under load")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--seed", type=int, default=time.time_ns() % 1_000_000, help="of the moments to kill at"
    )
    arguments = parser.parse_args()
    print(f"{arguments.rounds} rounds, seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="taskweir-crash-") as directory:
        return asyncio.run(_test(Path(directory), arguments.rounds, random.Random(arguments.seed)))


async def _test(directory: Path, rounds: int, moments: random.Random) -> int:
    data, log = directory / "crash.db", directory / "server.log"
    story = Story()
    async with HttpSink(_FailsOnce().status) as sink:
        await _load_and_kill(story, sink, data, log, rounds, moments)
        await _drain_and_look(story, sink, data, log)
    verdict = judge(story.ledger, sink.deliveries, story.present, story.lives)
    return _report(story, sink, verdict, integrity(data), log)


class _FailsOnce:
    """Answers 500 to the first attempt of tasks under /retried, so that there are retries."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def status(self, path: bytes, task_id: str) -> int:
        if path != b"/retried" or task_id in self._failed:
            return 200
        self._failed.add(task_id)
        return 500


async def _load_and_kill(
    story: Story, sink: HttpSink, data: Path, log: Path, rounds: int, moments: random.Random
) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await ClientProcess.start()) for _ in range(_CLIENTS)]
        for number in range(1, rounds + 1):
            before = len(sink.deliveries)
            async with await _start(story, data, log) as server:
                for index, client in enumerate(clients):
                    client.begin(
                        prefix=f"r{number}c{index}", address=server.grpc, target=sink.url, queues=_QUEUES
                    )
                await asyncio.sleep(moments.uniform(*_LOAD_SECONDS))
                await server.kill()
            ledgers = await asyncio.gather(*(client.ledger() for client in clients))
            for ledger in ledgers:
                story.ledger.add(ledger)
            print(
                f"round {number}: ready after {server.ready_after:.2f} s,"
                f" created {sum(len(ledger.created) for ledger in ledgers)},"
                f" deleted {sum(len(ledger.deleted) for ledger in ledgers)},"
                f" delivered {len(sink.deliveries) - before}",
                flush=True,
            )


async def _start(story: Story, data: Path, log: Path) -> ServerProcess:
    story.lives.append(time.time_ns() // 1_000)
    flags = [word for queue in _QUEUES for word in ("--queue", queue)]
    return await ServerProcess.serving(data, log, *flags, "--log-level", "warning")


async def _drain_and_look(story: Story, sink: HttpSink, data: Path, log: Path) -> None:
    async with await _start(story, data, log) as server:
        os.environ[taskweir.sdk.VARIABLE] = server.grpc
        taskweir.sdk.install()
        await _until_delivered(story.ledger, sink)
        async with tasks_v2.CloudTasksAsyncClient() as client:
            story.present |= await listed(client, _QUEUES)
            deleted = [story.ledger.created[task] for task in story.ledger.deleted]
            story.present |= await found(client, [f"{task.queue}/tasks/{task.id}" for task in deleted])
        story.exit_code = await server.stop()


async def _until_delivered(ledger: Ledger, sink: HttpSink) -> None:
    """Return when every task that comes due in the test's time has had its turn, the deleted ones too, and all that
    must arrive has; or when no more comes: the verdict tells."""
    due = ledger.due()
    now = time.time_ns() // 1_000
    soon = [t.schedule_us for t in ledger.created.values() if t.schedule_us < now + _SOON_US]
    enough = max([now, *soon]) + _GRACE_US
    seen, seen_at = 0, now
    while now < enough or (now < seen_at + _QUIET_US and not due <= {d.task_id for d in sink.deliveries}):
        await asyncio.sleep(0.2)
        now = time.time_ns() // 1_000
        if len(sink.deliveries) > seen:
            seen, seen_at = len(sink.deliveries), now


def _report(story: Story, sink: HttpSink, verdict: Verdict, integrity_check: str, log: Path) -> int:
    ledger = story.ledger
    kept = {task.id for task in ledger.created.values() if task.keep}
    print(
        f"answered: {len(ledger.created)} created, {len(ledger.deleted)} deleted"
        f" ({len(ledger.maybe_deleted)} deletions unanswered); {len(sink.deliveries)} deliveries"
    )
    print(f"due and still queued: {len(ledger.due() & story.present)}; due later and kept: {len(kept)}")
    print(
        f"second deliveries: {verdict.repeated.total()}, by life of the server: {dict(sorted(verdict.repeated.items()))}"
    )
    problems = [
        *_problem("created, answered, and lost", verdict.lost),
        *_problem("deleted, answered, and back", verdict.came_back),
        *_problem("sent before the schedule time", verdict.early),
        *_problem("sent twice without a crash between", verdict.doubled),
        *_problem("answers that nothing explains", ledger.unexpected),
        *([] if integrity_check == "ok" else [f"integrity_check: {integrity_check}"]),
        *([] if story.exit_code == 0 else [f"the server stopped with exit code {story.exit_code}"]),
    ]
    for problem in problems:
        print(f"BROKEN: {problem}")
    logged = log.read_text(errors="replace").strip()
    if logged:
        print(f"the server logged:\n{logged[-4_000:]}")
    print("FAILED" if problems else "ok: every promise held")
    return 1 if problems else 0


def _problem(what: str, cases: Sequence[str]) -> list[str]:
    return [f"{what}: {len(cases)}: {', '.join(cases[:_SHOWN])}"] if cases else []


if __name__ == "__main__":
    sys.exit(main())
