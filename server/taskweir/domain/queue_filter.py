"""The filter of ListQueues: comparisons of queue fields joined by AND, OR, NOT and parentheses.

Documented are the operators (<= < >= > != = :) and examples such as `state: PAUSED`; the grammar follows Cloud
Logging's, which the documentation refers to: AND binds closer than OR, terms side by side are ANDed, `-` is NOT,
`field:*` asks whether a field is set, `:` on text whether it contains the value. Comparisons of text ignore case.
Fields have the names of v2, unless they are in a version that names them otherwise.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.field_paths import renamed
from taskweir.domain.model import Queue, QueueType
from taskweir.domain.times import SECOND

Matches = Callable[[Queue], bool]
_Value = str | float | None

_TOKEN: Final = re.compile(
    r"""\s*(?: (?P<op><=|>=|!=|<|>|=|:) | (?P<paren>[()]) | (?P<minus>-(?=[A-Za-z(]))
        | "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<word>[^\s()<>=!:"]+) )""",
    re.VERBOSE,
)
_VALUE: Final = re.compile(r"""\s*(?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<word>[^\s()"]+) )""", re.VERBOSE)
"""What stands after an operator: a word there may hold operators, as times do."""
NO_NAMES: Final[Mapping[str, str]] = {}
_MAX_LENGTH: Final = 4_096
_MAX_DEPTH: Final = 50


def parse_filter(text: str, names: Mapping[str, str] = NO_NAMES) -> Matches:
    """A predicate from a filter; an empty one matches all. `names` has the names of fields, or of what they lie in, that
    the caller's version names otherwise, each with the name here. The queues that are asked of must have times of their
    own: see `ttl.Ttls.filled_in`. Raises InvalidArgument."""
    if not text.strip():
        return lambda _: True
    if len(text) > _MAX_LENGTH:
        raise InvalidArgument(f"The filter must be at most {_MAX_LENGTH} characters.")
    return _Parser(text, names).parse()


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._names = names
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def parse(self) -> Matches:
        matches = self._or()
        if self._next < len(self._tokens):
            raise self._error(f"unexpected {self._tokens[self._next][1]!r}")
        return matches

    def _or(self) -> Matches:
        terms = [self._and()]
        while self._accept("word", "OR"):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else lambda queue: any(term(queue) for term in terms)

    def _and(self) -> Matches:
        terms = [self._not()]
        while self._accept("word", "AND") or self._at_term():
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else lambda queue: all(term(queue) for term in terms)

    def _at_term(self) -> bool:
        kind, text = self._peek()
        return (kind, text) == ("paren", "(") or kind == "minus" or (kind == "word" and text != "OR")

    def _not(self) -> Matches:
        if self._accept("word", "NOT") or self._accept("minus", "-"):
            self._descend()
            term = self._not()
            self._depth -= 1
            return lambda queue: not term(queue)
        if self._accept("paren", "("):
            self._descend()
            inner = self._or()
            if not self._accept("paren", ")"):
                raise self._error("a closing parenthesis is missing")
            self._depth -= 1
            return inner
        return self._comparison()

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error("it is nested too deeply")

    def _comparison(self) -> Matches:
        kind, path = self._take()
        if kind != "word":
            raise self._error("a field name is missing")
        operator_kind, operator = self._take()
        if operator_kind != "op":
            raise self._error(f"an operator is missing after {path!r}")
        value_kind, value = self._take()
        if value_kind not in ("word", "quoted"):
            raise self._error(f"a value is missing after {path + operator!r}")
        field = renamed(_snake_case(path), self._names)
        if field not in _FIELDS and field not in _GROUPS:
            raise self._error(f"there is no field {path!r}")
        try:
            return _compare(field, operator, value, any_value=value_kind == "word" and value == "*")
        except ValueError as error:
            raise self._error(f"{path!r} {error}") from None

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._next += 1
        return token

    def _accept(self, kind: str, text: str) -> bool:
        if self._peek() != (kind, text):
            return False
        self._next += 1
        return True

    def _error(self, why: str) -> InvalidArgument:
        return InvalidArgument(f"Invalid filter: {quoted(why)}.")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    end = len(text.rstrip())
    after_operator = False
    while at < end:
        match = (_VALUE if after_operator else _TOKEN).match(text, at)
        if match is None or match.lastgroup is None:
            raise InvalidArgument(f"Invalid filter: cannot read it from character {at + 1} on.")
        value = match[match.lastgroup]
        yield match.lastgroup, re.sub(r"\\(.)", r"\1", value) if match.lastgroup == "quoted" else value
        after_operator = match.lastgroup == "op"
        at = match.end()


def _snake_case(path: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: "_" + capital[0].lower(), path)


def _compare(field: str, operator: str, value: str, *, any_value: bool) -> Matches:
    """Raises ValueError, which says what the field cannot be."""
    if any_value and operator in ("=", ":"):
        return lambda queue: _is_set(queue, field)
    if any_value and operator == "!=":
        return lambda queue: not _is_set(queue, field)
    if field in _GROUPS:
        raise ValueError("can only be compared with *")
    wanted: str | float | None = value.lower() if field in _TEXTS else _number(value)
    if wanted is None:
        raise ValueError(f"cannot be {quoted(value)!r}")
    read = _FIELDS[field]
    test = _contains if field in _TEXTS and operator == ":" else _TESTS[operator]

    def matches(queue: Queue) -> bool:
        actual = read(queue)
        if actual is None:
            return operator == "!="
        return test(actual.lower() if isinstance(actual, str) else actual, wanted)

    return matches


def _contains(actual: str | float, value: str | float) -> bool:
    return str(value) in str(actual)


def _is_set(queue: Queue, field: str) -> bool:
    if field in _GROUPS:
        return _GROUPS[field](queue) is not None
    return _FIELDS[field](queue) not in (None, "")


def _number(text: str) -> float | None:
    """A plain number, a duration in seconds such as 3.5s, or an RFC 3339 time, as seconds."""
    try:
        return float(text.removesuffix("s"))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / SECOND


_TESTS: Final[Mapping[str, Callable[[str | float, str | float], bool]]] = {
    "=": lambda actual, value: actual == value,
    ":": lambda actual, value: actual == value,
    "!=": lambda actual, value: actual != value,
    "<": lambda actual, value: actual < value,  # type: ignore[operator]  # both are of one kind
    "<=": lambda actual, value: actual <= value,  # type: ignore[operator]
    ">": lambda actual, value: actual > value,  # type: ignore[operator]
    ">=": lambda actual, value: actual >= value,  # type: ignore[operator]
}


def _of_routing(part: str) -> Callable[[Queue], str | None]:
    return lambda queue: (
        getattr(queue.app_engine_routing_override, part) if queue.app_engine_routing_override else None
    )


def _http_method(queue: Queue) -> str | None:
    method = queue.http_target.http_method if queue.http_target else None
    return method.name if method else None


def _override_host(queue: Queue) -> str | None:
    override = queue.http_target.uri_override if queue.http_target else None
    return override.host if override else None


def _unlimited(queue: Queue) -> str | None:
    return "true" if queue.retry_config.max_attempts < 0 else None


def _app_engine_http_target(queue: Queue) -> QueueType | None:
    """In v2beta2 what every push queue has that has no HTTP target."""
    return queue.type if queue.type is QueueType.PUSH and queue.http_target is None else None


_TEXTS: Final[Mapping[str, Callable[[Queue], str | None]]] = {
    "name": lambda queue: str(queue.name),
    "state": lambda queue: queue.state.name,
    "type": lambda queue: queue.type.name,
    "app_engine_routing_override.service": _of_routing("service"),
    "app_engine_routing_override.version": _of_routing("version"),
    "app_engine_routing_override.instance": _of_routing("instance"),
    "app_engine_routing_override.host": _of_routing("host"),
    "retry_config.unlimited_attempts": _unlimited,
    "http_target.http_method": _http_method,
    "http_target.uri_override.host": _override_host,
}

_NUMBERS: Final[Mapping[str, Callable[[Queue], float | None]]] = {
    "purge_time": lambda queue: _seconds(queue.purge_time),
    "rate_limits.max_dispatches_per_second": lambda queue: queue.rate_limits.max_dispatches_per_second,
    "rate_limits.max_burst_size": lambda queue: queue.rate_limits.max_burst_size,
    "rate_limits.max_concurrent_dispatches": lambda queue: queue.rate_limits.max_concurrent_dispatches,
    "retry_config.max_attempts": lambda queue: queue.retry_config.max_attempts,
    "retry_config.max_retry_duration": lambda queue: _seconds(queue.retry_config.max_retry_duration),
    "retry_config.min_backoff": lambda queue: _seconds(queue.retry_config.min_backoff),
    "retry_config.max_backoff": lambda queue: _seconds(queue.retry_config.max_backoff),
    "retry_config.max_doublings": lambda queue: queue.retry_config.max_doublings,
    "stackdriver_logging_config.sampling_ratio": lambda queue: queue.logging_sampling_ratio,
    "task_ttl": lambda queue: _seconds(queue.task_ttl),
    "tombstone_ttl": lambda queue: _seconds(queue.tombstone_ttl),
}

_FIELDS: Final[Mapping[str, Callable[[Queue], _Value]]] = {**_TEXTS, **_NUMBERS}

_GROUPS: Final[Mapping[str, Callable[[Queue], object]]] = {
    "rate_limits": lambda queue: queue.rate_limits,
    "retry_config": lambda queue: queue.retry_config,
    "app_engine_routing_override": lambda queue: queue.app_engine_routing_override,
    "http_target": lambda queue: queue.http_target,
    "app_engine_http_target": _app_engine_http_target,
    "pull_target": lambda queue: queue.type if queue.type is QueueType.PULL else None,
    "stackdriver_logging_config": lambda queue: queue.logging_sampling_ratio,
}
