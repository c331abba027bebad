"""How the limit on open files is shared out."""

import logging
import resource

import pytest

from taskweir import open_files
from taskweir.open_files import OpenFiles

ATTEMPTS = 10_000


@pytest.mark.parametrize(
    ("files", "wished", "shares"),
    [
        (1 << 20, 20_000, OpenFiles(10_000, 20_000, 20_000)),
        (50_512, 20_000, OpenFiles(10_000, 20_000, 20_000)),
        (20_000, 20_000, OpenFiles(5_000, 7_244, 7_244)),
        (20_000, 100, OpenFiles(5_000, 100, 100)),
        (4_096, 20_000, OpenFiles(1_792, 896, 896)),
        (256, 20_000, OpenFiles(16, 16, 16)),
        (1 << 20, 0, OpenFiles(10_000, 519_032, 519_032)),
    ],
)
def test_attempts_and_connections_share_the_files(files: int, wished: int, shares: OpenFiles) -> None:
    """Each attempt takes one, a connection too."""
    assert OpenFiles.of(files, wished, ATTEMPTS) == shares
    assert files < 1_000 or shares.attempts + shares.grpc + shares.http + 512 <= files


@pytest.mark.parametrize(
    ("files", "wished", "shares"),
    [
        (1 << 20, 20_000, OpenFiles(10_000, 20_000, 20_000)),
        (70_512, 20_000, OpenFiles(10_000, 20_000, 20_000)),
        (20_000, 20_000, OpenFiles(5_000, 11_590, 1_449)),
        (20_000, 100, OpenFiles(5_000, 100, 100)),
        (4_096, 20_000, OpenFiles(1_792, 1_433, 179)),
        (256, 20_000, OpenFiles(16, 16, 16)),
        (1 << 20, 0, OpenFiles(10_000, 830_451, 103_806)),
    ],
)
def test_relays_take_files_too(files: int, wished: int, shares: OpenFiles) -> None:
    """Half of the connections over HTTP may be relayed, and take two others. Ten thousand to gRPC that do nothing leave
    room for more where there are 20,000 files."""
    assert OpenFiles.of(files, wished, ATTEMPTS, relayed=True) == shares
    assert files < 1_000 or shares.attempts + shares.grpc + 2 * shares.http + 512 <= files


class Limits:
    """Of a process, in place of the system's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, highest: int = 1 << 30) -> None:
        self.limits = (soft, hard)
        self._highest = highest
        monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: self.limits)
        monkeypatch.setattr(open_files.resource, "setrlimit", self._set)

    def _set(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self._highest:
            raise ValueError("current limit exceeds maximum limit")
        self.limits = limits


@pytest.mark.parametrize(
    ("soft", "hard", "then"),
    [
        (1_024, 1 << 20, 50_512),
        (1_024, resource.RLIM_INFINITY, 50_512),
        (1_024, 20_000, 20_000),
        (1 << 20, 1 << 20, 1 << 20),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, resource.RLIM_INFINITY),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_is_needed(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, then: int
) -> None:
    """And never lowered; the hard one stays."""
    process = Limits(monkeypatch, soft, hard)
    OpenFiles.shared_out(20_000, ATTEMPTS)
    assert process.limits == (then, hard)


def test_a_limit_that_cannot_be_raised_is_lived_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    process = Limits(monkeypatch, 1_024, resource.RLIM_INFINITY, highest=10_240)
    assert OpenFiles.shared_out(20_000, ATTEMPTS) == OpenFiles.of(1_024, 20_000, ATTEMPTS)
    assert process.limits[0] == 1_024


def test_fewer_connections_than_were_asked_for_are_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line; nobody asked for the default, or for any number."""
    caplog.set_level(logging.INFO)
    Limits(monkeypatch, 20_000, 20_000)
    for wished in (20_000, 0, 7_244):
        OpenFiles.shared_out(wished, ATTEMPTS)
    assert caplog.messages == []
    OpenFiles.shared_out(9_000, ATTEMPTS)
    [line] = caplog.messages
    assert line == (
        "--max-connections 9000: the limit of 20000 open files has room for 7244 to the gRPC port and 7244 to the other"
    )
