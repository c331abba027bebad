"""What is carried into the roots that things are installed in."""

import shutil
from pathlib import Path

import pytest
from tests.image import machine
from tests.image.base import NoStandIn, make_base
from tests.image.machine import missing, this_machine


def test_pips_settings_and_the_files_they_name_are_carried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its variables and its files, of which later ones win; certificates and proxies, too; nothing else."""
    wheels, more, bundle = (tmp_path / name for name in ("wheels", "more", "bundle.pem"))
    wheels.mkdir()
    more.mkdir()
    bundle.write_text("")
    (tmp_path / "1.conf").write_text(f"[global]\nfind-links =\n    {more}\n    /nowhere\ntimeout = 1\n")
    (tmp_path / "2.conf").write_text("[global]\ntimeout = 2\n[install]\nno-compile = no\n")
    monkeypatch.setattr(machine, "_PIP_FILES", (str(tmp_path / "1.conf"), str(tmp_path / "2.conf")))
    monkeypatch.setattr(
        machine.os,
        "environ",
        {"PIP_FIND_LINKS": str(wheels), "SSL_CERT_FILE": str(bundle), "HTTPS_PROXY": "p:1", "SECRET": "/"},
    )
    found = this_machine(tmp_path)
    assert set(found.environ) == {"PIP_FIND_LINKS", "SSL_CERT_FILE", "HTTPS_PROXY"}
    carried = {place: path for place, path in found.files.items() if place != "/etc/resolv.conf"}
    assert carried == {str(path): path for path in (wheels, more, bundle)} | {
        "/etc/pip.conf": tmp_path / "pip.conf"
    }
    assert (tmp_path / "pip.conf").read_text().split() == [
        *("[global]", "find-links", "=", str(more), "/nowhere", "timeout", "=", "2"),
        *("[install]", "no-compile", "=", "no"),
    ]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools and rights."""
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "debootstrap" else tool)
    monkeypatch.setattr(machine.os, "geteuid", lambda: 1)
    assert missing() == ["debootstrap", "root's rights"]


@pytest.mark.parametrize("image", ["debian:trixie", "python:3.13-slim", "python:3.13-alpine"])
def test_an_image_without_a_stand_in_is_refused(tmp_path: Path, image: str) -> None:
    """Only slim images of Python that name their Debian release have one."""
    with pytest.raises(NoStandIn, match="only python:VERSION-slim-RELEASE is known here"):
        make_base(image, (), tmp_path / "root", tmp_path / "log")
