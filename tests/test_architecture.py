"""The imports point one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).parent.parent / "server"

# Who may import what within the project. A package may import itself.
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "clock": {"domain"},
    "deadline": set(),
    "health": set(),
    "sdk": set(),
    "setting_kinds": {"domain"},
    "settings": {"domain", "setting_kinds"},
    "store": {"domain", "clock", "deadline", "effect"},
    "yaml_nodes": set(),
    "queue_file": {"domain", "yaml_nodes"},
    "service": {"domain", "clock", "store.base", "queue_file"},
    "configured_queues": {"domain", "settings", "queue_file", "service"},
    "push": {"domain", "clock", "store.base"},
    "control": {"domain", "clock", "store.base", "store.sweeper", "service", "push"},
    "metrics": {"domain", "clock", "store.base"},
    "api": {"domain", "deadline", "effect", "service", "control", "taskweir_pb"},
    "app": {
        "domain",
        "clock",
        "configured_queues",
        "health",
        "settings",
        "store",
        "service",
        "push",
        "control",
        "metrics",
        "api",
    },
    "command": {
        "app",
        "settings",
        "setting_kinds",
        "sdk",
        "domain",
        "store",
        "api",
        "queue_file",
        "yaml_nodes",
        "taskweir_pb",
    },
    "testing": {"taskweir_pb", "app", "command", "settings", "store.sqlite"},
    "pytest_plugin": {"testing", "sdk"},
    "effect": set(),
    "__main__": {"command", "settings"},
    "injection": set(),
    "__init__": set(),
}


def modules() -> Iterator[tuple[str, Path]]:
    root = SERVER / "taskweir"
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root).parts[0].removesuffix(".py"), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within_the_project(name: str) -> str | None:
    first, _, rest = name.partition(".")
    return first if first == "taskweir_pb" else rest if first == "taskweir" else None


@pytest.mark.parametrize("package", sorted({package for package, _ in modules()}))
def test_imports_point_one_way(package: str) -> None:
    """Each package imports only what the arrows allow."""
    allowed = ARROWS[package] | {package}
    for owner, path in modules():
        if owner != package:
            continue
        for name in imports(path):
            inner = within_the_project(name)
            if inner in (None, "", "__version__"):
                continue
            assert inner is not None
            assert any(inner == arrow or inner.startswith(f"{arrow}.") for arrow in allowed), (
                f"{path}: {name}"
            )


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
