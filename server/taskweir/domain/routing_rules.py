"""What App Engine routing must satisfy, and the host that is made of it."""

import re
from dataclasses import replace
from typing import Final

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import AppEngineRouting

_LABEL: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")
"""They become labels of a host name: anything else could end the Host header, or lead elsewhere."""


def checked_routing(project: str, routing: AppEngineRouting) -> AppEngineRouting:
    """The routing with its output-only host. Raises InvalidArgument."""
    for field in ("service", "version", "instance"):
        if not _LABEL.fullmatch(getattr(routing, field)):
            raise InvalidArgument(
                f"AppEngineRouting.{field} can contain only letters, numbers, hyphens, underscores and dots, "
                "and be at most 100 characters."
            )
    return replace(routing, host=_host(project, routing))


def _host(project: str, routing: AppEngineRouting) -> str:
    """Its labels before the app's own host name."""
    labels = [routing.instance, routing.version, routing.service, f"{project.rpartition(':')[2]}.appspot.com"]
    return ".".join(label for label in labels if label)
