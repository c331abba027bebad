"""`taskweir health`: whether the server that these settings describe can do its work, for health checks of containers.

It starts in a moment and imports little: it is run every few seconds.
"""

import http.client
import ssl
from typing import Final

from taskweir.command.environment import client_address, host_and_port
from taskweir.settings import Settings, SettingsError

EXIT_UNHEALTHY: Final = 1
PATH: Final = "/healthz"

_PATIENCE: Final = 4.0
"""Seconds; less than what checks of containers usually wait, so that there is a line that says why."""
_LONGEST_ANSWER: Final = 1_000
"""Bytes; what is at the port may be another program."""


def health(settings: Settings) -> int:
    """Print one line and return the exit code. Raises SettingsError where the settings leave the port open."""
    if settings.http_port == 0:
        raise SettingsError("health needs the HTTP port of a running server: port 0 names none")
    address = client_address(host_and_port(settings.host, settings.http_port))
    try:
        status, said = _ask(_connection(address, is_tls=bool(settings.tls_cert)))
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


def _ask(connection: http.client.HTTPConnection) -> tuple[int, str]:
    """The status, and the beginning of what was said. Raises OSError or HTTPException."""
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER).decode(errors="replace")
    finally:
        connection.close()
