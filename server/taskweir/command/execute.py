"""`taskweir exec`: a server for as long as a command runs.

The server is a process of its own, in a session of its own, so that a terminal's Ctrl-C reaches the command alone.
It holds the reading end of a pipe: when this process ends, even by SIGKILL, the pipe closes and the server stops.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Final

from taskweir.command.arguments import TETHER
from taskweir.command.environment import client_environment
from taskweir.settings import Settings, SettingsError

EXIT_NOT_RUNNABLE: Final = 126
EXIT_NOT_FOUND: Final = 127
_BY_SIGNAL: Final = 128

_DEFAULTS: Final = ("--host", "127.0.0.1", "--port", "0", "--http-port", "0", "--data", ":memory:")
"""As flags, so that they beat variables and the config file; flags of the user's own come after them and win."""

_FOR_OTHERS: Final = ("tls_cert", "tls_key", "auth_token_file")
"""Settings of a server that is reached from elsewhere. One that lives as long as a command is found on loopback, for
which certificates are rarely made, and its address is told to nobody but the command."""

_PASSED_ON: Final = tuple(
    getattr(signal, name)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_FROM_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT)


def execute(program: Sequence[str], flags: Sequence[str], settings: Settings) -> int:
    """Run a program beside a fresh server, whose settings are given, and as flags. Returns the program's exit code, or
    the server's if it did not start. Raises SettingsError for TLS and tokens."""
    _refuse_what_is_for_others(settings)
    server = _start_server(flags)
    try:
        addresses = _ready_addresses(server)
        if addresses is None:
            return server.wait()
        found = client_environment(addresses["http"], settings.project, os.environ)
        return _run(program, {**os.environ, **found}, server)
    finally:
        _stop(server)


def _refuse_what_is_for_others(settings: Settings) -> None:
    """Wherever they were given: to pass over a file of tokens would open what somebody has closed."""
    given = [f"--{name.replace('_', '-')}" for name in _FOR_OTHERS if getattr(settings, name)]
    if given:
        raise SettingsError(
            f"exec: {given[0]} is for a server that stays; that of exec speaks plain text, and asks for no tokens "
            f"({' '.join(f'{flag}=' for flag in given)} takes it back)"
        )


def _start_server(flags: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - ourselves
        # -P: whatever modules lie where the command is run must not stand in for the server's.
        [sys.executable, "-P", "-m", "taskweir", "serve", *_DEFAULTS, *flags, TETHER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ready_addresses(server: subprocess.Popen[str]) -> dict[str, str] | None:
    """The addresses of the ready line, by `grpc` and `http`; None when the server ended first."""
    assert server.stdout is not None
    word, *pairs = server.stdout.readline().split() or [""]
    return dict(pair.split("=", 1) for pair in pairs) if word == "ready" else None


def _run(program: Sequence[str], environ: Mapping[str, str], server: subprocess.Popen[str]) -> int:
    relay = _Relay(server)
    relay.install()
    try:
        process = subprocess.Popen(program, env=environ)  # noqa: S603 - what the user asked for
    except OSError as error:
        print(f"taskweir: {program[0]}: {error.strerror}", file=sys.stderr)
        return EXIT_NOT_FOUND if isinstance(error, FileNotFoundError) else EXIT_NOT_RUNNABLE
    relay.attach(process)
    code = process.wait()
    relay.detach()
    if (server_code := server.poll()) is not None:
        print(f"taskweir: the server ended before the command did, with {server_code}", file=sys.stderr)
    return code if code >= 0 else _BY_SIGNAL - code


def _stop(server: subprocess.Popen[str]) -> None:
    """The server's own drain timeout bounds the wait."""
    if server.poll() is None:
        server.terminate()
    server.wait()


class _Relay:
    """Passes signals on to the command; those that come before it runs wait for it.

    Once it has ended, a signal hastens the end of the server.
    """

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server
        self._target: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._over = False

    def install(self) -> None:
        for number in _PASSED_ON:
            # What is ignored (under nohup, say) is ignored by the command, too.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def attach(self, target: subprocess.Popen[bytes]) -> None:
        self._target = target
        while self._early:
            target.send_signal(self._early.pop(0))

    def detach(self) -> None:
        self._over = True

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self._over:
            self._server.terminate()
        elif self._target is None:
            self._early.append(number)
        elif number not in _FROM_TERMINAL or not _in_foreground():
            # Else the terminal has sent it to the command as well; twice means "at once" to many programs.
            self._target.send_signal(number)


def _in_foreground() -> bool:
    """Whether a terminal's Ctrl-C would reach this process and, with it, the command."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
