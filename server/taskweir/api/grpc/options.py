"""What gRPC is told about its port: the channel options of the server."""

from collections.abc import Sequence
from typing import Any, Final

from taskweir.api.port_limits import PortLimits

_MIB: Final = 1 << 20
_SECOND: Final = 1_000
"""The unit of gRPC's times is a millisecond."""
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
    """Of grpc.aio.server. Who comes when there are as many connections as there may be is turned away; gRPC ends none
    for it."""
    options = [*_OPTIONS, ("grpc.max_connection_idle_ms", min(max(1, limits.idle // 1_000), _FOR_EVER))]
    if limits.connections:
        options.append(("grpc.max_allowed_incoming_connections", min(limits.connections, _FOR_EVER - 1)))
    return options
