"""A server in this process: on the loop that runs, or on one in a thread."""

# ruff: noqa: PLC0415 - the server's libraries take a quarter of a second, and a test with a child needs none

import asyncio
import threading
from typing import TYPE_CHECKING

from taskweir.testing.errors import ServerError
from taskweir.testing.sdk_clients import IN_PLAIN_TEXT
from taskweir.testing.server_settings import ServerSettings, serve_flags

if TYPE_CHECKING:
    from taskweir.app import Server


async def start_here(settings: ServerSettings) -> "Server":
    """On the running loop. Raises ServerError."""
    from taskweir.app import Server
    from taskweir.command.arguments import read_arguments
    from taskweir.command.configuration import configure
    from taskweir.settings import SettingsError
    from taskweir.store.sqlite import DataFileRefused

    try:
        return await Server.start(configure(read_arguments(["serve", *serve_flags(settings)]), {}))
    except (SettingsError, DataFileRefused, OSError) as error:
        raise ServerError(f"the server did not start: {error}") from error


class InThread:
    """A server on a loop of its own, in a thread of this process."""

    access = IN_PLAIN_TEXT

    def __init__(self, settings: ServerSettings) -> None:
        """Returns when the server accepts calls. Raises ServerError."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="taskweir", daemon=True)
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(start_here(settings), self._loop).result()
        except BaseException:
            self._end_loop()
            raise
        self.grpc_address = self._server.grpc_address
        self.http_address = self._server.http_address

    def hint(self) -> str:
        """Nothing that the test's own log would not say."""
        return ""

    def log(self) -> str:
        """Empty: what it logs goes through `logging` of this process."""
        return ""

    def close(self) -> None:
        """Stop it, and wait until it has ended."""
        if self._loop.is_closed():
            return
        try:
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
