"""The CMEK config of a location: kept and shown; taskweir encrypts nothing."""

import re
from dataclasses import dataclass
from typing import Final

from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.name_rules import cmek_location_of
from taskweir.domain.names import LocationName
from taskweir.store.base import Store

_KEY: Final = re.compile(r"projects/[^/]+/locations/([^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_MAX_KEY_LENGTH: Final = 1_000


@dataclass(frozen=True, slots=True)
class CmekConfig:
    """An empty key means that CMEK is off."""

    name: str
    kms_key: str


@dataclass(frozen=True, slots=True)
class CmekService:
    """GetCmekConfig, UpdateCmekConfig."""

    store: Store

    async def get(self, name: str) -> CmekConfig:
        return CmekConfig(name, await self.store.get_kms_key(cmek_location_of(name)))

    async def update(self, name: str, kms_key: str) -> CmekConfig:
        """Set the key, which must lie in the location; an empty one turns CMEK off."""
        location = cmek_location_of(name)
        if kms_key:
            _check_key(kms_key, location)
        await self.store.set_kms_key(location, kms_key)
        return CmekConfig(name, kms_key)


def _check_key(key: str, location: LocationName) -> None:
    match = _KEY.fullmatch(key)
    if match is None or len(key) > _MAX_KEY_LENGTH:
        raise InvalidArgument(
            'KMS key must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/keyRings/<KEY_RING>'
            '/cryptoKeys/<KEY>".'
        )
    if match[1] != location.location:
        raise InvalidArgument(
            f"The key '{quoted(key)}' must be in the location of the config, {location.location}."
        )
