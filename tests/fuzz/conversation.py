"""One connection's worth of bytes, and how it ends."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

End: TypeAlias = Literal["wait", "half-close", "abort"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """`pieces` are sent one after another, `pause` seconds apart. Then the client waits for the answer, of which there
    must be one; or says that no more comes, after which the connection must end; or breaks off."""

    kind: str
    pieces: tuple[bytes, ...]
    end: End
    pause: float = 0.0

    def __str__(self) -> str:
        lengths = "+".join(str(len(piece)) for piece in self.pieces)
        return f"{lengths} bytes, {self.pause} s apart, then {self.end}: {b''.join(self.pieces)!r}"
