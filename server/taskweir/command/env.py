"""`taskweir env`: the exports by which programs find a running server, for `eval "$(taskweir env)"`."""

import shlex
from collections.abc import Mapping

from taskweir.command.environment import client_environment, host_and_port
from taskweir.settings import Settings, SettingsError


def exports(settings: Settings, environ: Mapping[str, str]) -> str:
    """One `export NAME=value` a line. Raises SettingsError where the settings leave the port open."""
    if settings.http_port == 0:
        raise SettingsError("env needs the HTTP port of a running server: port 0 names none")
    found = client_environment(host_and_port(settings.host, settings.http_port), settings.project, environ)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())
