"""The config file: the flags' names as top-level keys, and `queues`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from taskweir.settings import NOT_IN_FILE, TABLE, Given, Setting
from taskweir.yaml_nodes import Place, parse_yaml, read_file

_SETTINGS = {setting.name: setting for setting in TABLE if setting.name != NOT_IN_FILE}


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """`given` is what the file sets, by setting name; `queues` are the places of its queues, still to be read."""

    given: Mapping[str, Given]
    queues: Sequence[Place] = ()


def read_config_file(path: str) -> ConfigFile:
    """The file's content. Raises YamlMistake, which names the line."""
    root = parse_yaml(read_file(path), path)
    if root is None:
        return ConfigFile({})
    given: dict[str, Given] = {}
    queues: list[Place] | None = None
    for key, key_place, value in root.entries("a config file"):
        name = key.replace("_", "-")
        if name in given or (name == "queues" and queues is not None):
            raise key_place.mistake(f"{key!r} is given twice")
        if name == "queues":
            queues = [] if value.is_null else list(value.items("queues"))
        elif name in _SETTINGS:
            given[name] = _given(_SETTINGS[name], key, value)
        else:
            raise key_place.mistake(f"unknown key {key!r}")
    return ConfigFile(given, queues or ())


def _given(setting: Setting, key: str, value: Place) -> Given:
    where = f"{value.path}:{value.line}: {key}"
    if setting.kind.is_repeatable and isinstance(value.node, yaml.SequenceNode):
        return Given(",".join(item.text(f"each {key}") for item in value.items(key)), where)
    return Given(value.text(key), where)
