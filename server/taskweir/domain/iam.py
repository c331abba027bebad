"""IAM policies of queues: kept and shown, never enforced."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """google.type.Expr."""

    expression: str
    title: str = ""
    description: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    role: str
    members: Sequence[str]
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """`version` is 0, 1 or 3 as the caller set it; conditions need 3."""

    version: int = 0
    bindings: Sequence[Binding] = ()

    @property
    def etag(self) -> bytes:
        """Changes with the content; a policy that was never set has the general Google form, ACAB."""
        if self == Policy():
            return base64.b64decode("ACAB")
        return hashlib.sha256(repr(self).encode()).digest()[:8]
