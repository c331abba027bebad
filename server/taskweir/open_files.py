"""The limit on open files, shared out: attempts need sockets, and so do connections."""

import logging
import resource
from dataclasses import dataclass
from typing import Final, Self

_LOG: Final = logging.getLogger("taskweir.server")

_FEWEST: Final = 16
"""Attempts, and connections to a port, that there are whatever the limit says."""
_SPARE: Final = 512
"""For the data file, connections that are being refused, and the rest."""
_FILES_RELAYED: Final = 2
"""Of a connection to the HTTP port, on average, where half of them may be relayed to gRPC: each of these has both ends
of one to it besides."""
_NO_LIMIT: Final = 1 << 20
"""Files to ask for where the system has no limit and any number of connections is allowed."""
_USUAL: Final = 20_000
"""Connections: the setting's default, which is cut without a word."""


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """How many attempts there may be in flight, and connections to each port."""

    attempts: int
    grpc: int
    http: int

    @classmethod
    def shared_out(cls, connections: int, attempts: int, *, relayed: bool = False) -> Self:
        """Of this process, whose limit is raised as far as that takes. Wished are so many connections to each port, 0
        for any number: then as many as there is room for; and so many attempts. `relayed` says that those to the HTTP
        port which speak HTTP/2 go on to gRPC's by others."""
        wanted = _SPARE + attempts + connections + (_FILES_RELAYED if relayed else 1) * connections
        files = _raised(wanted if connections else _NO_LIMIT)
        shares = cls.of(files, connections, attempts, relayed=relayed)
        if connections != _USUAL and min(shares.grpc, shares.http) < connections:
            _LOG.warning(
                "--max-connections %d: the limit of %d open files has room for %d to the gRPC port and %d to the other",
                connections,
                files,
                shares.grpc,
                shares.http,
            )
        return shares

    @classmethod
    def of(cls, files: int, connections: int, attempts: int, *, relayed: bool = False) -> Self:
        """Half of the attempts come first, which one queue may need. The ports share the rest; with relays gRPC's gets
        most, where a connection stays then that does nothing, while on the other it gives way to a new one."""
        room = files - _SPARE
        attempts = max(_FEWEST, min(attempts, max(room // 4, min(attempts // 2, room // 2))))
        wished = connections or files
        rest = room - attempts
        grpc = max(_FEWEST, min(wished, rest * 4 // 5 if relayed else rest // 2))
        http = max(_FEWEST, min(wished, (rest - grpc) // (_FILES_RELAYED if relayed else 1)))
        return cls(attempts, grpc, http)


def _raised(wanted: int) -> int:
    """The soft limit, once it is `wanted` or as near to it as the hard limit lets it be. It is never lowered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft >= allowed:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError) as error:
        # macOS has a limit below the one that it tells.
        _LOG.debug("the limit on open files stays %d: %s", soft, error)
        return soft
    return allowed
