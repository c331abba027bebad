"""What tokens are made with: a key that the user gave, or secrets that are made at first need and kept with the data."""

import asyncio
import logging
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from taskweir.store.base import Store
from taskweir.tokens.once import Once

if TYPE_CHECKING:
    from taskweir.tokens.signing_key import SigningKey

_SIGNING_KEY: Final = "token signing key"
_ACCESS_TOKEN_SECRET: Final = "access token secret"  # noqa: S105 - a name
_SECRET_BYTES: Final = 32
_OF_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LOG: Final = logging.getLogger("taskweir.tokens")


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


class DataSecrets:
    """The secrets of the data at `path`."""

    def __init__(self, store: Store, path: str) -> None:
        self._store = store
        self._path = path
        self._has_made_one = False

    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The one of this name, made on another thread if there is none yet. Raises Unavailable where a new one cannot
        be kept."""
        kept = await self._store.secret(name)
        if kept is not None:
            return kept
        made = await asyncio.to_thread(make)
        kept = await self._store.keep_secret(name, made)
        if not self._has_made_one:
            self._has_made_one = True
            self._warn_of_other_readers()
        return kept

    def _warn_of_other_readers(self) -> None:
        """A new data file is its owner's alone; one that came from elsewhere may have any mode, which somebody chose."""
        try:
            mode = stat.S_IMODE(Path(self._path).stat().st_mode)
        except (
            OSError
        ) as error:  # :memory:, or a file that was moved away, which is no reason to mint nothing
            _LOG.debug("%s cannot be looked at: %s", self._path, error)
            return
        if mode & _OF_OTHERS:
            _LOG.warning(
                "%s has mode %03o, and now holds what tokens are made with: others must not read it (chmod 600)",
                self._path,
                mode,
            )


def kept_key(data: DataSecrets) -> "Once[SigningKey]":
    """The key of the data. Calling it raises Unavailable where a new one cannot be kept."""

    async def get() -> "SigningKey":
        return await asyncio.to_thread(_read_key, await data.get(_SIGNING_KEY, _new_key))

    return Once(get)


def access_token_secret(data: DataSecrets) -> Once[bytes]:
    """Calling it raises Unavailable where a new one cannot be kept."""

    async def get() -> bytes:
        return await data.get(_ACCESS_TOKEN_SECRET, lambda: secrets.token_bytes(_SECRET_BYTES))

    return Once(get)


def _new_key() -> bytes:
    from taskweir.tokens.signing_key import SigningKey  # noqa: PLC0415 - slow to load, and seldom needed

    return SigningKey.made().der


def _read_key(kept: bytes) -> "SigningKey":
    from taskweir.tokens.signing_key import SigningKey  # noqa: PLC0415 - slow to load, and seldom needed

    return SigningKey.of_der(kept)
