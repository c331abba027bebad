"""From the command line, the environment and the config file to Settings."""

from collections.abc import Mapping
from dataclasses import replace

from taskweir.command.arguments import Arguments
from taskweir.command.config_file import ConfigFile, read_config_file
from taskweir.settings import Settings, SettingsError, from_variables, resolve
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
    settings = resolve(arguments.given, variables, file.given)
    if not file.queues:
        return settings
    # Protobuf takes a while to load, and only a file with queues needs it.
    from taskweir.command.queue_config import read_queues  # noqa: PLC0415

    queues = read_queues(file.queues, settings.project, settings.location, settings.queue_bounds)
    return replace(settings, queue_config=queues)
