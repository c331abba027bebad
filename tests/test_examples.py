"""The programs in examples/ run as their first lines say."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_suite_of_the_reminders_app_passes() -> None:
    """As a newcomer runs it, in a configuration of its own; nothing in it warns."""
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-W",
            "error",
            "-W",
            "ignore:Package google:FutureWarning",
            "-W",
            "ignore:grpcio:FutureWarning",
            "-p",
            "no:cacheprovider",
            "examples/reminders",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert " 6 passed" in ran.stdout, ran.stdout + ran.stderr
    assert ran.returncode == 0


def get(url: str) -> object:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def test_the_sign_up_app_runs_unchanged_under_exec() -> None:
    """By the line of README. A web app on the plain SDK enqueues to itself, and its handler is called."""
    (line,) = re.findall(r"^\S*taskweir exec .* examples/signup/app\.py$", README, re.MULTILINE)
    app = subprocess.Popen(
        shlex.split(line.replace(".venv/bin", str(Path(sys.executable).parent))),
        cwd=ROOT,
        env={**os.environ, "PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert app.stdout is not None
    with app, app.stdout:
        base = next(line for line in app.stdout if line.startswith("listening")).split()[-1]
        try:
            with urllib.request.urlopen(
                f"{base}/signup", data=b"email=ada@example.com", timeout=10
            ) as answer:
                assert answer.status == 202
            deadline = time.monotonic() + 20
            expected = {"outbox": [{"to": "ada@example.com", "queue": "mail"}]}
            while get(f"{base}/outbox") != expected:
                assert time.monotonic() < deadline
        finally:
            app.terminate()
            assert app.wait(timeout=20) == 128 + 15
