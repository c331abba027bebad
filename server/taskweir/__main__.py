"""The command `taskweir`."""

# ruff: noqa: PLC0415 - each command loads what it needs alone: the server's libraries take half a second

import os
import sys
from collections.abc import Sequence

from taskweir.command.arguments import Arguments, read_arguments
from taskweir.command.configuration import configure
from taskweir.command.usage import help_text, version_text
from taskweir.settings import SettingsError

EXIT_BAD_USAGE = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    try:
        return _run(read_arguments(sys.argv[1:] if argv is None else argv))
    except SettingsError as error:
        print(f"taskweir: {error}", file=sys.stderr)
        return EXIT_BAD_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(arguments: Arguments) -> int:
    if arguments.help:
        print(help_text(), end="")
        return 0
    if arguments.version:
        print(version_text())
        return 0
    if arguments.command == "exec" and not arguments.program:
        raise SettingsError("exec needs a command: taskweir exec [FLAGS] -- COMMAND")
    if arguments.command == "health":
        from taskweir.command.health import health

        return health(arguments, os.environ)
    settings = configure(arguments, os.environ)
    if arguments.program:
        from taskweir.command.execute import execute

        return execute(arguments.program, arguments.flags, settings)
    if arguments.command == "env":
        from taskweir.command.env import exports

        print(exports(settings, os.environ), end="")
        return 0
    # It is read when gRPC is loaded. Else there is a line for each connection that speaks no TLS to a port under TLS.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from taskweir.command.serve import serve

    return serve(settings, tethered=arguments.tethered)


if __name__ == "__main__":
    sys.exit(main())
