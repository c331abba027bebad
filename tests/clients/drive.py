"""Running a client, and seeing at the server what it did."""

import os
import re
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from taskweir.testing import Handler, Project

RPC: Final = re.compile(r'taskweir_calls_total\{code="OK",rpc="[\w.]*?(?:\.(v\d\w*))?\.\w+/(\w+)"\} (\S+)')
"""A line of the metrics: the version, the method, and how many of its calls were answered with OK."""
_PATIENCE: Final = 120.0
"""Seconds that a client may take."""


class Drive:
    """What a client is given, and what came of it."""

    def __init__(self, project: Project, handler: Handler) -> None:
        self.project: Final = project.project
        self.grpc: Final = project.grpc_address
        self.http: Final = project.http_address
        self.handler: Final = handler
        self._access: Final = project.access
        self.environment: Final = {
            **os.environ,
            **project.environment(),
            "CA_FILE": self._access.ca_file,
            "TOKEN": self._access.token,
            "PROJECT": self.project,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "GRPC": self.grpc,
            "HTTP": self.http,
            "TARGET": handler.url("/task"),
        }
        self._before = self._answered()

    def run(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, stdin: str = ""
    ) -> str:
        """What the program printed. Fails, and shows all its output, when it does not end with 0."""
        ended = self._ended(command, environment, stdin)
        if ended.returncode:
            what = f"{' '.join(map(str, command))} ended with {ended.returncode}"
            pytest.fail(f"{what}:\n{ended.stdout}\n{ended.stderr}", pytrace=False)
        return ended.stdout

    def refused(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
        """What the program printed about an error. It must not end with 0."""
        ended = self._ended(command, environment)
        assert ended.returncode != 0, ended.stdout
        return ended.stdout + ended.stderr

    def _ended(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, command)),
            env={**self.environment, **(environment or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )

    def answered(self, version: str) -> set[str]:
        """Methods of the version that were answered with OK since this began."""
        return {
            method
            for (of, method), count in self._answered().items()
            if of == version and count > self._before.get((of, method), 0)
        }

    def delivered(self) -> bytes:
        """The body of the one task that must have come to the handler."""
        self.handler.wait_for(1)
        (request,) = self.handler.requests
        return request.body

    def _answered(self) -> dict[tuple[str, str], float]:
        lines = self._metrics().splitlines()
        found = filter(None, map(RPC.fullmatch, lines))
        return {(match[1], match[2]): float(match[3]) for match in found}

    def calls(self) -> list[str]:
        """The metrics' counts of calls, also of those that were refused."""
        return [line for line in self._metrics().splitlines() if line.startswith("taskweir_calls_total")]

    def _metrics(self) -> str:
        access = self._access
        scheme = "https" if access.is_secure else "http"
        headers = {"Authorization": f"Bearer {access.token}"} if access.token else {}
        request = urllib.request.Request(f"{scheme}://{self.http}/metrics", headers=headers)
        context = ssl.create_default_context(cafile=access.ca_file) if access.is_secure else None
        with urllib.request.urlopen(request, timeout=_PATIENCE, context=context) as answer:
            text: str = answer.read().decode()
        return text
