"""google.cloud.location: production's public regions, and any location in which the project has a queue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.errors import InvalidArgument, NotFound
from taskweir.domain.locations import REGIONS
from taskweir.domain.names import PROJECT_ID, LocationName
from taskweir.domain.page_token import PageTokens
from taskweir.service.page import Page, effective_page_size
from taskweir.store.base import Store

_PROJECT: Final = re.compile(rf"projects/({PROJECT_ID.pattern})")
_MAX_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Location:
    name: str
    location_id: str
    display_name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LocationService:
    """ListLocations, GetLocation. `home` is the location that is listed first: gcloud takes the first one for the
    project's own."""

    store: Store
    clock: Clock
    home: str
    strict: bool = False

    async def list(self, name: str, page_size: int, page_token: str) -> Page[Location]:
        """The home, then the others in order of their ids."""
        match = _PROJECT.fullmatch(name)
        if match is None:
            raise InvalidArgument("Invalid resource field value in the request.")
        size = effective_page_size(page_size, _MAX_PAGE)
        tokens = PageTokens(self.store.page_token_key)
        request = f"ListLocations\n{name}"
        after = tokens.read(request, page_token, self.clock.now())
        ids = sorted({*REGIONS, *self._home(), *await self.store.locations(match[1])}, key=self._place)
        rest = [
            location_id for location_id in ids if not after or self._place(location_id) > self._place(after)
        ]
        page = [_location(LocationName(match[1], location_id)) for location_id in rest[:size]]
        more = len(rest) > size
        return Page(page, tokens.make(request, rest[size - 1], self.clock.now()) if more else "")

    def _home(self) -> tuple[str, ...]:
        return () if self.strict else (self.home,)

    def _place(self, location_id: str) -> tuple[bool, str]:
        return location_id != self.home, location_id

    async def get(self, name: str) -> Location:
        """Outside strict mode any location can be used, so any is found."""
        location = LocationName.parse(name)
        if location is None:
            raise InvalidArgument("Invalid resource field value in the request.")
        if self.strict and location.location not in REGIONS:
            raise NotFound
        return _location(location)


def _location(name: LocationName) -> Location:
    return Location(str(name), name.location, name.location, {"cloud.googleapis.com/region": name.location})
