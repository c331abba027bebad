"""YAML as nodes that know their line, so that every mistake in a file is named with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

_NULL = "tag:yaml.org,2002:null"


class YamlMistake(Exception):
    """What is wrong with a file. The text is one line and begins with the file and, where there is one, the line."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a file."""

    path: str
    node: yaml.Node

    @property
    def line(self) -> int:
        """From 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def is_null(self) -> bool:
        return bool(self.node.tag == _NULL)

    def mistake(self, message: str) -> YamlMistake:
        """The error to raise for what stands here."""
        return mistake(self.path, self.line, message)

    def entries(self, what: str) -> Iterator[tuple[str, "Place", "Place"]]:
        """Key, its place and its value's for each entry of a mapping. Raises YamlMistake if it is none."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.mistake(f"{what} must be a mapping")
        for key_node, value_node in self.node.value:
            key = Place(self.path, key_node)
            yield key.text("a key"), key, Place(self.path, value_node)

    def items(self, what: str) -> Iterator["Place"]:
        """The places of a list's items. Raises YamlMistake if it is none."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.mistake(f"{what} must be a list")
        return (Place(self.path, node) for node in self.node.value)

    def text(self, what: str) -> str:
        """A scalar as it stands in the file, whatever YAML takes it for. Raises YamlMistake if it is none."""
        if not isinstance(self.node, yaml.ScalarNode) or self.is_null:
            raise self.mistake(f"{what} must have a single value")
        return str(self.node.value)


def read_file(path: str) -> bytes:
    """Raises YamlMistake."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise YamlMistake(f"{path}: cannot be read: {error.strerror}") from None


def parse_yaml(content: bytes, path: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader) -> Place | None:
    """The root of a file; None when it is empty. Raises YamlMistake."""
    try:
        root = yaml.compose(content.decode(), loader)
    except UnicodeDecodeError as error:
        raise YamlMistake(f"{path}: is not UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else int(mark.line) + 1
        raise mistake(path, line, f"is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise YamlMistake(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise YamlMistake(f"{path}: is nested too deeply") from None
    return None if root is None else Place(path, root)


def mistake(path: str, line: int, message: str) -> YamlMistake:
    """A mistake in a line of a file."""
    return YamlMistake(f"{path}:{line}: {message}")
