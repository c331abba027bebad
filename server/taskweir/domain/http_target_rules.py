"""What a queue's HTTP target must satisfy. Where the service documents a rule and no text, the text is ours."""

import re
from typing import Final

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.header_rules import check_headers
from taskweir.domain.limits import MAX_URL_LENGTH
from taskweir.domain.model import HttpTarget, OAuthToken, UriOverride

_MAX_PORT: Final = 65_535
_HOST: Final = re.compile(r"(?:\[[^\[\]]+\]|[^\[\]:]+)(?::([0-9]{0,5}))?")
_ENDS_A_HOST: Final = re.compile(r"[/?#@\\\x00-\x20\x7f]")


def checked_http_target(target: HttpTarget) -> HttpTarget:
    """The target as it is given. Raises InvalidArgument. Headers that the service makes itself may be given; they are
    passed over at dispatch (documented)."""
    if target.uri_override is not None:
        _check_uri_override(target.uri_override)
    check_headers("HttpTarget.headerOverrides", target.header_overrides)
    if target.authorization is not None:
        _check_authorization(target)
    return target


def _check_uri_override(override: UriOverride) -> None:
    if override.host is not None:
        _check_host(override.host)
    if override.port is not None and not 0 <= override.port <= _MAX_PORT:
        raise InvalidArgument(f"UriOverride.port must be between 0 and {_MAX_PORT}.")
    for part in ("host", "path", "query"):
        _check_length(f"UriOverride.{part}", getattr(override, part) or "")


def _check_host(host: str) -> None:
    """It may carry a port. Nothing in it may end the host within a URL, and so lead elsewhere."""
    if not host:
        raise InvalidArgument("UriOverride.host cannot be empty.")
    parts = None if _ENDS_A_HOST.search(host) else _HOST.fullmatch(host)
    if parts is None or int(parts[1] or 0) > _MAX_PORT:
        raise InvalidArgument("UriOverride.host must be a host name.")


def _check_authorization(target: HttpTarget) -> None:
    """Unlike in a task, both parts of a queue's token are required (documented)."""
    token = target.authorization
    assert token is not None
    kind, part, value = (
        ("OAuthToken", "scope", token.scope)
        if isinstance(token, OAuthToken)
        else ("OidcToken", "audience", token.audience)
    )
    if not token.service_account_email:
        raise InvalidArgument(f"{kind}.serviceAccountEmail is required.")
    if not value:
        raise InvalidArgument(f"{kind}.{part} is required.")
    _check_length(f"{kind}.serviceAccountEmail", token.service_account_email)
    _check_length(f"{kind}.{part}", value)


def _check_length(field: str, text: str) -> None:
    """Each is a part of a URL or as short as one; without a bound a queue could outgrow what a client receives."""
    if len(text) > MAX_URL_LENGTH:
        raise InvalidArgument(f"{field} must be at most {MAX_URL_LENGTH} characters.")
