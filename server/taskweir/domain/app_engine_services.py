"""Where the services of an App Engine application listen, each by itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.model import AppEngineRouting

DEFAULT_SERVICE: Final = "default"
"""App Engine's own name for the service that gets what names none."""
_NAME: Final = re.compile(r"[a-z0-9_-]{1,100}(?:\.[a-z0-9_-]{1,100}){0,2}")
_EXAMPLE: Final = "worker=http://127.0.0.1:8081"


@dataclass(frozen=True, slots=True)
class AppEngineServices:
    """Addresses by `service`, `version.service` or `instance.version.service`, in lower case: labels as production
    puts them before the application's host."""

    addresses: Mapping[str, AppEngineHost] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """From entries such as `worker=http://127.0.0.1:8081`. Raises ValueError, which says what is wrong."""
        addresses: dict[str, AppEngineHost] = {}
        for text in texts:
            name, address = _entry(text)
            if name in addresses:
                raise ValueError(f"{name!r} is given twice")
            addresses[name] = address
        return cls(addresses)

    def address_of(self, routing: AppEngineRouting) -> AppEngineHost | None:
        """That of the most specific entry; None where none fits. A routing without a service means `default`."""
        labels = (routing.instance, routing.version, routing.service or DEFAULT_SERVICE)
        name = ".".join(label for label in labels if label).lower()
        while name and name not in self.addresses:
            name = name.partition(".")[2]
        return self.addresses.get(name)


def _entry(text: str) -> tuple[str, AppEngineHost]:
    name, equals, url = text.partition("=")
    name = name.strip().lower()
    if not equals:
        raise ValueError(f"{text!r} is no service and its URL, such as {_EXAMPLE}")
    if name == "*":
        raise ValueError("'*' is no service: --app-engine-host is for all that have no entry")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no service, such as worker, v2.worker or 0.v2.worker")
    address = AppEngineHost.parse(url)
    if address is None or not address.authority:
        raise ValueError(f"{url!r} is no address of a service, such as in {_EXAMPLE}")
    return name, address
