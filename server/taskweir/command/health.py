"""`taskweir health`: whether the server that these settings describe can do its work, for health checks of containers.

It starts in a moment and imports little: it is run every few seconds.
"""

import http.client
import ssl
import threading
from collections.abc import Mapping
from typing import Final

from taskweir.command.arguments import Arguments
from taskweir.command.configuration import Door, find_door
from taskweir.command.environment import client_address, host_and_port
from taskweir.settings import SettingsError
from taskweir.yaml_nodes import YamlMistake

EXIT_UNHEALTHY: Final = 1
"""Also where the config file has changed into one that cannot be read: 2 is reserved in checks of containers."""
PATH: Final = "/healthz"

_PATIENCE: Final = 4.0
"""Seconds for all of it; less than what checks of containers usually wait, so that there is a line that says why."""
_LONGEST_ANSWER: Final = 1_000
"""Bytes; what is at the port may be another program."""


def health(arguments: Arguments, environ: Mapping[str, str]) -> int:
    """Print one line and return the exit code. Raises SettingsError where flags or variables cannot be used, or leave
    the port open."""
    try:
        door = find_door(arguments, environ)
    except YamlMistake as mistake:
        return _unhealthy("config", str(mistake))
    return ask(door)


def ask(door: Door) -> int:
    """Print one line and return the exit code. Raises SettingsError where the settings leave the port open."""
    if door.port == 0:
        raise SettingsError("health needs the HTTP port of a running server: port 0 names none")
    address = client_address(host_and_port(door.host, door.port))
    try:
        status, said = _ask_in_time(_connection(address, is_tls=door.is_tls))
    except (OSError, http.client.HTTPException) as error:
        return _unhealthy(address, str(error) or type(error).__name__)
    if status != http.client.OK:
        return _unhealthy(address, f"{status} {said}")
    print(f"healthy: {address}")
    return 0


def _unhealthy(address: str, why: str) -> int:
    print(f"unhealthy: {address}: {' '.join(why.split())}")
    return EXIT_UNHEALTHY


def _connection(address: str, *, is_tls: bool) -> http.client.HTTPConnection:
    if not is_tls:
        return http.client.HTTPConnection(address, timeout=_PATIENCE)
    # Its certificate is for the name that others reach it by, and nothing secret is said here.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(address, timeout=_PATIENCE, context=context)


def _ask_in_time(connection: http.client.HTTPConnection) -> tuple[int, str]:
    """As `_ask`. In a thread that may be left behind: the timeout of a socket begins again with every byte, and looking
    up a name has none."""
    outcome: list[tuple[int, str] | OSError | http.client.HTTPException] = []

    def run() -> None:
        try:
            outcome.append(_ask(connection))
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    found = outcome[0] if outcome else TimeoutError("timed out")
    if isinstance(found, Exception):
        raise found
    return found


def _ask(connection: http.client.HTTPConnection) -> tuple[int, str]:
    """The status, and the beginning of what was said. Raises OSError or HTTPException."""
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER).decode(errors="replace")
    finally:
        connection.close()
