"""A container of the image, as near to one as can be without an engine."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.image.build import Image
from tests.image.sandbox import Sandbox

PATIENCE: Final = 60.0
"""Seconds until something that should happen is taken not to."""


class Container:
    """`said` is the first line on standard output, and `ready_after` how many seconds it took."""

    def __init__(self, process: subprocess.Popen[str], sandbox: Sandbox, image: Image) -> None:
        assert process.stdout is not None
        began = time.monotonic()
        self.said = process.stdout.readline().rstrip("\n")
        self.ready_after = time.monotonic() - began
        self._process = process
        self._sandbox = sandbox
        self._image = image

    def status(self) -> Mapping[str, str]:
        """What the kernel says of the server's process."""
        lines = Path(f"/proc/{self._first()}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def check_health(self) -> subprocess.CompletedProcess[str]:
        """By the image's own command."""
        with self._sandbox.command(self._image.health_check) as command:
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)

    def send_stop_signal(self) -> None:
        os.kill(self._first(), signal.Signals[self._image.stop_signal])

    def is_running(self) -> bool:
        return self._process.poll() is None

    def exit_code(self) -> int:
        """Once it has ended."""
        return self._process.wait(PATIENCE)

    def _first(self) -> int:
        """The server's process, which is number 1 within, by its number out here."""
        waiting = self._process.pid
        return int(Path(f"/proc/{waiting}/task/{waiting}/children").read_text().split()[0])


@contextmanager
def running(
    image: Image, log: Path, *arguments: str, volumes: Mapping[str, Path], environ: Mapping[str, str]
) -> Iterator[Container]:
    """As `docker run --read-only`, with a folder for each volume. Arguments stand for the image's command."""
    sandbox = Sandbox(
        root=image.root,
        environ=image.environ | environ,
        user=image.user,
        directory=image.directory,
        mounts=volumes,
        is_read_only=True,
    )
    words: Sequence[str] = [*image.entrypoint, *(arguments or image.command)]
    with sandbox.command(words) as command, log.open("a") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, text=True
        )
        with process:
            try:
                yield Container(process, sandbox, image)
            finally:
                # All that runs within ends with it.
                process.kill()
