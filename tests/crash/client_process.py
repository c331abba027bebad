"""The other end of `load.py`."""

import asyncio
import json
import subprocess
import sys
from typing import Final, Self

from tests.crash.ledger import Ledger
from tests.processes import environment

_LINE_LIMIT: Final = 64 << 20


class ClientProcess:
    """A client that plays one round after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> Self:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.load",
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=_LINE_LIMIT,
        )
        return cls(process)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def begin(self, **round_: object) -> None:
        """Let it load the server, until that is gone; the fields are those of `load.Round`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(round_).encode() + b"\n")

    async def ledger(self) -> Ledger:
        """What it was answered in the round, once it has noticed that the server is gone."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        if not line:
            raise RuntimeError("a client process ended")
        return Ledger.from_json(json.loads(line))
