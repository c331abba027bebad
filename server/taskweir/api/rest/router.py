"""Which binding an HTTP request is for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Generic, TypeVar

from taskweir.api.http_rule import ANY_METHOD, Binding, Template

T = TypeVar("T")

_WILD: Final = ("*", "**")


class Router(Generic[T]):
    """Targets by their bindings. Of several that match, the one whose path is more literal, from its beginning on."""

    def __init__(self) -> None:
        self._by_shape: defaultdict[tuple[str, str, int | None], list[tuple[Template, T]]] = defaultdict(list)
        self._verbs: set[str] = set()

    def add(self, binding: Binding, target: T) -> None:
        template = binding.template
        length = None if template.has_rest else len(template.segments)
        routes = self._by_shape[binding.http_method, template.verb, length]
        routes.append((template, target))
        routes.sort(key=_openness)
        if template.verb:
            self._verbs.add(template.verb)

    def find(self, http_method: str, path: str) -> tuple[T, Mapping[str, str]] | None:
        """The target, and the values of the variables in the path, which is as it came: still percent-encoded.

        Raises InvalidArgument for a path that is no UTF-8 when decoded.
        """
        segments, verb = self._parts(path)
        for method in (http_method, ANY_METHOD):
            for target, values in self._matching(method, verb, segments):
                return target, values
        return None

    def http_methods(self, path: str) -> Sequence[str]:
        """Those by which something is found at the path. Raises InvalidArgument as `find` does."""
        segments, verb = self._parts(path)
        methods = {method for method, _, _ in self._by_shape}
        return sorted(method for method in methods if any(self._matching(method, verb, segments)))

    def _parts(self, path: str) -> tuple[Sequence[str], str]:
        """The segments, and the verb; the colon of a name, such as that of a project in a domain, begins none."""
        segments = path[1:].split("/")
        last, colon, verb = segments[-1].rpartition(":")
        if colon and verb in self._verbs:
            segments[-1] = last
            return segments, verb
        return segments, ""

    def _matching(
        self, http_method: str, verb: str, segments: Sequence[str]
    ) -> Iterator[tuple[T, Mapping[str, str]]]:
        for length in (len(segments), None):
            for template, target in self._by_shape.get((http_method, verb, length), ()):
                values = template.match(segments)
                if values is not None:
                    yield target, values


def _openness(route: tuple[Template, T]) -> list[int]:
    return [_WILD.index(segment) + 1 if segment in _WILD else 0 for segment in route[0].segments]
