"""A small HTTP server in threads: one that takes connections, and one for each of them."""

# ruff: noqa: ANN401, N815 - as the standard library has it

import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Final

from taskweir.testing.answer import Answer, Request
from taskweir.testing.headers import Headers

_BUFFER: Final = 1 << 16
_END: Final = 2.0
"""Seconds for which closing waits for what answers a request; that may be a test's script, which does not return."""


class HttpThread:
    """Gives each whole request to `receive`, in the thread of its connection, and sends what that returns."""

    def __init__(self, receive: Callable[[Request], Answer], host: str) -> None:
        self._host = host
        self._server = _Server(receive, host)
        self.port: Final[int] = self._server.server_address[1]
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name="taskweir handler", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while not self._closing:
            self._server.handle_request()

    def close(self) -> None:
        """Take no more connections, end those there are, and wait a while for their threads."""
        if self._closing:
            return
        self._closing = True
        # Wakes the thread that waits for a connection.
        with socket.create_connection((self._host, self.port)):
            self._thread.join()
        self._server.end_connections(time.monotonic() + _END)
        self._server.server_close()


class _Server(ThreadingTCPServer):
    request_queue_size = 1024

    def __init__(self, receive: Callable[[Request], Answer], host: str) -> None:
        self.receive = receive
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__((host, 0), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a daemon, since a test's script that hangs must keep no process alive; and one that `end_connections` can
        wait for, as the standard library does for no daemon."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="taskweir handler's connection",
            daemon=True,
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def end_connections(self, deadline: float) -> None:
        """Their threads are waited for up to then, by the monotonic clock."""
        with self._lock:
            threads = list(self._connections.values())
            for connection in self._connections:
                _shut_down(connection)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """That the other side went away is its own affair; it is the handler's peer that is under test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "taskweir"
    disable_nagle_algorithm = True
    # Head and body of an answer in one write.
    wbufsize = _BUFFER
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = Headers(self.headers.items())
        # Not self.path, in which the standard library makes one slash of several at the start.
        target = self.requestline.split()[1]
        answer = self.server.receive(Request(self.command, target, headers, body))
        if answer.drop:
            self.close_connection = True
            _shut_down(self.connection)
        else:
            self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "content-length" not in map(str.lower, answer.headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test looks at the requests themselves."""


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side has ended it already
