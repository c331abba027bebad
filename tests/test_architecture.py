"""The imports point one way."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

SERVER = Path(__file__).parent.parent / "server"

# Who may import what within the project. A package may import itself.
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "clock": {"domain"},
    "deadline": set(),
    "health": set(),
    "open_files": set(),
    "sdk": set(),
    "setting_kinds": {"domain", "queue_file"},
    "settings": {"domain", "setting_kinds"},
    "store": {"domain", "clock", "deadline", "effect"},
    "yaml_nodes": set(),
    "queue_file": {"domain", "yaml_nodes"},
    "service": {"domain", "clock", "store.base", "queue_file"},
    "version": set(),
    "configured_queues": {"domain", "settings", "service.queues", "service.queue_files"},
    "push": {"domain", "clock", "store.base"},
    "tokens": {"domain", "store.base", "push.tokens"},
    "control": {"domain", "clock", "store.base", "store.sweeper", "service.page", "push"},
    "metrics": {"domain", "clock", "store.base", "version"},
    "api": {"domain", "deadline", "effect", "service", "control", "taskweir_pb", "version"},
    "app": {
        "domain",
        "clock",
        "configured_queues",
        "health",
        "open_files",
        "settings",
        "store",
        "service",
        "push",
        "tokens",
        "control",
        "metrics",
        "api",
    },
    "command": {
        "app",
        "settings",
        "setting_kinds",
        "domain",
        "store.sqlite",
        "api.v2.codec_queue",
        "api.authentication",
        "api.renewed_file",
        "sdk",
        "yaml_nodes",
        "taskweir_pb",
        "version",
    },
    "testing": {"taskweir_pb", "app", "command", "sdk", "settings", "store.sqlite"},
    "pytest_plugin": {"testing", "sdk"},
    "effect": set(),
    "__main__": {"command", "settings"},
    "injection": set(),
    "__init__": set(),
}

# The same for the parts of api/. Its own files, but for surfaces.py, are what the parts stand on.
FOUNDATION = "foundation"
API_ARROWS: dict[str, set[str]] = {
    FOUNDATION: set(),
    "grpc": {FOUNDATION},
    "rest": {FOUNDATION},
    "http": {FOUNDATION, "rest.answer"},
    "http2": {FOUNDATION},
    "cloud_tasks": {FOUNDATION},
    "v2": {"cloud_tasks"},
    "v2beta3": {FOUNDATION, "cloud_tasks"},
    "v2beta2": {FOUNDATION, "cloud_tasks"},
    "taskqueue": {FOUNDATION, "rest.style"},
    "firebase": {FOUNDATION, "rest.style", "cloud_tasks", "v2"},
    "control": {FOUNDATION},
    "surfaces": {
        FOUNDATION,
        "rest.style",
        "rest.surface",
        "cloud_tasks",
        "v2",
        "v2beta3",
        "v2beta2",
        "taskqueue",
        "firebase",
        "control",
    },
}


def modules() -> Iterator[tuple[str, Path]]:
    root = SERVER / "taskweir"
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root).parts[0].removesuffix(".py"), path


@cache
def imports(path: Path) -> Sequence[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found += (f"{module}.{alias.name}" for alias in node.names)
    return found


def within_the_project(name: str) -> str | None:
    first, _, rest = name.partition(".")
    return first if first == "taskweir_pb" else rest if first == "taskweir" else None


def reached(package: str) -> Iterator[tuple[Path, str]]:
    """What the files of a package import within the project."""
    for owner, path in modules():
        if owner == package:
            for name in imports(path):
                inner = within_the_project(name)
                if inner not in (None, "", "__version__"):
                    assert inner is not None
                    yield path, inner


def api_part(path: Path) -> str:
    """The part of api/ that a file belongs to."""
    first = path.relative_to(SERVER / "taskweir" / "api").parts[0].removesuffix(".py")
    return first if first in API_ARROWS else FOUNDATION


def reached_in_api(part: str) -> Iterator[tuple[Path, str]]:
    """What the files of a part of api/ import of others."""
    for path, inner in reached("api"):
        if api_part(path) == part and inner.startswith("api."):
            name = inner.removeprefix("api.")
            yield path, name if name.partition(".")[0] in API_ARROWS else FOUNDATION


def along(arrow: str, name: str) -> bool:
    return name == arrow or name.startswith(f"{arrow}.")


@pytest.mark.parametrize("package", sorted({package for package, _ in modules()}))
def test_imports_point_one_way(package: str) -> None:
    """Each package imports only what the arrows allow."""
    for path, name in reached(package):
        assert any(along(arrow, name) for arrow in ARROWS[package] | {package}), f"{path}: {name}"


@pytest.mark.parametrize("part", sorted(API_ARROWS))
def test_imports_within_the_api_point_one_way(part: str) -> None:
    """A surface knows what it stands on, and no other surface but one that it is a dialect of."""
    for path, name in reached_in_api(part):
        assert any(along(arrow, name) for arrow in API_ARROWS[part] | {part}), f"{path}: {name}"


def test_no_arrow_is_there_for_nothing() -> None:
    """What nobody imports any more is not allowed any more."""
    packages = {
        f"{package} -> {arrow}"
        for package, arrows in ARROWS.items()
        for arrow in arrows
        if not any(along(arrow, name) for _, name in reached(package))
    }
    parts = {
        f"api.{part} -> {arrow}"
        for part, arrows in API_ARROWS.items()
        for arrow in arrows
        if not any(along(arrow, name) for _, name in reached_in_api(part))
    }
    assert packages | parts == set()


def test_the_tree_that_is_told_of_is_there() -> None:
    """Each file that ARCHITECTURE.md names is in the project; each module of the rules and of the top is named."""
    told = (SERVER.parent / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"(?<![\w*])\w+\.py\b", told))
    present = {
        path.name
        for folder in ("server", "tests", "protos", "bench")
        for path in (SERVER.parent / folder).rglob("*.py")
    }
    assert named - present == set()
    root = SERVER / "taskweir"
    modules = {path.name for folder in (root, root / "domain") for path in folder.glob("*.py")}
    assert modules - named - {"__init__.py"} == set()


def test_the_domain_is_pure() -> None:
    """It imports the standard library only, and nothing that tells the time, waits, or talks to the outside."""
    forbidden = {"asyncio", "time", "socket", "threading", "os", "sqlite3", "random", "secrets"}
    for path in (SERVER / "taskweir" / "domain").glob("*.py"):
        for name in imports(path):
            assert name.partition(".")[0] not in forbidden, f"{path}: {name}"


def test_only_the_api_and_the_config_file_see_wire_messages() -> None:
    """The stubs are imported under api/, by the reader of config files, which hold queues in that shape, and by
    testing/, which is a client."""
    for owner, path in modules():
        if any(name.startswith(("taskweir_pb", "google.protobuf")) for name in imports(path)):
            assert owner in ("api", "command", "testing"), path


def test_no_file_grows_past_four_hundred_lines() -> None:
    """One noun a file."""
    assert [path for _, path in modules() if len(path.read_text().splitlines()) > 400] == []
