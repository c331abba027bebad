"""Where Firebase functions run, for tasks whose caller leaves that to the server."""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from taskweir.domain.names import QueueName

_SCHEMES: Final = ("http", "https")


@dataclass(frozen=True, slots=True)
class FunctionsUrl:
    """The URL that those of all functions begin with, without a slash at its end; empty where it is not known."""

    base: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """From `http://127.0.0.1:5001`, with or without a path; empty text is none that is known. None for what cannot
        begin a URL."""
        try:
            url = urlsplit(text)
            url.port  # noqa: B018 - raises for a port out of range
        except ValueError:
            return None
        is_base = url.scheme in _SCHEMES and url.hostname and not url.query and not url.fragment
        if text and (not is_base or any(c <= " " or c > "~" for c in text)):
            return None
        return cls(text.rstrip("/"))

    def of_queue(self, queue: QueueName) -> str:
        """Of the function that a queue is for, which has its name: the shape is that of Firebase's functions emulator.
        Empty where it is not known."""
        return f"{self.base}/{queue.project}/{queue.location}/{queue.id}" if self.base else ""
