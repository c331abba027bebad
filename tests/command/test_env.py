"""`taskweir env` and the environment of programs."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.certificates import Certificate
from tests.command.process import environment, run

from taskweir.command.environment import INJECTION, client_address, client_environment
from taskweir.command.shown_certificate import ShownCertificate


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


@pytest.fixture
def tokens(tmp_path: Path) -> str:
    """The path of a file of tokens."""
    file = tmp_path / "tokens"
    file.write_text("# of the shop\nsesame\nolder\n")
    return str(file)


def test_the_exports_of_a_server_with_tls_and_tokens(tmp_path: Path, tokens: str) -> None:
    """The first token of the file; and a self-signed certificate, by its full path, as what clients trust."""
    shown = Certificate.self_signed(tmp_path, "127.0.0.1")
    flags = (f"--tls-cert={shown.file.name}", f"--tls-key={shown.key_file.name}")
    ran = run("env", *flags, cwd=tmp_path, TASKWEIR_AUTH_TOKEN_FILE=tokens)
    assert (ran.returncode, ran.stderr) == (0, "")
    exports = ran.stdout.splitlines()
    assert [line for line in exports if "PYTHONPATH" not in line] == [
        "export CLOUD_TASKS_EMULATOR_HOST=https://127.0.0.1:8124",
        "export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS=https://127.0.0.1:8124/",
        "export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=false",
        "export GOOGLE_CLOUD_TASKS_CUSTOM_ENDPOINT=https://127.0.0.1:8124/v2/",
        "export CLOUDSDK_CORE_PROJECT=local",
        f"export CLOUD_TASKS_EMULATOR_CA_FILE={shown.file}",
        f"export CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE={shown.file}",
        "export CLOUD_TASKS_EMULATOR_TOKEN=sesame",
        "export CLOUDSDK_AUTH_ACCESS_TOKEN=sesame",
        "export GOOGLE_OAUTH_ACCESS_TOKEN=sesame",
    ]


def test_tokens_without_tls_are_exported_too(tmp_path: Path, tokens: str) -> None:
    """The address is as ever then."""
    ran = run("env", f"--auth-token-file={tokens}", cwd=tmp_path)
    assert "export CLOUD_TASKS_EMULATOR_HOST=127.0.0.1:8124\n" in ran.stdout
    assert "export CLOUD_TASKS_EMULATOR_TOKEN=sesame\n" in ran.stdout
    assert "CA_" not in ran.stdout


@pytest.mark.parametrize("with_root", [True, False])
def test_an_issued_certificate_is_trusted_by_its_root(tmp_path: Path, with_root: bool) -> None:
    """Where that is in the file; else it is what clients know already."""
    root = Certificate.self_signed(tmp_path)
    shown = root.issue(tmp_path, "*.example.com", with_root=with_root)
    ran = run("env", "--host=tasks.example.com", *shown.flags, cwd=tmp_path)
    assert "export CLOUD_TASKS_EMULATOR_HOST=https://tasks.example.com:8124\n" in ran.stdout
    assert (f"export CLOUD_TASKS_EMULATOR_CA_FILE={shown.file}\n" in ran.stdout) == with_root


@pytest.mark.parametrize(
    ("host", "hosts", "is_for"),
    [
        ("tasks.example.com", ("tasks.example.com",), True),
        ("Tasks.Example.com", ("tasks.EXAMPLE.com",), True),
        ("a.example.com", ("b.com", "*.example.com"), True),
        ("b.a.example.com", ("*.example.com",), False),
        ("example.com", ("*.example.com",), False),
        ("127.0.0.1", ("localhost",), False),
        ("::1", ("0:0:0:0:0:0:0:1",), True),
        ("127.0.0.1", (), False),
    ],
)
def test_a_certificate_is_for_the_hosts_that_it_names(
    tmp_path: Path, host: str, hosts: tuple[str, ...], is_for: bool
) -> None:
    """As clients compare them."""
    shown = Certificate.self_signed(tmp_path, *hosts)
    assert ShownCertificate(str(shown.file)).is_for(host) == is_for


@pytest.mark.parametrize(
    ("host", "hosts", "message"),
    [
        (
            "0.0.0.0",
            ("tasks.example.com", "10.0.0.1"),
            "127.0.0.1; by --host, name one that it is for: tasks.example.com, 10.0.0.1",
        ),
        ("::1", (), "::1; by --host, name one that it is for: none"),
    ],
)
def test_exports_that_clients_could_not_use_are_refused(
    tmp_path: Path, host: str, hosts: tuple[str, ...], message: str
) -> None:
    """A server on every address is looked for on loopback, and few certificates are for that."""
    shown = Certificate.self_signed(tmp_path, *hosts)
    ran = run("env", "--host", host, *shown.flags, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"taskweir: env: --tls-cert is not for {message}\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--auth-token-file=none",), "--auth-token-file: there is no file 'none'"),
        (("--auth-token-file=empty",), "--auth-token-file empty: there is no token in it"),
        (("--tls-cert=empty", "--tls-key=empty"), "--tls-cert empty: there is no certificate in PEM in it"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path: Path, flags: tuple[str, ...], message: str) -> None:
    """In one line."""
    (tmp_path / "empty").touch()
    ran = run("env", *flags, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"taskweir: {message}\n"


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
