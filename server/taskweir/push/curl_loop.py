"""libcurl's multi interface driven by an asyncio loop: its sockets and its one timer are the loop's."""

import asyncio
from collections.abc import Callable
from typing import Final

import pycurl

_SUCCESS: Final = 0


class CurlLoop:
    """Carries transfers; `on_done(handle, errno, message)` is called when one has ended, errno 0 for success.

    Nothing runs while there is no transfer: libcurl asks for no timer then, and watches no socket.
    """

    def __init__(self, on_done: Callable[[pycurl.Curl, int, str], None], kept_connections: int) -> None:
        """Must be made on the loop that will drive it."""
        self._loop = asyncio.get_running_loop()
        self._on_done = on_done
        self._timer: asyncio.Handle | None = None
        self._watched: dict[int, int] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept_connections)

    def add(self, curl: pycurl.Curl) -> None:
        """Start a transfer; it goes out when the loop next comes round."""
        self._multi.add_handle(curl)

    def remove(self, curl: pycurl.Curl) -> None:
        """Drop a transfer in flight; its connection is closed, `on_done` is not called."""
        self._multi.remove_handle(curl)

    def close(self) -> None:
        """Close the kept connections. Every transfer must have ended or been removed."""
        for fd in list(self._watched):
            self._unwatch(fd)
        self._multi.close()
        self._set_timer(-1)

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """libcurl's socket function: what to wait for on a socket from now on."""
        if what == pycurl.POLL_REMOVE:
            self._unwatch(fd)
            return
        before = self._watched.get(fd, pycurl.POLL_NONE)
        self._watched[fd] = what
        if what & pycurl.POLL_IN and not before & pycurl.POLL_IN:
            self._loop.add_reader(fd, self._act, fd, pycurl.CSELECT_IN)
        elif before & pycurl.POLL_IN and not what & pycurl.POLL_IN:
            self._loop.remove_reader(fd)
        if what & pycurl.POLL_OUT and not before & pycurl.POLL_OUT:
            self._loop.add_writer(fd, self._act, fd, pycurl.CSELECT_OUT)
        elif before & pycurl.POLL_OUT and not what & pycurl.POLL_OUT:
            self._loop.remove_writer(fd)

    def _unwatch(self, fd: int) -> None:
        before = self._watched.pop(fd, pycurl.POLL_NONE)
        if before & pycurl.POLL_IN:
            self._loop.remove_reader(fd)
        if before & pycurl.POLL_OUT:
            self._loop.remove_writer(fd)

    def _set_timer(self, milliseconds: int) -> None:
        """libcurl's timer function; -1 is no timer. It may be called within libcurl, which must not be called then."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds == 0:
            self._timer = self._loop.call_soon(self._on_timer)
        elif milliseconds > 0:
            self._timer = self._loop.call_later(milliseconds / 1_000, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, events: int) -> None:
        self._multi.socket_action(fd, events)
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
