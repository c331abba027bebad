"""Host names looked up for the sender, each on a thread of its own.

libcurl looks up on a few threads that all transfers share: ten names whose name servers are silent would hold up
every other target, and the stop of the server too.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Final

from taskweir.domain.times import SECOND, Micros

KEPT_FOR: Final = 30.0
"""Seconds for which found addresses are used without asking again."""

FAILURE_KEPT_FOR: Final = 1.0
"""Seconds for which a failure stands, so that a burst to a wrong name asks once."""

KEPT_NAMES: Final = 4_096
LOOKUPS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """The addresses of a name, the preferred one first; or none, and the reason."""

    addresses: tuple[str, ...] = ()
    error: str = ""


@dataclass(slots=True, eq=False)
class _Lookup:
    """One lookup, waiting for a thread or on one, and how many callers wait for it."""

    answer: asyncio.Future[Answer]
    callers: int = 0


class Resolver:
    """Finds the addresses of names, and knows them for a while.

    All who ask for a name share one lookup, so a name that hangs holds one thread. While `at_once` names hang, others
    wait for a thread, which may be longer than their callers do.
    """

    def __init__(
        self,
        look_up: Callable[[str], Sequence[str]] | None = None,
        *,
        now: Callable[[], float] | None = None,
        at_once: int = LOOKUPS_AT_ONCE,
        kept_names: int = KEPT_NAMES,
    ) -> None:
        """`look_up` (`addresses_of`) runs on a thread and may block; `now` is in seconds, the loop's time. Must be
        made on the loop that it will run on."""
        self._loop = asyncio.get_running_loop()
        self._look_up = look_up or addresses_of
        self._now = now or self._loop.time
        self._at_once = at_once
        self._kept_names = kept_names
        self._known: dict[str, tuple[float, Answer]] = {}
        self._lookups: dict[str, _Lookup] = {}
        self._without_thread: dict[str, None] = {}
        self._threads = 0

    def known(self, name: str) -> Answer | None:
        """What a recent lookup of the name found, if there was one."""
        known = self._known.get(name)
        return known[1] if known is not None and self._now() < known[0] else None

    async def resolve(self, name: str, within: Micros) -> Answer:
        """What the name's addresses are; `within` is of real time. Raises TimeoutError."""
        answer = self.known(name)
        if answer is not None:
            return answer
        lookup = self._lookups.get(name) or self._begin(name)
        lookup.callers += 1
        try:
            done, _ = await asyncio.wait((lookup.answer,), timeout=within / SECOND)
        finally:
            lookup.callers -= 1
            self._drop_unwanted(name, lookup)
        if not done:
            raise TimeoutError
        return lookup.answer.result()

    def close(self) -> None:
        """Callers get an answer that says so. A lookup that hangs is left behind: nothing waits for its thread."""
        self._without_thread.clear()
        lookups, self._lookups = self._lookups, {}
        for lookup in lookups.values():
            lookup.answer.set_result(Answer(error="the resolver was closed"))

    def _begin(self, name: str) -> _Lookup:
        lookup = self._lookups[name] = _Lookup(self._loop.create_future())
        self._without_thread[name] = None
        self._start_threads()
        return lookup

    def _drop_unwanted(self, name: str, lookup: _Lookup) -> None:
        """A lookup that nobody waits for any more takes no thread."""
        if not lookup.callers and self._lookups.get(name) is lookup and name in self._without_thread:
            del self._without_thread[name], self._lookups[name]

    def _start_threads(self) -> None:
        while self._without_thread and self._threads < self._at_once:
            name = next(iter(self._without_thread))
            del self._without_thread[name]
            self._threads += 1
            try:
                Thread(target=self._run, args=(name,), name="lookup", daemon=True).start()
            except RuntimeError as error:  # the machine has no thread for us
                self._loop.call_soon(self._end, name, Answer(error=str(error)))

    def _run(self, name: str) -> None:
        """On a thread."""
        try:
            answer = Answer(tuple(self._look_up(name)))
        except OSError as error:
            answer = Answer(error=error.strerror or str(error))
        except Exception as error:  # whatever it is, callers wait, and for this name they would for ever
            answer = Answer(error=f"internal error: {error!r}")
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(self._end, name, answer)

    def _end(self, name: str, answer: Answer) -> None:
        self._threads -= 1
        self._keep(name, answer)
        lookup = self._lookups.pop(name, None)
        if lookup is not None:
            lookup.answer.set_result(answer)
        self._start_threads()

    def _keep(self, name: str, answer: Answer) -> None:
        self._known.pop(name, None)  # so that the dict's order is that of the lookups
        self._known[name] = (self._now() + (KEPT_FOR if answer.addresses else FAILURE_KEPT_FOR), answer)
        if len(self._known) > self._kept_names:
            del self._known[next(iter(self._known))]


def addresses_of(name: str) -> Sequence[str]:
    """As this machine resolves names; it may block for long. Raises OSError."""
    asked = "localhost" if name.removesuffix(".").endswith(".localhost") else name  # RFC 6761, section 6.3
    found = socket.getaddrinfo(asked.encode(), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))
