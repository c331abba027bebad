"""A queue's URI override put over a task's URL (cloud-tasks documentation, HttpTarget.uri_override)."""

import re
from dataclasses import dataclass, replace
from typing import Final

from taskweir.domain.model import EnforceMode, Scheme, UriOverride

_URL: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.DOTALL,
)
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A URL's parts as text; empty where there is none."""

    scheme: str
    userinfo: str
    host: str
    port: str
    path: str
    query: str

    @classmethod
    def of(cls, url: str) -> "_Parts":
        parts = _URL.fullmatch(url)
        assert parts is not None  # the pattern takes any text
        userinfo, _, place = parts["authority"].rpartition("@")
        host, port = _host_and_port(place)
        return cls(parts["scheme"] or "", userinfo, host, port, parts["path"], parts["query"] or "")

    def __str__(self) -> str:
        userinfo = f"{self.userinfo}@" if self.userinfo else ""
        port = f":{self.port}" if self.port else ""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{userinfo}{self.host}{port}{self.path}{query}"


def _host_and_port(place: str) -> tuple[str, str]:
    """`host:port` or `[v6]:port` in two; the port is empty where there is none."""
    match = _HOST_AND_PORT.fullmatch(place)
    return (match["host"], match["port"] or "") if match else (place, "")


def overridden_url(url: str, override: UriOverride) -> str:
    """The URL with the override's parts in place of its own, or only of those it lacks (IF_NOT_EXISTS)."""
    task = _Parts.of(url)
    if override.enforce_mode is EnforceMode.IF_NOT_EXISTS:
        # A port that comes with the host is that host's alone.
        filling = _over(replace(override, host=None) if task.host else override)
        return str(replace(task, **{name: part for name, part in filling.items() if not getattr(task, name)}))
    queue = _over(override)
    if queue.get("host", task.host) != task.host:
        task = replace(task, userinfo="")  # credentials for one host are not for another
    return str(replace(task, **queue))


def _over(override: UriOverride) -> dict[str, str]:
    """The parts an override names. Its host may carry a port, which its own port outdoes."""
    parts: dict[str, str] = {}
    if override.scheme is not None:
        parts["scheme"] = "http" if override.scheme is Scheme.HTTP else "https"
    if override.host:
        parts["host"], port = _host_and_port(override.host)
        if port:
            parts["port"] = port
    if override.port is not None:
        parts["port"] = str(override.port) if override.port else ""
    if override.path is not None:
        path = override.path.replace("?", "%3F").replace("#", "%23")
        parts["path"] = path if not path or path.startswith("/") else f"/{path}"
    if override.query is not None:
        parts["query"] = override.query.removeprefix("?").replace("#", "%23")
    return parts
