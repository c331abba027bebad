"""The text of --help and --version, from the table of settings."""

from typing import Final

from taskweir.settings import TABLE, Setting
from taskweir.version import running_version

_HEAD: Final = """\
A durable Cloud Tasks server.

  taskweir [serve] [FLAGS]           serve until SIGTERM or SIGINT
  taskweir exec [FLAGS] -- COMMAND   serve in memory on free ports while COMMAND runs, which finds the server
  taskweir env [FLAGS]               print the exports by which programs find a running server
  taskweir health [FLAGS]            ask a running server whether it can do its work

Flags, each with its variable, and with their names elsewhere; a flag beats a variable, and a variable beats the config file.
Durations are 8s, 500ms, 1h30m, 31d, or plain seconds. One dash works as well as two.
"""

_TAIL: Final = """
  --help       print this
  --version    print the version

Exit codes: 0 stopped when asked, or healthy; 1 unhealthy; 2 bad usage or config; 3 data file refused; 4 address in use.
"""


def help_text() -> str:
    return _HEAD + "".join(map(_entry, TABLE)) + _TAIL


def _entry(setting: Setting) -> str:
    default = f" (default {setting.default})" if setting.default and not setting.kind.is_switch else ""
    others = ", ".join(filter(None, (setting.variable, *setting.legacy_variables, setting.legacy_flag)))
    flag = f"{setting.flag} {setting.kind.placeholder}".rstrip()
    return f"\n  {flag}\n      {setting.help}{default}\n      {others}\n"


def version_text() -> str:
    return f"taskweir {running_version()}"
