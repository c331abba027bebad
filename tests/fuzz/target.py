"""The server that is fuzzed, and what it is asked between rounds."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from tests.fuzz.findings import Finding, Findings
from tests.http_sink import HttpSink
from tests.processes import ServerProcess

_PATIENCE: Final = 60.0
"""Seconds for what must be answered in a few; a finding tells of those that were not."""
_SETTLED: Final = 15.0
"""Seconds in which files of connections that have ended are closed."""
_FILES_MORE: Final = 8
"""Open files that libraries may keep for later, above those after the first rounds."""


class Target:
    """A server, and the handler that its tasks go to."""

    def __init__(self, process: ServerProcess, sink: HttpSink, log: Path, findings: Findings) -> None:
        self._process = process
        self._sink = sink
        self._log = log
        self._findings = findings
        self._files = 0
        host, _, port = process.http.rpartition(":")
        self.address: Final = (host, int(port))
        self.sink_url: Final = sink.url

    @property
    def url(self) -> str:
        return f"http://{self._process.http}"

    async def begin_again(self) -> None:
        """As on an empty data file."""
        await asyncio.to_thread(self.call, "POST", "/taskweir/v1:reset", {})
        self._sink.deliveries.clear()

    async def check(self, round_name: str) -> None:
        """That it is healthy, and keeps nothing open."""
        status, body = await asyncio.to_thread(self.call, "GET", "/healthz", None)
        if status != 200:
            self._find("not healthy", f"GET /healthz after {round_name}", body.decode(errors="replace"))
        await self._check_files(round_name)

    async def _check_files(self, round_name: str) -> None:
        until = time.monotonic() + _SETTLED
        while (files := self._open_files()) > self._files + _FILES_MORE and self._files:
            if time.monotonic() > until:
                self._find("open files that stay", round_name, f"{files} files, {self._files} before")
                break
            await asyncio.sleep(0.1)
        self._files = max(self._files, files) if not self._files else self._files

    def check_log(self) -> None:
        """That nothing went wrong inside that no answer told."""
        text = self._log.read_text(errors="replace")
        if "Traceback" in text or " ERROR " in text:
            at = text.find("Traceback") if "Traceback" in text else text.find(" ERROR ")
            self._find("a bug in the log", "", text[max(0, at - 300) : at + 3_000])

    async def stop(self) -> None:
        try:
            code = await self._process.stop()
        except TimeoutError:
            self._find("it does not stop", "SIGTERM", "")
        else:
            if code != 0:
                self._find("it stops badly", "SIGTERM", f"exit code {code}")

    def resident_mib(self) -> float:
        return self._process.resident_mib()

    def _open_files(self) -> int:
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def _find(self, kind: str, request: str, answer: str) -> None:
        self._findings.add(Finding(kind, request, answer))

    def call(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        """Blocking; the status and the body of the answer."""
        connection = HTTPConnection(*self.address, timeout=_PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@asynccontextmanager
async def target(data: str, log: Path, findings: Findings) -> AsyncIterator[Target]:
    async with HttpSink() as sink:
        flags = ("--app-engine-host", sink.url, "--functions-url", sink.url, "--lease-rate", "0")
        async with await ServerProcess.serving(Path(data), log, *flags, "--log-level", "warning") as process:
            yield Target(process, sink, log, findings)
