"""Name servers in miniature: what a name is answered with, or that it hangs."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from typing import Self


class Names:
    """A `look_up` for the resolver. Names that are in no table do not exist; those in `hanging` get no answer until
    they are let go."""

    def __init__(self, table: Mapping[str, Sequence[str]], hanging: Sequence[str] = ()) -> None:
        self.table = dict(table)
        self.asked: list[str] = []
        self.most_at_once = 0
        self._hanging = {name: Event() for name in hanging}
        self._lock = Lock()
        self._at_once = 0

    @classmethod
    @contextmanager
    def serving(cls, table: Mapping[str, Sequence[str]], hanging: Sequence[str] = ()) -> Iterator[Self]:
        """Whatever still hangs is let go at the end, so that no thread outlives its test."""
        names = cls(table, hanging)
        try:
            yield names
        finally:
            for name in hanging:
                names.let_go(name)

    def let_go(self, name: str) -> None:
        self._hanging[name].set()

    def __call__(self, name: str) -> Sequence[str]:
        with self._lock:
            self.asked.append(name)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if name in self._hanging:
                self._hanging[name].wait(30)
            if name not in self.table:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return self.table[name]
        finally:
            with self._lock:
                self._at_once -= 1
