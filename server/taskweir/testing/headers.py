"""Headers of a request, whose names are the same in upper and lower case."""

from collections.abc import Iterable, Iterator, Mapping


class Headers(Mapping[str, str]):
    """A read-only mapping. Where a header came more than once, it has the first value; `all` gives each."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        self._first: dict[str, tuple[str, str]] = {}
        for name, value in self._pairs:
            self._first.setdefault(name.lower(), (name, value))

    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        """Names as they were sent, each once."""
        return (name for name, _ in self._first.values())

    def __len__(self) -> int:
        return len(self._first)

    def all(self, name: str) -> list[str]:
        """Every value of a header, in the order sent."""
        return [value for its, value in self._pairs if its.lower() == name.lower()]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return _folded(self) == _folded(other)

    def __hash__(self) -> int:
        return hash(frozenset(_folded(self).items()))

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


def _folded(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
