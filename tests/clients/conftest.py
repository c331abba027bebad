"""The server that a client is run against, and what it is asked afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.certificates import Certificate
from tests.clients.drive import Drive
from tests.served import served

import taskweir.testing
from taskweir.testing import Handler, Project, Server

_HERE: Final = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only who names them runs these: they take minutes, several tool chains and a network."""
    named = (
        Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args
    )
    return None if any(path.is_relative_to(_HERE) for path in named) else True


@pytest.fixture
def drive(taskweir: Project, taskweir_handler: Handler) -> Drive:
    """Runs clients in a project of their own."""
    return Drive(taskweir, taskweir_handler)


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that speaks TLS, by a certificate of its own for loopback, and asks for a token."""
    folder = tmp_path_factory.mktemp("guarded")
    tokens = folder / "tokens"
    tokens.write_text("sesame\n")
    shown = Certificate.self_signed(folder, "localhost", "127.0.0.1")
    with served(":memory:", f"--auth-token-file={tokens}", *shown.flags) as at:
        grpc, http = f"https://{at.grpc_address}", f"https://{at.http_address}"
        with taskweir.testing.connect(grpc, http, token="sesame", ca_file=shown.file) as server:
            yield server


@pytest.fixture
def guarded_drive(guarded: Server, taskweir_handler: Handler) -> Drive:
    """As `drive`, with that server."""
    return Drive(guarded.project(), taskweir_handler)
