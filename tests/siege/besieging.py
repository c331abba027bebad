"""Processes that besiege a server, for as long as it is asked for."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from tests.processes import ROOT, ServerProcess, environment

_READY: Final = 120.0
"""Seconds in which all idle connections must be there."""


@asynccontextmanager
async def besieged(server: ServerProcess, groups: Sequence[dict[str, int]]) -> AsyncIterator[None]:
    """Each group, of ways and their numbers, is a process of its own."""
    ports = [address.rpartition(":")[2] for address in (server.grpc, server.http)]
    processes = []
    try:
        for group in groups:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *(
                    "-m",
                    "tests.siege.besiegers",
                    *ports,
                    *(f"{way}={number}" for way, number in group.items()),
                ),
                env=environment(),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            processes.append(process)
            assert process.stdout is not None
            for _ in group:
                assert await asyncio.wait_for(process.stdout.readline(), _READY) == b"ready\n", group
        yield
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
