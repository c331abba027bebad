"""What tokens are made with: a key that the user gave, or secrets that are made at first need and kept with the data."""

import asyncio
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from taskweir.store.base import Store
from taskweir.tokens.once import Once

if TYPE_CHECKING:
    from taskweir.tokens.signing_key import SigningKey

_SIGNING_KEY: Final = "token signing key"
_ACCESS_TOKEN_SECRET: Final = "access token secret"  # noqa: S105 - a name
_SECRET_BYTES: Final = 32


class BadKeyFile(ValueError):
    """It has no key that can sign; the text says why."""


def given_key(path: str) -> "Once[SigningKey]":
    """The key of a PEM file, which is read now. Raises BadKeyFile."""
    from taskweir.tokens.signing_key import SigningKey  # noqa: PLC0415 - slow to load, and seldom needed

    try:
        key = SigningKey.of_pem(Path(path).read_bytes())
    except OSError as error:
        raise BadKeyFile(error.strerror or str(error)) from error
    except ValueError as error:
        raise BadKeyFile(str(error)) from error

    async def get() -> SigningKey:
        return key

    return Once(get)


def kept_key(store: Store) -> "Once[SigningKey]":
    """The key of the data. Calling it raises Unavailable where a new one cannot be kept."""

    async def get() -> "SigningKey":
        kept = await store.secret(_SIGNING_KEY)
        if kept is None:
            kept = await store.keep_secret(_SIGNING_KEY, await asyncio.to_thread(_new_key))
        return await asyncio.to_thread(_read_key, kept)

    return Once(get)


def access_token_secret(store: Store) -> Once[bytes]:
    """Calling it raises Unavailable where a new one cannot be kept."""

    async def get() -> bytes:
        kept = await store.secret(_ACCESS_TOKEN_SECRET)
        return kept or await store.keep_secret(_ACCESS_TOKEN_SECRET, secrets.token_bytes(_SECRET_BYTES))

    return Once(get)


def _new_key() -> bytes:
    from taskweir.tokens.signing_key import SigningKey  # noqa: PLC0415 - slow to load, and seldom needed

    return SigningKey.made().der


def _read_key(kept: bytes) -> "SigningKey":
    from taskweir.tokens.signing_key import SigningKey  # noqa: PLC0415 - slow to load, and seldom needed

    return SigningKey.of_der(kept)
