"""How a path is answered that may lead to no method."""

from taskweir.api.http_rule import Template
from taskweir.api.rest.style import GOOGLE, RestStyle


class PathStyles:
    """The style of the service whose paths begin most like it; where several begin alike, of the first."""

    def __init__(self) -> None:
        self._by_beginning: dict[tuple[str, ...], RestStyle] = {(): GOOGLE}
        """Of a beginning, its own beginnings are here too."""

    def add(self, template: Template, style: RestStyle) -> None:
        for end in range(1, len(template.beginning) + 1):
            self._by_beginning.setdefault(template.beginning[:end], style)

    def of(self, path: str) -> RestStyle:
        style = self._by_beginning[()]
        beginning: tuple[str, ...] = ()
        for segment in path[1:].split("/"):
            beginning = (*beginning, segment)
            if beginning not in self._by_beginning:
                break
            style = self._by_beginning[beginning]
        return style
