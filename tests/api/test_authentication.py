"""Tokens of callers: the file they are in, and what is said to who has none."""

import re
from pathlib import Path

import pytest

from taskweir.api.authentication import CallerTokens, CredentialsInvalid, CredentialsMissing
from taskweir.api.renewed_file import UnusableFile
from taskweir.domain.errors import ErrorInfo

RPC = "google.cloud.tasks.v2.CloudTasks/GetQueue"


def tokens(path: Path, text: str | bytes) -> CallerTokens:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CallerTokens(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "secret",
        "secret\n",
        "\n# for the web shop\nsecret\r\n\n  other  \n",
        b"\xef\xbb\xbfsecret\r\n",
        "a.b-c_d~e+f/g==\nsecret",
    ],
)
def test_a_token_of_the_file_is_let_in(tmp_path: Path, text: str | bytes) -> None:
    """Whatever else is in it, in whichever order, as any editor writes it."""
    check = tokens(tmp_path / "tokens", text)
    check(RPC, "Bearer secret")
    check(RPC, "bearer  secret ")


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer Secret",
        "Bearer secre",
        "Bearer secret2",
        "Bearer secret other",
        "Bearer # secret",
        "Basic secret",
        "secret",
        "Bearer \ud800",
        "Bearer " + "x" * 60_000,
    ],
)
def test_another_is_not(tmp_path: Path, authorization: str) -> None:
    """Nor is a comment, or another scheme."""
    check = tokens(tmp_path / "tokens", "# secret2\nsecret\nother\n")
    with pytest.raises(CredentialsInvalid) as refused:
        check(RPC, authorization)
    assert refused.value.message.startswith(
        "Request had invalid authentication credentials. Expected OAuth 2 "
    )
    assert refused.value.details == (
        ErrorInfo(
            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            "googleapis.com",
            {"method": "google.cloud.tasks.v2.CloudTasks.GetQueue", "service": "cloudtasks.googleapis.com"},
        ),
    )


@pytest.mark.parametrize("authorization", [None, ""])
def test_nothing_is_missing_credentials(tmp_path: Path, authorization: str | None) -> None:
    """Which production tells by another text; where no method is called, none is named."""
    check = tokens(tmp_path / "tokens", "secret")
    with pytest.raises(CredentialsMissing) as refused:
        check("", authorization)
    assert refused.value.message.startswith("Request is missing required authentication credential. ")
    assert refused.value.details == ()


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "there is no token in it"),
        ("\n  \n# secret\n", "there is no token in it"),
        ("secret\nmy secret\n", "line 2 is no token: letters, digits and -._~+/ alone"),
        ("Bearer secret", "line 1 is no token: letters, digits and -._~+/ alone"),
        ("s€cret", "line 1 is no token: letters, digits and -._~+/ alone"),
        (b"\xff\xfes\x00", "line 1 is no token: letters, digits and -._~+/ alone"),
    ],
)
def test_a_file_that_lets_nobody_in_is_refused(tmp_path: Path, text: str | bytes, trouble: str) -> None:
    """Or that has a line which cannot be a token. What is in it is not told."""
    path = tmp_path / "tokens"
    with pytest.raises(UnusableFile, match=f"^{re.escape(f'--auth-token-file {path}: {trouble}')}$"):
        tokens(path, text)


def test_tokens_are_not_kept(tmp_path: Path) -> None:
    """Only what they can be known again by."""
    check = tokens(tmp_path / "tokens", "secret")
    assert "secret" not in repr(check._digests.current())
    assert "secret" not in repr(vars(check._digests))
