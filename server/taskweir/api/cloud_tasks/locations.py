"""google.cloud.location.Locations. The public package has no stubs for the service, only its messages."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from dataclasses import dataclass
from typing import Final, TypeAlias

from google.cloud.location import locations_pb2

from taskweir.api.call import Call
from taskweir.api.methods import Service
from taskweir.service.locations import Location, LocationService
from taskweir_pb.v2 import rest_only_pb2 as v2
from taskweir_pb.v2beta2 import rest_only_pb2 as v2beta2
from taskweir_pb.v2beta3 import rest_only_pb2 as v2beta3

NAME: Final = "google.cloud.location.Locations"

_ListLocationsRequest: TypeAlias = (
    v2.ListLocationsRequest | v2beta2.ListLocationsRequest | v2beta3.ListLocationsRequest
)


@dataclass(frozen=True, slots=True)
class Locations:
    locations: LocationService

    async def ListLocations(
        self, request: locations_pb2.ListLocationsRequest | _ListLocationsRequest, call: Call
    ) -> locations_pb2.ListLocationsResponse:
        """The filter is passed over: its grammar is not documented; so are the extra location types that requests over
        HTTP may have."""
        page = await self.locations.list(request.name, request.page_size, request.page_token)
        return locations_pb2.ListLocationsResponse(
            locations=[_message(location) for location in page.items], next_page_token=page.next_page_token
        )

    async def GetLocation(
        self, request: locations_pb2.GetLocationRequest, call: Call
    ) -> locations_pb2.Location:
        return _message(await self.locations.get(request.name))


def _message(location: Location) -> locations_pb2.Location:
    return locations_pb2.Location(
        name=location.name,
        location_id=location.location_id,
        display_name=location.display_name,
        labels=location.labels,
    )


def locations_service(servicer: Locations) -> Service:
    return Service(NAME, locations_pb2.DESCRIPTOR.services_by_name["Locations"], servicer)
