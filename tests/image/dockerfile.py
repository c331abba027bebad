"""A Dockerfile, read."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

KNOWN: Final = frozenset(
    [
        "FROM",
        "ARG",
        "ENV",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "LABEL",
        "EXPOSE",
        "VOLUME",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ]
)
"""What is run, or shown, here; any other instruction is refused, so that nothing is passed over."""

_FLAG: Final = re.compile(r"--([a-z-]+)=(\S+)\s+")
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


class DockerfileMistake(ValueError):
    """The line, and what is not understood."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """`text` is what follows the flags, on one line; `line` counts from 1."""

    name: str
    flags: Mapping[str, str]
    text: str
    line: int

    @property
    def is_exec_form(self) -> bool:
        return self.text.startswith("[")

    def command(self) -> Sequence[str]:
        """As a program and its arguments: through a shell where it is not in the exec form."""
        return json.loads(self.text) if self.is_exec_form else ["/bin/sh", "-c", self.text]

    def words(self) -> Sequence[str]:
        """The words, quotes taken off; of a JSON list, its items."""
        return json.loads(self.text) if self.is_exec_form else shlex.split(self.text)

    def pairs(self) -> Mapping[str, str]:
        """NAME=VALUE words."""
        pairs = [word.partition("=") for word in self.words()]
        if not all(equals for _, equals, _ in pairs):
            raise self.mistake("NAME=VALUE is expected")
        return {name: value for name, _, value in pairs}

    def mistake(self, why: str) -> DockerfileMistake:
        return DockerfileMistake(f"Dockerfile:{self.line}: {self.name}: {why}")


@dataclass(frozen=True, slots=True)
class Stage:
    """`base` is an image, or the name of an earlier stage; variables in it are still to be filled in."""

    base: str
    name: str
    instructions: Sequence[Instruction]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """`arguments` are those before the first stage, with their defaults."""

    arguments: Mapping[str, str]
    stages: Sequence[Stage]


def filled(text: str, values: Mapping[str, str]) -> str:
    """With $NAME, ${NAME} and ${NAME:-DEFAULT} replaced; what is not set is empty, as for docker build."""
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2]) or found[3] or "", text)


def parse(text: str) -> Dockerfile:
    """Raises DockerfileMistake."""
    arguments: dict[str, str] = {}
    stages: list[tuple[str, str, list[Instruction]]] = []
    for instruction in _instructions(text):
        if instruction.name == "FROM":
            stages.append((*_base_and_name(instruction), []))
        elif stages:
            stages[-1][2].append(instruction)
        elif instruction.name == "ARG":
            arguments.update(instruction.pairs())
        else:
            raise instruction.mistake("before the first FROM")
    if not stages:
        raise DockerfileMistake("Dockerfile: there is no FROM")
    return Dockerfile(arguments, [Stage(*stage) for stage in stages])


def _base_and_name(instruction: Instruction) -> tuple[str, str]:
    match instruction.words():
        case [base]:
            return base, ""
        case [base, word, name] if word.upper() == "AS":
            return base, name
    raise instruction.mistake("IMAGE or IMAGE AS NAME is expected")


def _instructions(text: str) -> Sequence[Instruction]:
    found = []
    begun, began_at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        # Comments and empty lines may stand within an instruction, and are no part of it.
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        began_at = began_at if begun else number
        begun += line.strip() if not begun else f" {line.strip()}"
        if begun.endswith("\\"):
            begun = begun[:-1].rstrip()
            continue
        found.append(_instruction(begun, began_at))
        begun = ""
    if begun:
        raise DockerfileMistake(f"Dockerfile:{began_at}: goes on past the end of the file")
    return found


def _instruction(text: str, line: int) -> Instruction:
    name, _, rest = text.partition(" ")
    rest = rest.strip()
    flags = {}
    while flag := _FLAG.match(rest):
        flags[flag[1]] = flag[2]
        rest = rest[flag.end() :]
    instruction = Instruction(name.upper(), flags, rest, line)
    if instruction.name not in KNOWN:
        raise instruction.mistake("not understood here")
    if rest.startswith("--") or "<<" in rest:
        raise instruction.mistake(f"not understood here: {rest}")
    return instruction
