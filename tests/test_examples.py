"""The programs in examples/ run as their first lines say."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.readme import README, ROOT, block


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


def said(command: str) -> object:
    """The JSON that curl prints."""
    done = subprocess.run(
        [*shlex.split(command), "--fail", "--silent", "--show-error"],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sign_up_app_runs_unchanged_under_exec() -> None:
    """By the lines of README, but for the port. A web app on the plain SDK enqueues to itself, and its handler is
    called."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
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
        try:
            base = next(line for line in app.stdout if line.startswith("listening")).split()[-1]
            assert "`listening on http://127.0.0.1:8080`" in README
            as_shown = block("sh", "8080/signup").splitlines()
            program = (ROOT / "examples" / "signup" / "app.py").read_text()
            assert all(f"    {command}\n" in program for command in as_shown)
            sign_up, look = (command.replace("http://127.0.0.1:8080", base) for command in as_shown)
            assert "/queues/mail/tasks/" in str(said(sign_up))
            deadline = time.monotonic() + 20
            expected = {"outbox": [{"to": "ada@example.com", "queue": "mail"}]}
            while said(look) != expected:
                assert time.monotonic() < deadline
        finally:
            app.terminate()
            assert app.wait(timeout=20) == 128 + 15
