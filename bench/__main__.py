"""`python -m bench [NAME …]`; see the package."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.catalogue import BY_REQUEST, MEASUREMENTS
from bench.machine import machine, warnings
from bench.options import Options
from bench.report import Report
from bench.tables import markdown, verdicts


def main() -> int:
    arguments = _arguments()
    if arguments.markdown:
        print(markdown(json.loads(Path(arguments.markdown).read_text())))
        return 0
    names = arguments.names or [name for name in MEASUREMENTS if name not in BY_REQUEST]
    on = machine()
    for warning in warnings(on):
        print(f"note: {warning}", flush=True)
    reports = [_measured(name, arguments) for name in names]
    print(f"\n{verdicts(reports)}")
    if arguments.json:
        result = {"machine": on, "measurements": [report.as_json() for report in reports]}
        Path(arguments.json).write_text(json.dumps(result, indent=1))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="measure the server from outside",
        epilog="measurements: "
        + "; ".join(
            f"{name}: {(module.__doc__ or '').splitlines()[0]}" for name, module in MEASUREMENTS.items()
        ),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a measurement; all but huge without any")
    parser.add_argument("--rounds", type=int, default=0, help="instead of a measurement's own number")
    parser.add_argument("--json", metavar="FILE", help="where the results go, too")
    parser.add_argument(
        "--markdown", metavar="FILE", help="print such results as tables, and measure nothing"
    )
    parser.add_argument("--directory", help="where data files go: a place on the disk that is meant")
    parser.add_argument("--kept", default=".bench", help="where those stay that take long to make")
    parser.add_argument("--smoke", action="store_true", help="a small part of all, to see that it works")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in MEASUREMENTS]:
        parser.error(f"no such measurement: {', '.join(unknown)}")
    return arguments


def _measured(name: str, arguments: argparse.Namespace) -> Report:
    report, begin = Report(name), time.monotonic()
    print(f"\n{name}:", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix=f"taskweir-{name}-", dir=arguments.directory) as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        options = Options(
            Path(directory),
            Path(arguments.kept),
            arguments.rounds,
            os.environ.get("PEER", ""),
            smoke=arguments.smoke,
        )
        runner.run(MEASUREMENTS[name].run(options, report))
    print(f"  [{time.monotonic() - begin:.0f} s]", flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main())
