"""The siege from its start to its verdict; see the package."""

import argparse
import asyncio
import resource
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.http_sink import HttpSink
from tests.processes import ServerProcess
from tests.siege.besiegers import WAYS
from tests.siege.besieging import besieged
from tests.siege.callers import Callers, Times

_NUMBERS: Final = {
    "slow_senders": 500,
    "endless_heads": 6,
    "bombs": 4,
    "frames": 3,
    "resets": 1,
    "packed_messages": 2,
    "deaf_readers": 200,
    "deaf_callers": 3,
}
"""Of each way; the others have the number that is asked for."""
_MOST_SECONDS: Final = 5.0
"""For 99 of a hundred calls: besiegers and the besieged share the processors here."""
_MOST_MIB_MORE: Final = 1_000.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.siege", description="a server under siege")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections to each port")
    parser.add_argument("--only", choices=WAYS, help="this way alone")
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    numbers = {way: _NUMBERS.get(way, arguments.idle) for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="taskweir-siege-") as directory:
        ways = {way: number for way, number in numbers.items() if arguments.only in (None, way)}
        return asyncio.run(_test(Path(directory), arguments.seconds, ways))


async def _test(directory: Path, seconds: float, ways: dict[str, int]) -> int:
    log = directory / "server.log"
    async with (
        HttpSink() as sink,
        await ServerProcess.serving(directory / "data.db", log, "--log-level", "warning") as server,
    ):
        callers = Callers(server.grpc, server.http, sink)
        await callers.create_queue()
        _print("before", await callers.call_for(seconds / 4), server)
        before = server.resident_mib()
        async with besieged(server, [{way: number} for way, number in ways.items()]):
            during = await callers.call_for(seconds)
            _print("during", during, server)
            highest = server.resident_mib()
        after = await callers.call_for(seconds / 4)
        _print("after", after, server)
        code = await server.stop()
    return _report(during, highest - before, log.read_text(errors="replace"), code)


def _print(when: str, times: dict[str, Times], server: ServerProcess) -> None:
    print(f"{when}: {server.resident_mib():.0f} MiB resident, {server.open_files()} open files")
    for kind, taken in times.items():
        print(f"  {kind}: {taken}", flush=True)


def _report(during: dict[str, Times], more: float, log: str, code: int) -> int:
    slowest = max(times.quantile(0.99) if times.taken else 1e9 for times in during.values())
    failures = sum(len(times.failures) for times in during.values())
    promises = (
        (f"99 of a hundred calls of each kind took at most {slowest:.3f} s", slowest < _MOST_SECONDS),
        (f"{failures} calls failed", failures == 0),
        (f"{more:.0f} MiB more resident", more < _MOST_MIB_MORE),
        ("the server logged no traceback", "Traceback" not in log),
        (f"the server ended with {code}", code == 0),
    )
    for promise, holds in promises:
        print(f"{'ok' if holds else 'BROKEN'}: {promise}")
    held = all(holds for _, holds in promises)
    if not held:
        print(f"the server logged:\n{log[-4_000:]}")
    print("ok: every promise held" if held else "FAILED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
