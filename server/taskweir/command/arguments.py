"""The command line: which command, and what its flags set.

Every flag works with one dash or two, with `=` or a space before its value, as Go programs take them.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from taskweir.settings import TABLE, Given, Setting, SettingsError

COMMANDS: Final = ("serve", "exec", "env", "health")
TETHER: Final = "--tether"
"""Not a setting: `exec` tells the server it starts to stop when standard input ends, however that comes about."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """`given` holds what flags set, by setting name; `flags` are the same as they stood, for a child process;
    `program` is what followed `--`."""

    command: str
    given: Mapping[str, Given]
    flags: Sequence[str] = ()
    program: Sequence[str] | None = None
    help: bool = False
    version: bool = False
    tethered: bool = False


def read_arguments(argv: Sequence[str]) -> Arguments:
    """Raises SettingsError for what is not understood."""
    words = list(argv)
    command = "serve"
    if words and not words[0].startswith("-"):
        command = words.pop(0)
    if command not in COMMANDS:
        raise SettingsError(f"unknown command {command!r}: there are {', '.join(COMMANDS)}")
    program = None
    if "--" in words:
        dashes = words.index("--")
        words, program = words[:dashes], words[dashes + 1 :]
    if program is not None and command != "exec":
        raise SettingsError(f"{command} takes nothing after --")
    found = vars(_parser().parse_args(words))
    given = {s.name: _given(s, found[s.field]) for s in TABLE if found[s.field] is not None}
    return Arguments(
        command, given, words, program, found["help"], found["version"], tethered=found["tether"]
    )


def _given(setting: Setting, found: str | list[str]) -> Given:
    return Given(found if isinstance(found, str) else ",".join(found), setting.flag)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="taskweir", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "-help", "--help", dest="help", action="store_true")
    parser.add_argument("-version", "--version", dest="version", action="store_true")
    parser.add_argument(TETHER, dest="tether", action="store_true")
    for setting in TABLE:
        how: dict[str, Any] = {"action": "append"} if setting.kind.is_repeatable else {}
        if setting.kind.is_switch:
            how = {"nargs": "?", "const": "true"}
        flags = [setting.flag, setting.legacy_flag] if setting.legacy_flag else [setting.flag]
        parser.add_argument(*flags, *(flag[1:] for flag in flags), dest=setting.field, **how)
    return parser
