"""The image from its Dockerfile to its verdict; see the package."""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.image.base import ENVIRON, NoStandIn, make_base
from tests.image.build import Build, Image, StepFailed
from tests.image.context import Context
from tests.image.dockerfile import DockerfileMistake, parse
from tests.image.machine import debian_mirror, missing, this_machine
from tests.image.network import enter_own_network
from tests.image.visit import Broken, Visit

from taskweir.testing import NotCalled

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.image", description="the Dockerfile, without Docker"
    )
    parser.parse_args()
    if lacking := missing():
        print(
            "this runs the Dockerfile's steps in a root made by debootstrap, for which there is missing here:"
            f" {', '.join(lacking)}",
            file=sys.stderr,
        )
        return 1
    # So that the folder is removed however this ends.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="taskweir-image-") as directory:
        try:
            _test(Path(directory))
        except (Broken, DockerfileMistake, FileNotFoundError, NoStandIn, NotCalled, StepFailed) as problem:
            print(f"BROKEN: {problem}")
            _show(Path(directory) / "server.log")
            return 1
    print("ok")
    return 0


def _test(directory: Path) -> None:
    steps = _Steps()
    image = _build(directory, steps)
    _report_sizes(directory, image)
    enter_own_network()
    Visit(image, directory, steps.say).all()


class _Steps:
    """What is done, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text[:150]}", flush=True)


def _build(directory: Path, steps: _Steps) -> Image:
    dockerfile = parse((ROOT / "Dockerfile").read_text())
    bases: dict[str, Path] = {}

    def begin(image: str, root: Path) -> None:
        if image not in bases:
            bases[image] = directory / f"base-{len(bases)}"
            steps.say(f"debootstrap, for {image}")
            make_base(image, debian_mirror(), bases[image], directory / "debootstrap.log")
        subprocess.run(["cp", "-a", "--reflink=auto", str(bases[image]), str(root)], check=True)

    machine = this_machine(directory)
    return Build(Context(ROOT), machine, directory, begin, ENVIRON, steps.say).image(dockerfile)


def _report_sizes(directory: Path, image: Image) -> None:
    base, final = _megabytes(directory / "base-0"), _megabytes(image.root)
    print(f"the base {base} MB, the image {final} MB: {final - base} MB over it")


def _megabytes(root: Path) -> int:
    done = subprocess.run(
        ["du", "-s", "--block-size=1MB", str(root)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[0])


def _show(log: Path) -> None:
    if log.exists():
        print(f"the server logged:\n{log.read_text(errors='replace')[-4_000:]}")


if __name__ == "__main__":
    sys.exit(main())
