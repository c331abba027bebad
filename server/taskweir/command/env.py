"""`taskweir env`: the exports by which programs find a running server, for `eval "$(taskweir env)"`."""

import shlex
from collections.abc import Mapping

from taskweir.api.authentication import read_tokens
from taskweir.api.renewed_file import UnusableFile
from taskweir.command.environment import client_address, client_environment, host_and_port
from taskweir.sdk import Access
from taskweir.settings import Settings, SettingsError


def exports(settings: Settings, environ: Mapping[str, str]) -> str:
    """One `export NAME=value` a line. Raises SettingsError where the settings leave the port open, where clients could
    not trust what the server shows them, and for files that cannot be used."""
    if settings.http_port == 0:
        raise SettingsError("env needs the HTTP port of a running server: port 0 names none")
    address = client_address(host_and_port(settings.host, settings.http_port))
    try:
        access = _access(settings, address)
    except UnusableFile as error:
        raise SettingsError(str(error)) from None
    found = client_environment(address, settings.project, environ, access)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())


def _access(settings: Settings, address: str) -> Access:
    """Raises SettingsError, UnusableFile."""
    # The first: any of them will do, and new ones are added at the end.
    token = read_tokens(settings.auth_token_file)[0] if settings.auth_token_file else ""
    if not settings.tls_cert:
        return Access(token=token)
    # Cryptography takes a while to load.
    from taskweir.command.shown_certificate import ShownCertificate  # noqa: PLC0415

    certificate = ShownCertificate(settings.tls_cert)
    host = address.rpartition(":")[0].strip("[]")
    if not certificate.is_for(host):
        its = ", ".join(certificate.hosts) or "none"
        raise SettingsError(f"env: --tls-cert is not for {host}; by --host, name one that it is for: {its}")
    return Access(certificate.ca_file, token, is_secure=True)
