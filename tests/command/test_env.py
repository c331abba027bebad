"""`taskweir env` and the environment of programs."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.command.process import environment, run

from taskweir.command.environment import INJECTION, client_address, client_environment


def test_the_exports_lead_to_a_server_on_its_defaults(tmp_path: Path) -> None:
    """As a shell reads them."""
    ran = run("env", cwd=tmp_path, PYTHONPATH=environment()["PYTHONPATH"])
    assert (ran.returncode, ran.stderr) == (0, "")
    exports = ran.stdout.splitlines()
    assert [line for line in exports if "PYTHONPATH" not in line] == [
        "export CLOUD_TASKS_EMULATOR_HOST=127.0.0.1:8124",
        "export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS=http://127.0.0.1:8124/",
        "export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true",
        "export GOOGLE_CLOUD_TASKS_CUSTOM_ENDPOINT=http://127.0.0.1:8124/v2/",
        "export CLOUDSDK_CORE_PROJECT=local",
    ]


def test_the_exports_follow_flags_and_variables(tmp_path: Path) -> None:
    """Those of `serve`."""
    ran = run("env", "--host=::", cwd=tmp_path, TASKWEIR_HTTP_PORT="10", TASKWEIR_PROJECT="p")
    assert "export CLOUD_TASKS_EMULATOR_HOST='[::1]:10'\n" in ran.stdout
    assert "export CLOUDSDK_CORE_PROJECT=p\n" in ran.stdout


def test_a_shell_takes_what_is_printed(tmp_path: Path) -> None:
    """Quotes and all."""
    odd = str(tmp_path / "it's here")
    path = os.pathsep.join([environment()["PYTHONPATH"], odd])
    ran = run("env", cwd=tmp_path, PYTHONPATH=path)
    shell = subprocess.run(
        ["sh", "-c", ran.stdout + 'printf %s "$PYTHONPATH"'], capture_output=True, text=True, check=True
    )
    assert shell.stdout == os.pathsep.join([INJECTION, path])


def test_a_free_port_has_no_exports(tmp_path: Path) -> None:
    """Nobody knows it before the server runs."""
    ran = run("env", "--http-port=0", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "taskweir: env needs the HTTP port of a running server: port 0 names none\n"


@pytest.mark.parametrize(
    ("present", "found"),
    [
        ("", [INJECTION]),
        ("/a:/b", [INJECTION, "/a", "/b"]),
        (":/a", [INJECTION, "", "/a"]),
        (INJECTION, [INJECTION]),
    ],
)
def test_the_python_path_begins_with_the_injection(present: str, found: list[str]) -> None:
    """Once, however often it is set; what was there stays."""
    environ = client_environment("h:1", None, {"PYTHONPATH": present})
    assert environ["PYTHONPATH"] == ":".join(found)


@pytest.mark.parametrize(
    ("project", "present", "found"),
    [("p", "", "p"), ("local", "", "local"), ("p", "mine", "p"), ("local", "mine", None), (None, "", None)],
)
def test_gclouds_project_is_the_servers(project: str | None, present: str, found: str | None) -> None:
    """Where the server has none but the default, a variable that is set stays as it is."""
    environ = client_environment("h:1", project, {"CLOUDSDK_CORE_PROJECT": present})
    assert environ.get("CLOUDSDK_CORE_PROJECT") == found


@pytest.mark.parametrize(
    ("bound", "address"),
    [
        ("0.0.0.0:1", "127.0.0.1:1"),
        ("[::]:1", "[::1]:1"),
        ("10.0.0.1:1", "10.0.0.1:1"),
        ("[::1]:1", "[::1]:1"),
    ],
)
def test_a_server_on_every_address_is_reached_on_loopback(bound: str, address: str) -> None:
    """No program can connect to 0.0.0.0 everywhere."""
    assert client_address(bound) == address
