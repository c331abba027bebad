"""The head of an answer, out of the lines that libcurl told of: heads of 1xx answers come before it, trailers after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

_BLANK: Final = frozenset({b"\r\n", b"\n"})
_PLAIN: Final = b"identity"


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """`lines` without the blank one at the end; it `is_whole` when that came: libcurl takes a connection that closes
    before it for an end."""

    lines: Sequence[bytes]
    is_whole: bool

    @classmethod
    def of(cls, told: Sequence[bytes]) -> Self:
        begin = 0
        for at, line in enumerate(told):
            if line in _BLANK:
                if not _is_interim(told[begin]):
                    return cls(told[begin:at], is_whole=True)
                begin = at + 1
        return cls(told[begin:], is_whole=False)

    @property
    def retry_after(self) -> bytes:
        """The first header of that name."""
        return next(iter(self._values(b"retry-after")), b"")

    @property
    def is_body_encoded(self) -> bool:
        """Whether the body is other bytes than those that it stands for (RFC 9110, 8.4)."""
        return any(value.lower() != _PLAIN for value in self._values(b"content-encoding"))

    def _values(self, lower_name: bytes) -> Sequence[bytes]:
        values: list[bytes] = []
        if lower_name not in b"".join(self.lines).lower():
            return values  # as nearly always, at a tenth of the cost of looking at each line
        is_named = False
        for line in self.lines:
            name, colon, value = line.partition(b":")
            if line[:1] in (
                b" ",
                b"\t",
            ):  # the value goes on (RFC 9112, 5.2), as libcurls of before 8.0 pass it
                if is_named:
                    values[-1] = (values[-1] + b" " + line.strip()).strip()
                continue
            is_named = bool(colon) and name.strip().lower() == lower_name
            if is_named:
                values.append(value.strip())
        return values


def _is_interim(status_line: bytes) -> bool:
    return status_line.partition(b" ")[2].lstrip()[:1] == b"1"
