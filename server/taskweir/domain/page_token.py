"""Page tokens: opaque to the caller, signed, and good only for the request that they continue, for two hours."""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.limits import PAGE_TOKEN_LIFE
from taskweir.domain.times import Instant

_SIGNATURE_SIZE: Final = 16
_EXPIRY: Final = struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class PageTokens:
    """Makes and reads tokens. `key` is the store's secret, so that they outlive a restart."""

    key: bytes

    def make(self, request: str, last: str, now: Instant) -> str:
        """A token to go on after `last` in the listing that `request` (method, parent, filter) describes."""
        content = _EXPIRY.pack(now + PAGE_TOKEN_LIFE) + last.encode()
        return base64.urlsafe_b64encode(self._signature(request, content) + content).decode().rstrip("=")

    def read(self, request: str, token: str, now: Instant) -> str:
        """Where to go on; empty for no token, the first page. Raises InvalidArgument."""
        if not token:
            return ""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _invalid() from error
        signature, content = raw[:_SIGNATURE_SIZE], raw[_SIGNATURE_SIZE:]
        if not hmac.compare_digest(signature, self._signature(request, content)):
            raise _invalid()
        if _EXPIRY.unpack_from(content)[0] <= now:
            raise InvalidArgument("The page token has expired: it is good for two hours.")
        return content[_EXPIRY.size :].decode()

    def _signature(self, request: str, content: bytes) -> bytes:
        return hmac.digest(self.key, hashlib.sha256(request.encode()).digest() + content, "sha256")[
            :_SIGNATURE_SIZE
        ]


def _invalid() -> InvalidArgument:
    return InvalidArgument("The page token is invalid, or belongs to another request.")
