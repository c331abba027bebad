"""`python -m bench [NAME …]`; see the package."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import uvloop

from bench import create_echo, drain, idle, latency, leases
from bench.options import Options

_BENCHES: Final[Mapping[str, Callable[[Options], Awaitable[None]]]] = {
    "create-echo": create_echo.run,
    "latency": latency.run,
    "drain": drain.run,
    "idle": idle.run,
    "leases": leases.run,
}
_DEFAULT: Final = ("create-echo", "latency")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="measure the server from outside")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_BENCHES)}")
    parser.add_argument("--rounds", type=int, default=0, help="of create-echo, leases")
    parser.add_argument("--queues", type=int, default=0, help="of drain")
    parser.add_argument("--directory", help="where data files go: a place on the disk that is meant")
    arguments = parser.parse_args()
    names = arguments.names or _DEFAULT
    if unknown := [name for name in names if name not in _BENCHES]:
        parser.error(f"no such measurement: {', '.join(unknown)}")
    for name in names:
        with (
            tempfile.TemporaryDirectory(prefix=f"taskweir-{name}-", dir=arguments.directory) as directory,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_measure(name, Options(Path(directory), arguments.rounds, arguments.queues)))
    return 0


async def _measure(name: str, options: Options) -> None:
    print(f"{name}:", flush=True)
    await _BENCHES[name](options)


if __name__ == "__main__":
    sys.exit(main())
