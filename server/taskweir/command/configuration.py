"""From the command line, the environment and the config file to Settings."""

from collections.abc import Mapping
from dataclasses import replace

from taskweir.command.arguments import Arguments
from taskweir.command.config_file import ConfigFile, read_config_file
from taskweir.domain.errors import InvalidArgument
from taskweir.queue_file import read_queue_file
from taskweir.settings import Given, Settings, SettingsError, from_variables, resolve
from taskweir.yaml_nodes import YamlMistake


def configure(arguments: Arguments, environ: Mapping[str, str]) -> Settings:
    """Flag beats variable beats file. Raises SettingsError."""
    try:
        return _configure(arguments, environ)
    except YamlMistake as mistake:
        raise SettingsError(str(mistake)) from None


def _configure(arguments: Arguments, environ: Mapping[str, str]) -> Settings:
    variables = from_variables(environ)
    path = arguments.given.get("config") or variables.get("config")
    file = read_config_file(path.text) if path and path.text else ConfigFile({})
    settings = _resolved(arguments.given, variables, file.given)
    if not file.queues:
        return settings
    # Protobuf takes a while to load, and only a file with queues needs it.
    from taskweir.command.queue_config import read_queues  # noqa: PLC0415

    return replace(settings, queue_config=read_queues(file.queues, settings.project, settings.location))


def _resolved(*layers: Mapping[str, Given]) -> Settings:
    """Where nothing else names the project, the app does that a queue.yaml says it is of."""
    settings = resolve(*layers)
    if not settings.queue_yaml or any("project" in layer for layer in layers):
        return settings
    try:
        application = read_queue_file(settings.queue_yaml).application
    except InvalidArgument as mistake:
        raise SettingsError(mistake.message) from None
    if not application:
        return settings
    return resolve(*layers, {"project": Given(application, f"{settings.queue_yaml}: application")})
