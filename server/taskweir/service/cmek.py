"""The CMEK config of a location: kept and shown; taskweir encrypts nothing."""

from dataclasses import dataclass

from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.name_rules import cmek_location_of
from taskweir.store.base import Store


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
        if kms_key and f"/locations/{location.location}/" not in kms_key:
            raise InvalidArgument(
                f"The key '{quoted(kms_key)}' must be in the location of the config, {location.location}."
            )
        await self.store.set_kms_key(location, kms_key)
        return CmekConfig(name, kms_key)
