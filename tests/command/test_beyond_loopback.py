"""What the command says about TLS and tokens: what it refuses, and of what it warns."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.api.own_certificates import own_certificate
from tests.command.process import run, serving

FREE = ("--port", "0", "--http-port", "0", "--data", ":memory:")
ANYWHERE = ("--host", "0.0.0.0")


@pytest.mark.parametrize(
    ("flags", "trouble"),
    [
        (("--tls-cert", "server.pem"), "--tls-cert and --tls-key are given together, or not at all"),
        (
            ("--tls-cert", "server.pem", "--tls-key", "other.key"),
            "--tls-key other.key is not the key of --tls-cert server.pem",
        ),
        (
            ("--tls-cert", "tokens", "--tls-key", "server.key"),
            "--tls-cert tokens: there is no certificate in PEM in it",
        ),
        (("--auth-token-file", "tokens"), "--auth-token-file tokens: there is no token in it"),
    ],
    ids=["half", "no pair", "no PEM", "no token"],
)
def test_unusable_files_stop_the_start(tmp_path: Path, flags: Sequence[str], trouble: str) -> None:
    """With one line, and 2."""
    own_certificate(tmp_path)
    own_certificate(tmp_path, "other")
    (tmp_path / "tokens").write_text("# none yet\n")
    done = run("serve", *FREE, *flags, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"taskweir: {trouble}\n")


TLS = ("--tls-cert", "server.pem", "--tls-key", "server.key")
TOKENS = ("--auth-token-file", "tokens")


@pytest.mark.parametrize(
    ("flags", "warnings"),
    [
        ((), []),
        (ANYWHERE, ["whoever reaches it may call: --auth-token-file", "what is said can be read on the way"]),
        ((*ANYWHERE, *TLS), ["whoever reaches it may call: --auth-token-file"]),
        ((*ANYWHERE, *TOKENS), ["callers' tokens and all else can be read on the way: give it --tls-cert"]),
        ((*ANYWHERE, *TOKENS, *TLS), []),
    ],
    ids=["loopback", "open", "TLS alone", "tokens alone", "closed"],
)
def test_open_doors_are_warned_of(tmp_path: Path, flags: Sequence[str], warnings: Sequence[str]) -> None:
    """Where other machines can reach them."""
    own_certificate(tmp_path)
    (tmp_path / "tokens").write_text("secret\n")
    with serving("--data", ":memory:", *flags, cwd=tmp_path) as server:
        code, log = server.end()
    found = [line for line in log.splitlines() if " WARNING " in line]
    assert code == 0
    assert len(found) == len(warnings)
    for line, warning in zip(found, warnings, strict=True):
        assert warning in line
