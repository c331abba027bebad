"""What a queue's HTTP target must satisfy. Where the service documents a rule and no text, the text is ours."""

import re
from typing import Final

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.header_rules import check_headers
from taskweir.domain.length_rules import check_length, check_token_lengths, token_parts
from taskweir.domain.model import HttpTarget, UriOverride

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
        check_length(f"UriOverride.{part}", getattr(override, part) or "")


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
    kind, part, value = token_parts(token)
    if not token.service_account_email:
        raise InvalidArgument(f"{kind}.serviceAccountEmail is required.")
    if not value:
        raise InvalidArgument(f"{kind}.{part} is required.")
    check_token_lengths(token)
