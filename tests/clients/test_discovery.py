"""google-api-python-client with the discovery documents that it brings."""

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)

_PROGRAM = toolchains.HERE / "python" / "discovery_client.py"


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_every_method_of_the_document_is_answered_as_it_describes(drive: Drive, version: str):
    """The program calls all that the version's document lists, and holds each answer to its schema."""
    drive.run([toolchains.python(), _PROGRAM, version])
    assert drive.delivered() == b"from the discovery client"
