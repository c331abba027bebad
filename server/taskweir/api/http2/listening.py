"""The sockets that a port listens on."""

import errno
import os
import socket
from collections.abc import Iterator
from typing import Final, TypeAlias, cast

_ANYWHERE: Final = "::"
_Address: TypeAlias = tuple[str | int, ...]
"""Host, port, and what else IPv6 has."""


def bound_sockets(host: str, port: int) -> list[socket.socket]:
    """Of all the addresses that a name has here, with one number, which the system chooses for port 0.

    A name may have addresses that this machine lacks (localhost, ::1 in a container); one that it has will do. Raises
    OSError: EADDRINUSE for a port that is taken, and what else the system has against the address.
    """
    bound: list[socket.socket] = []
    refused: list[OSError] = []
    for family, address in _addresses(host, port):
        try:
            bound.append(_bound(family, _with_port(address, bound), is_for_all=host == _ANYWHERE))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                _close(bound)
                raise OSError(
                    errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), f"{host} port {port}"
                ) from error
            refused.append(error)
    if not bound:
        raise refused[0]
    return bound


def _addresses(host: str, port: int) -> Iterator[tuple[socket.AddressFamily, _Address]]:
    """Each once: a file of hosts may have one twice."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    yield from dict.fromkeys((family, cast("_Address", address)) for family, _, _, _, address in found)


def _with_port(address: _Address, bound: list[socket.socket]) -> _Address:
    """That of the first, where there is one."""
    port = bound[0].getsockname()[1] if bound else address[1]
    return (address[0], port, *address[2:])


def _bound(family: socket.AddressFamily, address: _Address, *, is_for_all: bool) -> socket.socket:
    """`is_for_all` says that an address of IPv6 is for IPv4 too."""
    # With its protocol: else asyncio does not see that it is TCP, and leaves Nagle's algorithm on.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not is_for_all)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
