"""Other places for the requests that tasks are for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from taskweir.domain.target_host import DEFAULT_PORTS, BadHost, TargetHost, split_place, target_host

_FROM: Final = re.compile(r"(?:(https?)://)?([^/?#@]+)/?", re.IGNORECASE)
_TO: Final = re.compile(r"(https?)://([^/?#@]+)(/[!-~]*)?", re.IGNORECASE)
_ANY: Final = "*"
_BELOW: Final = "*."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is sent instead. `prefix` goes before what it asks for; it does not end with a slash."""

    scheme: str
    host: TargetHost
    port: int
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """`key` is a host, `*.suffix` or `*`; `scheme` and `port` are None where any will do. A `*` in `host` stands for
    what that of the key matched."""

    key: str
    scheme: str | None
    port: int | None
    to_scheme: str
    host: str
    to_port: int
    prefix: str

    def fits(self, scheme: str, port: int) -> bool:
        return self.scheme in (None, scheme) and self.port in (None, port)

    def place(self, host: str) -> Place:
        matched = host.removesuffix(self.key.removeprefix(_ANY))
        return Place(self.to_scheme, target_host(self.host.replace(_ANY, matched)), self.to_port, self.prefix)


@dataclass(frozen=True, slots=True)
class TargetMap:
    """Which origins are reached elsewhere. Of the rules that fit, the most specific holds: a host before `*.suffix`, a
    longer suffix first, `*` last; then one with a scheme, then one with a port. No two are for the same."""

    rules: Mapping[str, tuple[_Rule, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """From entries such as `https://api.example.com=http://127.0.0.1:9000`. Raises ValueError, which says what is
        wrong."""
        rules: dict[str, list[_Rule]] = {}
        for text in texts:
            rule = _rule(text)
            same = rules.setdefault(rule.key, [])
            if any((rule.scheme, rule.port) == (other.scheme, other.port) for other in same):
                raise ValueError(f"{text.partition('=')[0].strip()!r} is given twice")
            same.append(rule)
        return cls({key: tuple(sorted(same, key=_generality)) for key, same in rules.items()})

    def place_of(self, scheme: str, host: TargetHost, port: int) -> Place | None:
        """Where to send what is for this host; None for where it says itself. Raises BadHost where a wildcard makes
        none."""
        if not self.rules:
            return None
        compared = host.compared
        for key in _keys(host, compared):
            for rule in self.rules.get(key, ()):
                if rule.fits(scheme, port):
                    return rule.place(compared)
        return None


def _generality(rule: _Rule) -> tuple[bool, bool]:
    return rule.scheme is None, rule.port is None


def _keys(host: TargetHost, compared: str) -> Iterator[str]:
    yield compared
    if host.name:
        labels = compared
        while "." in labels:
            labels = labels.partition(".")[2]
            yield _BELOW + labels
    yield _ANY


def _rule(text: str) -> _Rule:
    source, equals, target = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not FROM=TO, such as https://api.example.com=http://127.0.0.1:9000")
    try:
        key, scheme, port = _from(source.strip())
        return _Rule(key, scheme, port, *_to(target.strip(), has_wildcard=key.startswith(_ANY)))
    except BadHost as error:
        raise ValueError(f"{text!r}: the {error}") from None


def _from(text: str) -> tuple[str, str | None, int | None]:
    match = _FROM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not [http://|https://]HOST[:PORT], where HOST may be *.SUFFIX or *")
    scheme = match[1].lower() if match[1] else None
    host, port = split_place(match[2])
    if port is None and scheme is not None:
        port = DEFAULT_PORTS[scheme]
    return _key(host), scheme, port


def _key(host: str) -> str:
    if host == _ANY:
        return host
    if not host.startswith(_BELOW):
        return target_host(host).compared
    suffix = target_host(host.removeprefix(_BELOW))
    if not suffix.name:
        raise BadHost(f"host {host!r} is a wildcard before an address")
    return _BELOW + suffix.compared


def _to(text: str, *, has_wildcard: bool) -> tuple[str, str, int, str]:
    match = _TO.fullmatch(text)
    if match is None or "?" in (match[3] or "") or "#" in (match[3] or ""):
        raise ValueError(f"{text!r} is not http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]")
    scheme = match[1].lower()
    host, port = split_place(match[2])
    if port == 0:
        raise BadHost("port is 0")
    if host.count(_ANY) > has_wildcard:
        raise ValueError(f"the * in {text!r} stands for nothing: what is mapped has no wildcard, or just one")
    target_host(host.replace(_ANY, "a"))
    return scheme, host, port or DEFAULT_PORTS[scheme], (match[3] or "").rstrip("/")
