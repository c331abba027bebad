"""From the command line, the environment and the config file to Settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from taskweir.command.arguments import Arguments
from taskweir.command.config_file import ConfigFile, read_config_file
from taskweir.settings import (
    Given,
    Settings,
    SettingsError,
    from_variables,
    given_for,
    read_one,
    resolve,
)
from taskweir.yaml_nodes import YamlMistake


def configure(arguments: Arguments, environ: Mapping[str, str]) -> Settings:
    """Flag beats variable beats file. Raises SettingsError."""
    try:
        return _configure(arguments, environ)
    except YamlMistake as mistake:
        raise SettingsError(str(mistake)) from None


def _configure(arguments: Arguments, environ: Mapping[str, str]) -> Settings:
    variables = from_variables(environ)
    file = _config_file(arguments, variables)
    settings = resolve(arguments.given, variables, file.given)
    if not file.queues:
        return settings
    # Protobuf takes a while to load, and only a file with queues needs it.
    from taskweir.command.queue_config import read_queues  # noqa: PLC0415

    queues = read_queues(file.queues, settings.project, settings.location, settings.queue_bounds)
    return replace(settings, queue_config=queues)


class Door(NamedTuple):
    """Where a server listens for HTTP, and whether it does so under TLS."""

    host: str
    port: int
    is_tls: bool


def find_door(arguments: Arguments, environ: Mapping[str, str]) -> Door:
    """As `configure`, but other settings are not looked at, nor the files that they name: a server goes on with what it
    has read when those are gone. Raises SettingsError; YamlMistake for the config file."""
    variables = from_variables(environ)
    layers = arguments.given, variables, _config_file(arguments, variables).given
    return Door(
        read_one("host", *layers), read_one("http-port", *layers), bool(given_for("tls-cert", *layers).text)
    )


def _config_file(arguments: Arguments, variables: Mapping[str, Given]) -> ConfigFile:
    """Raises YamlMistake."""
    path = arguments.given.get("config") or variables.get("config")
    return read_config_file(path.text) if path and path.text else ConfigFile({})
