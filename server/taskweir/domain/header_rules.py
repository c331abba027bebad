"""What header names and values may be."""

import re
from collections.abc import Iterable
from typing import Final

from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.limits import MAX_HEADERS_SIZE

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS_FRAMING: Final = re.compile(r"[\x00\r\n]")


def check_headers(field: str, headers: Iterable[tuple[str, str]]) -> None:
    """Refuse headers that would break the request's framing, or are 80 KB or more together."""
    size = 0
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise InvalidArgument(f'{field} has an invalid header name: "{quoted(name)}".')
        if _BREAKS_FRAMING.search(value):
            raise InvalidArgument(f'{field} has an invalid value for header "{quoted(name)}".')
        size += len(name) + len(value.encode())
    if size >= MAX_HEADERS_SIZE:
        raise InvalidArgument(f"{field} must be less than 80 KB in total.")
