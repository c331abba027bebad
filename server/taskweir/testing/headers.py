"""Headers of a request, whose names are the same in upper and lower case."""

from collections.abc import Iterable, Iterator, Mapping


class Headers(Mapping[str, str]):
    """A read-only mapping. Where a header came more than once, it has the first value; `all` gives each.

    Equal are those with the same values, in the same order for each name; a plain mapping has one of each.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._names.setdefault(name.lower(), name)
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][0]

    def __iter__(self) -> Iterator[str]:
        """Names as they were sent, each once."""
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)

    def all(self, name: str) -> list[str]:
        """Every value of a header, in the order sent."""
        return list(self._values.get(name.lower(), ()))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._values == other._values
        if isinstance(other, Mapping) and all(isinstance(name, str) for name in other):
            return self == Headers(other.items())
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset((name, *values) for name, values in self._values.items()))

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"
