"""What a client says of itself in SETTINGS frames."""

from collections.abc import Collection, Mapping
from typing import Final

from taskweir.api.http2.frames import ConnectionFault, ErrorCode, Setting, read_settings
from taskweir.api.http2.header_decoder import TABLE_SIZE
from taskweir.api.http2.outlet import LARGEST_WINDOW, Outlet
from taskweir.api.http2.stream import Stream

_FRAME_SIZES: Final = range(1 << 14, 1 << 24)


def checked_settings(payload: bytes) -> Mapping[int, int]:
    """Of what a frame says twice, the last: so it is not done twice for each stream. Raises ConnectionFault."""
    said: dict[int, int] = {}
    for setting, value in read_settings(payload):
        _check(setting, value)
        said[setting] = value
    return said


def apply_settings(said: Mapping[int, int], outlet: Outlet, streams: Collection[Stream]) -> None:
    """Raises ConnectionFault."""
    if Setting.INITIAL_WINDOW_SIZE in said:
        _change_windows(said[Setting.INITIAL_WINDOW_SIZE], outlet, streams)
    if Setting.MAX_FRAME_SIZE in said:
        outlet.set_frame_size(said[Setting.MAX_FRAME_SIZE])
    if said.get(Setting.HEADER_TABLE_SIZE, TABLE_SIZE) < TABLE_SIZE:
        # It wants to hear that we know (RFC 7541, 4.2). Nothing of ours is ever in it.
        outlet.announce_empty_table()


def _check(setting: int, value: int) -> None:
    """Raises ConnectionFault."""
    if setting == Setting.ENABLE_PUSH and value > 1:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a switch that is neither on nor off")
    if setting == Setting.INITIAL_WINDOW_SIZE and value > LARGEST_WINDOW:
        raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a window that is too large")
    if setting == Setting.MAX_FRAME_SIZE and value not in _FRAME_SIZES:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "frames of a wrong size")


def _change_windows(size: int, outlet: Outlet, streams: Collection[Stream]) -> None:
    by, outlet.stream_window = size - outlet.stream_window, size
    for stream in streams:
        stream.change_window(by)
    outlet.pump()
