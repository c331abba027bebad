"""`taskweir serve`: the server from its start to its end, and the exit code."""

import asyncio
import errno
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final

from taskweir.app import Server
from taskweir.command.logs import set_up_logging
from taskweir.command.loop_trouble import LoopTrouble
from taskweir.settings import Settings, SettingsError
from taskweir.store.sqlite import DataFileRefused

EXIT_BAD_USAGE: Final = 2
EXIT_DATA_FILE: Final = 3
EXIT_ADDRESS_IN_USE: Final = 4

_GARBAGE_THRESHOLDS: Final = (50_000, 20, 100)
"""Allocations not freed again before the youngest objects are looked at; about 5 % of a busy server's time less."""
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_LOG: Final = logging.getLogger(__name__)


def serve(settings: Settings, *, tethered: bool) -> int:
    """Serve until a signal, or until standard input ends when `tethered`. Returns the exit code."""
    set_up_logging(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, tethered=tethered))


def _warn_of_open_doors(settings: Settings) -> None:
    if not settings.is_beyond_loopback:
        return
    where = f"this server listens on {settings.host}"
    if not settings.auth_token_file:
        _LOG.warning(
            "%s, and whoever reaches it may call: --auth-token-file names the tokens to ask for", where
        )
    if not settings.tls_cert:
        secrets = "callers' tokens and all else" if settings.auth_token_file else "what is said"
        _LOG.warning(
            "%s without TLS, so that %s can be read on the way: give it --tls-cert and --tls-key",
            where,
            secrets,
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: it costs less a call."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings, *, tethered: bool) -> int:
    asyncio.get_running_loop().set_exception_handler(LoopTrouble())
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    if tethered:
        _stop_when_input_ends(stopping)
    try:
        server = await Server.start(settings)
    except DataFileRefused as error:
        return _refuse(EXIT_DATA_FILE, str(error))
    except SettingsError as error:
        return _refuse(EXIT_BAD_USAGE, str(error))
    except OSError as error:
        code = EXIT_ADDRESS_IN_USE if error.errno == errno.EADDRINUSE else EXIT_BAD_USAGE
        asked = f"--host {settings.host} --port {settings.port} --http-port {settings.http_port}"
        return _refuse(code, f"cannot listen with {asked}: {error.strerror or error}")
    _warn_of_open_doors(settings)
    _collect_garbage_rarely()
    try:
        if not stopping.is_set():
            _announce(f"ready grpc={server.grpc_address} http={server.http_address}")
        await stopping.wait()
    finally:
        await server.stop()
    return 0


def _refuse(code: int, message: str) -> int:
    print(f"taskweir: {message}", file=sys.stderr)
    return code


def _collect_garbage_rarely() -> None:
    """What a call allocates is freed without the collector, but counts towards its next run, and each run walks over
    what only waits to be answered. What start-up made stays for good and need not be walked over at all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def _stop_on_signals(stopping: asyncio.Event) -> None:
    """The first signal stops; then both have their own effect again, so that a second ends the process at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop)


def _stop_when_input_ends(stopping: asyncio.Event) -> None:
    """A thread, since the loop cannot watch every kind of standard input; it ends with the process."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        try:
            loop.call_soon_threadsafe(stopping.set)
        except RuntimeError:
            # The loop is closed: the server is stopping anyhow.
            return

    threading.Thread(target=watch, name="tether", daemon=True).start()


def _announce(line: str) -> None:
    """To whoever started the server. That nobody reads it is no reason to stop."""
    try:
        print(line, flush=True)
    except OSError as error:
        _LOG.warning("standard output is closed: %s", error)
