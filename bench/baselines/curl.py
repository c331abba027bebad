"""`python -m bench.baselines.curl URL COUNT IN_FLIGHT`: as many POSTs with libcurl's multi interface, from a loop that
does nothing but wait for its sockets. Each goes to URL/NUMBER with headers and a body of its own, as a task's would, and
is as large.
"""

import json
import select
import sys
import time
from typing import Final

import pycurl

from bench.filling import task_id
from bench.requests import body

_HEADERS: Final = [
    "Expect:",
    "Accept:",
    "User-Agent: Google-Cloud-Tasks",
    "Content-Type: application/json",
    "X-CloudTasks-QueueName: bench-0",
    "X-CloudTasks-TaskRetryCount: 0",
    "X-CloudTasks-TaskExecutionCount: 0",
    "X-CloudTasks-TaskETA: 1700000000.000001",
]
_BODY: Final = body()
_TO_EPOLL: Final = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class _Loop:
    """Sends the requests from number 0 on, on handles that are used again and again."""

    def __init__(self, url: str, count: int, in_flight: int) -> None:
        self._url = url
        self._count = count
        self._next = 0
        self._done = 0
        self._wait_ms = 0
        self._watched: set[int] = set()
        self._epoll = select.epoll()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, in_flight)
        self._handles = [_handle() for _ in range(in_flight)]

    def run(self) -> None:
        for handle in self._handles:
            self._send(handle)
        while self._done < self._count:
            ready = self._epoll.poll(self._wait_ms / 1e3 if self._wait_ms >= 0 else None)
            if not ready or self._wait_ms == 0:  # new transfers begin when their time has run out
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            for fd, events in ready:
                sides = pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0
                sides |= pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
                self._multi.socket_action(fd, sides)
            self._heed_ended()

    def _send(self, handle: pycurl.Curl) -> None:
        if self._next < self._count:
            handle.setopt(pycurl.URL, f"{self._url}/{self._next}")
            handle.setopt(pycurl.HTTPHEADER, [*_HEADERS, f"X-CloudTasks-TaskName: {task_id(self._next)}"])
            handle.setopt(pycurl.POSTFIELDS, _BODY)
            self._next += 1
            self._multi.add_handle(handle)

    def _heed_ended(self) -> None:
        more = 1
        while more:
            more, succeeded, failed = self._multi.info_read()
            if failed:
                raise RuntimeError(f"a request failed: {failed[0][2]}")
            for handle in succeeded:
                if (status := handle.getinfo(pycurl.RESPONSE_CODE)) != 200:
                    raise RuntimeError(f"a request was answered {status}")
                self._done += 1
                self._multi.remove_handle(handle)
                self._send(handle)

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._watched.remove(fd)
            self._epoll.unregister(fd)
        elif fd in self._watched:
            self._epoll.modify(fd, _TO_EPOLL[what])
        else:
            self._watched.add(fd)
            self._epoll.register(fd, _TO_EPOLL[what])

    def _set_timer(self, milliseconds: int) -> None:
        self._wait_ms = milliseconds


def _handle() -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.PROXY, "")
    handle.setopt(pycurl.POST, 1)
    return handle


if __name__ == "__main__":
    url, count, in_flight = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    loop = _Loop(url, count, min(count, in_flight))
    begin, cpu = time.monotonic(), time.process_time()
    loop.run()
    taken, used = time.monotonic() - begin, time.process_time() - cpu
    print(json.dumps({"rate": count / taken, "cpu_us": used / count * 1e6}))
