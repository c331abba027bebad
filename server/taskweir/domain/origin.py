"""Web origins: https://app.example, http://localhost:3000."""

import re
from collections.abc import Mapping
from typing import Final

_ORIGIN: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
)
_USUAL_PORTS: Final[Mapping[str, str]] = {"http": "80", "https": "443"}


def is_origin(text: str) -> bool:
    """Whether a browser may have written it."""
    return _ORIGIN.fullmatch(text) is not None


def as_browsers_write(text: str) -> str:
    """An origin in lower case and without its scheme's usual port. Raises ValueError for what is none."""
    origin = text.lower()
    parts = _ORIGIN.fullmatch(origin)
    if parts is None or int(parts["port"] or 1) not in range(1, 1 << 16):
        raise ValueError(f"{text!r} is no origin, such as https://app.example or http://localhost:3000")
    if parts["port"] is not None and parts["port"] == _USUAL_PORTS.get(parts["scheme"]):
        return f"{parts['scheme']}://{parts['host']}"
    return origin
