"""How many connections a port has at a time, and which of them give way to new ones."""

from collections import OrderedDict
from typing import Final, Protocol

_ASKED: Final = 100
"""Guests, for a place: while all are being served, one that comes costs no more however many there are."""


class Guest(Protocol):
    """A connection that has a place."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost if it ends now: no whole request of it is there that was not answered."""

    def abort(self) -> None:
        """End at once, and leave."""


class Places:
    """A connection for which there is none takes that of the one that has been idle longest: so those that do nothing
    never keep out who does."""

    def __init__(self, most: int) -> None:
        """0 for any number."""
        self._most = most
        self._guests: OrderedDict[Guest, None] = OrderedDict()
        """Those that were served least lately first."""

    def take(self, guest: Guest) -> bool:
        """Whether there is one. It is the guest's until `leave`."""
        if self._is_full() and not self._make_room():
            return False
        self._guests[guest] = None
        return True

    def pass_on(self, guest: Guest, other: Guest) -> None:
        """The same connection, in other hands."""
        self._guests.pop(guest, None)
        self._guests[other] = None

    def was_served(self, guest: Guest) -> None:
        """From now on it may be idle again."""
        if guest in self._guests:
            self._guests.move_to_end(guest)

    def leave(self, guest: Guest) -> None:
        self._guests.pop(guest, None)

    def _is_full(self) -> bool:
        return self._most > 0 and len(self._guests) >= self._most

    def _make_room(self) -> bool:
        for _ in range(min(len(self._guests), _ASKED)):
            guest = next(iter(self._guests))
            if guest.is_idle:
                del self._guests[guest]
                guest.abort()
                return True
            # It is being served, so that it is not asked again soon.
            self._guests.move_to_end(guest)
        return False
