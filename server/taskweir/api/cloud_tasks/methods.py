"""What the methods of every version stand on."""

from dataclasses import dataclass

from taskweir.api.cloud_tasks.version import Version
from taskweir.api.services import Services


@dataclass(frozen=True)
class Methods:
    """Some methods of a version. A servicer is made of several, and of the generated base, which has no slots."""

    version: Version
    services: Services
