"""The fuzzing from its start to its verdict; see the package."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from openapi_spec_validator import validate
from tests.fuzz.described import Described
from tests.fuzz.findings import Finding, Findings
from tests.fuzz.raw import Raw
from tests.fuzz.target import Target, target

_DESCRIBED: Final = 20
_RAW: Final = 5
"""Seconds that requests of either kind are sent in a round; then everything is reset."""
_FIRST: Final = 3
"""Seconds for each surface before the first round, and for raw bytes: then the server has what it keeps, such as
caches, pools, and the allocator's own reserves."""
_MOST_MIB_MORE: Final = 24.0
"""That resident memory may grow by after that."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="the HTTP port under odd requests"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="for both kinds of data together")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    print(f"{arguments.minutes:g} minutes, seed {arguments.seed}", flush=True)
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="taskweir-fuzz-") as directory:
        for data in (":memory:", str(Path(directory) / "fuzz.db")):
            print(f"data in {'memory' if data == ':memory:' else 'a file'}", flush=True)
            log = Path(directory) / "server.log"
            asyncio.run(_fuzz(data, log, arguments.minutes * 30, arguments.seed, findings))
    print(findings)
    print("FAILED" if findings else "ok: every promise held")
    return 1 if findings else 0


async def _fuzz(data: str, log: Path, seconds: float, seed: int, findings: Findings) -> None:
    until = time.monotonic() + seconds
    async with target(data, log, findings) as server:
        _check_document(server)
        described, raw = Described(server, seed, findings), Raw(server, seed, findings)
        for _ in range(described.surfaces):
            await asyncio.to_thread(described.send, _FIRST)
            await raw.send(_FIRST)
        resident = [await _between(server, described, raw, "at first")]
        while len(resident) < 2 or time.monotonic() < until:
            await asyncio.to_thread(described.send, _DESCRIBED)
            await raw.send(_RAW)
            resident.append(await _between(server, described, raw, f"round {len(resident)}"))
        _check_memory(resident, findings)
        _tell_never_done(described)
        await server.stop()
        server.check_log()


def _check_document(server: Target) -> None:
    _, document = server.call("GET", "/openapi.json", None)
    validate(json.loads(document))


async def _between(server: Target, described: Described, raw: Raw, name: str) -> float:
    """Reset, look around, and say how much memory is in use, in MiB."""
    await server.begin_again()
    await server.check(name)
    resident = server.resident_mib()
    sent, connections = described.sent.total(), raw.sent.total()
    print(f"{name}: {sent} requests and {connections} connections, resident {resident:.1f} MiB", flush=True)
    return resident


def _check_memory(resident: list[float], findings: Findings) -> None:
    if resident[-1] > resident[0] + _MOST_MIB_MORE:
        findings.add(Finding("memory that grows", "", f"MiB after each round: {resident}"))


def _tell_never_done(described: Described) -> None:
    """What no request got through to: the fuzzing says little about it."""
    never = sorted(label for label in described.sent if not described.done[label])
    if never:
        print(f"always refused: {', '.join(never)}")


if __name__ == "__main__":
    sys.exit(main())
