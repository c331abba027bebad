"""Who may call: those who have one of an operator's tokens, or everybody."""

import hashlib
import re
from functools import partial
from typing import Final

from taskweir.api.renewed_file import RenewedFile, UnusableFile, read_file
from taskweir.domain.errors import ErrorInfo, Unauthenticated

_SETTING: Final = "--auth-token-file"
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What HTTP's scheme Bearer can carry (RFC 6750, 2.1)."""


class CredentialsMissing(Unauthenticated):
    """The call names nobody. The text is Google's general one, and so is the reason."""

    text = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )

    def __init__(self, rpc: str = "") -> None:
        """`rpc` is the full path of a method, or empty where none was called."""
        super().__init__(None, *_error_info("CREDENTIALS_MISSING", rpc))


class CredentialsInvalid(Unauthenticated):
    """The call names somebody whom nobody knows. As Google tells it of a token that it cannot read."""

    text = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )

    def __init__(self, rpc: str = "") -> None:
        super().__init__(None, *_error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED", rpc))


class CallerTokens:
    """The tokens of a file: one a line; empty lines, and those that begin with #, are passed over.

    Only their digests are kept. The file is read again when it has changed, which is looked for as calls come.
    """

    def __init__(self, path: str) -> None:
        """Raises UnusableFile, also for a file without tokens: it would keep everybody out, or let everybody in."""
        self._digests = RenewedFile(partial(_digests, path), path)

    def __call__(self, rpc: str, authorization: str | None) -> None:
        """Raises CredentialsMissing, CredentialsInvalid."""
        if not authorization:
            raise CredentialsMissing(rpc)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or _digest(token.strip()) not in self._digests.current():
            raise CredentialsInvalid(rpc)


def read_tokens(path: str) -> tuple[str, ...]:
    """Those of a file, in its order: at least one. Raises UnusableFile."""
    # Windows' editors put a mark at the beginning, which is no part of the first token.
    lines = read_file(_SETTING, path).decode("utf-8-sig", "replace").splitlines()
    tokens = {number: line.strip() for number, line in enumerate(lines, 1)}
    tokens = {number: token for number, token in tokens.items() if token and not token.startswith("#")}
    for number, token in tokens.items():
        if not _TOKEN.fullmatch(token):
            # Not quoted: it may be a secret with a slip of the pen in it.
            raise UnusableFile(
                f"{_SETTING} {path}: line {number} is no token: letters, digits and -._~+/ alone"
            )
    if not tokens:
        raise UnusableFile(f"{_SETTING} {path}: there is no token in it")
    return tuple(tokens.values())


def _digests(path: str) -> frozenset[bytes]:
    return frozenset(map(_digest, read_tokens(path)))


def _digest(token: str) -> bytes:
    """What cannot be encoded is no token of ours, whatever it is replaced by."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _error_info(reason: str, rpc: str) -> tuple[ErrorInfo, ...]:
    if not rpc:
        return ()
    method = rpc.replace("/", ".")
    return (ErrorInfo(reason, "googleapis.com", {"method": method, "service": "cloudtasks.googleapis.com"}),)
