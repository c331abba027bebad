"""How long is waited for clients."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds. Clients are looked at once in a `tick`. One that owes us something ends after a `silence`, and so does
    one that does not read; one with calls that has said nothing for `quiet` is asked whether it is there, and has as
    long as a silence to answer. One that was told to go has `goodbye` to hear it. `idle` is how long a connection may
    stay without a call."""

    tick: float = 1.0
    silence: float = 30.0
    quiet: float = 120.0
    goodbye: float = 1.0
    idle: float = 3600.0
