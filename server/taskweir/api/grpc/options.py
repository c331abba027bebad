"""What gRPC is told about its ports: the channel options of the server."""

from collections.abc import Sequence
from typing import Any, Final

from taskweir.api.port_limits import PortLimits
from taskweir.domain.times import SECOND

_MIB: Final = 1 << 20
_SECOND: Final = 1_000
"""The unit of gRPC's times is a millisecond."""
_LONGEST_IDLE: Final = 300 * SECOND
"""At the limit gRPC ends no idle connection for a new one, so that they must not stay long. Its clients connect anew by
themselves, and no call fails of it."""
_FOR_EVER: Final = (1 << 31) - 1
"""The largest number; of connections it takes one less."""

_OPTIONS: Final[Sequence[tuple[str, Any]]] = (
    # A batch of a hundred large tasks is 100 MB; the default would refuse it at 4.
    ("grpc.max_receive_message_length", 128 * _MIB),
    ("grpc.max_send_message_length", -1),
    # Uncompressed messages only (bit 0): grpcio 1.75 unpacks a message whole before it looks at its size, 4 GB of 4 MB;
    # later ones stop at the limit, but 128 MiB for 128 kB, times as many calls as there are, is too much as well.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    # Long names come in routing headers too.
    ("grpc.max_metadata_size", 64 << 10),
    # With it, a second server on the port would start and share the calls.
    ("grpc.so_reuseport", 0),
    # Clients put off what is more. The "protection" refuses at random, near the limit, calls of those that heed it.
    ("grpc.max_concurrent_streams", 1_000),
    ("grpc.http.overload_protection", 0),
    # Until a connection has said what it is; TLS is part of it.
    ("grpc.server_handshake_timeout_ms", 10 * _SECOND),
    # Peers that are gone without a word are found. A client that is halted by a debugger stays for three minutes.
    ("grpc.keepalive_time_ms", 120 * _SECOND),
    ("grpc.keepalive_timeout_ms", 60 * _SECOND),
    # Clients may ping as well, idle ones too: by default they are sent away who do it more often than in five minutes.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5 * _SECOND),
)


def channel_options(limits: PortLimits) -> Sequence[tuple[str, Any]]:
    """Of grpc.aio.server. Who comes when there are as many connections to a port as there may be is turned away; gRPC
    ends none for it. Each port that the server is bound to has so many of its own."""
    idle = min(limits.idle, _LONGEST_IDLE)
    options = [*_OPTIONS, ("grpc.max_connection_idle_ms", max(1, idle // 1_000))]
    if limits.connections:
        options.append(("grpc.max_allowed_incoming_connections", min(limits.connections, _FOR_EVER - 1)))
    return options
