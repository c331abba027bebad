"""libcurl's multi interface driven by an asyncio loop: its sockets are waited for by one selector of their own, which
the loop watches as one more socket, and its one timer is the loop's."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Final

import pycurl

_SUCCESS: Final = 0
_EVENTS: Final = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_SIDES: Final = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    selectors.EVENT_READ | selectors.EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}


class CurlLoop:
    """Carries transfers; `on_done(handle, errno, message)` is called when one has ended, errno 0 for success.

    Nothing runs while there is no transfer: libcurl asks for no timer then, and watches no socket.

    libcurl has every socket forgotten at the end of its transfer and watched again for the next one over the same
    connection. One that is waited for to be read stays in the selector in between, so that a kept connection costs no
    call for that; if it is readable while nobody waits, which is how a peer closes it, it is taken out.
    """

    def __init__(self, on_done: Callable[[pycurl.Curl, int, str], None], kept_connections: int) -> None:
        """Must be made on the loop that will drive it."""
        self._loop = asyncio.get_running_loop()
        self._on_done = on_done
        self._timer: asyncio.Handle | None = None
        self._is_due = False
        """Whether the timer stands at once."""
        self._opened: set[int] = set()
        """Sockets of which `socket_opened` told: the others may change their identity unseen."""
        self._watched: set[int] = set()
        self._selected: dict[int, int] = {}
        """Which events of a socket the selector waits for."""
        self._selector = selectors.DefaultSelector()
        self._loop.add_reader(self._selector.fileno(), self._on_ready)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept_connections)

    def add(self, curl: pycurl.Curl) -> None:
        """Start a transfer; it goes out when the loop next comes round. The handle's SOCKOPTFUNCTION is to be
        `socket_opened`."""
        self._multi.add_handle(curl)

    def remove(self, curl: pycurl.Curl) -> None:
        """Drop a transfer in flight; its connection is closed, `on_done` is not called."""
        self._multi.remove_handle(curl)

    def close(self) -> None:
        """Close the kept connections. Every transfer must have ended or been removed."""
        self._loop.remove_reader(self._selector.fileno())
        self._multi.close()
        self._selector.close()
        self._set_timer(-1)

    def socket_opened(self, fd: int, _purpose: object) -> int:
        """A handle's SOCKOPTFUNCTION. The number may have been that of another socket, which is closed by now: its
        place in the selector is gone with it, and only the books tell of it."""
        self._deselect(fd)
        self._opened.add(fd)
        return int(pycurl.SOCKOPT_OK)

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """libcurl's socket function: what to wait for on a socket from now on."""
        if what in _EVENTS:
            self._watched.add(fd)
            self._select(fd, _EVENTS[what])
            return
        self._watched.discard(fd)
        if fd not in self._opened or self._selected.get(fd) != selectors.EVENT_READ:
            self._deselect(fd)

    def _select(self, fd: int, events: int) -> None:
        before = self._selected.get(fd)
        if before is None:
            self._selector.register(fd, events)
        elif before != events:
            self._selector.modify(fd, events)
        self._selected[fd] = events

    def _deselect(self, fd: int) -> None:
        if self._selected.pop(fd, None) is not None:
            self._selector.unregister(fd)

    def _set_timer(self, milliseconds: int) -> None:
        """libcurl's timer function; -1 is no timer. It may be called within libcurl, which must not be called then."""
        if milliseconds == 0 and self._is_due:
            return  # as it says for every transfer that is added
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_due = milliseconds == 0
        if milliseconds == 0:
            self._timer = self._loop.call_soon(self._on_timer)
        elif milliseconds > 0:
            self._timer = self._loop.call_later(milliseconds / 1_000, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._is_due = False
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._report_ended()

    def _on_ready(self) -> None:
        for key, events in self._selector.select(0):
            if key.fd in self._watched:
                self._multi.socket_action(key.fd, _SIDES[events])
            else:
                self._deselect(key.fd)
        self._report_ended()

    def _report_ended(self) -> None:
        more = True
        while more:
            more, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._end(curl, _SUCCESS, "")
            for curl, errno, message in failed:
                self._end(curl, errno, message)

    def _end(self, curl: pycurl.Curl, errno: int, message: str) -> None:
        self._multi.remove_handle(curl)
        self._on_done(curl, errno, message)
