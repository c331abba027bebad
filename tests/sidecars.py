"""The examples of taskweir beside an app, taken apart: how each starts the server, and what it asks it."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

EXAMPLES: Final = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Sidecar:
    """`arguments` are the container's, `health_checks` commands that are run in it, `paths` and `ports` are those of
    its HTTP probes and of gRPC probes, `published` those that others reach it by."""

    environ: Mapping[str, str]
    arguments: Sequence[str] = ()
    health_checks: Sequence[Sequence[str]] = ()
    paths: Sequence[str] = ()
    grpc_ports: Sequence[int] = ()
    http_ports: Sequence[int] = ()
    published: Sequence[int] = field(default=())


def read(name: str) -> Any:
    """The YAML of an example."""
    return yaml.safe_load((EXAMPLES / name).read_text())


def compose() -> Sidecar:
    service = read("compose/compose.yaml")["services"]["taskweir"]
    ports = [int(port.rpartition(":")[2]) for port in service["ports"]]
    return Sidecar(service["environment"], published=ports)


def github_actions() -> Sidecar:
    service = read("github-actions/tests.yml")["jobs"]["test"]["services"]["taskweir"]
    options = shlex.split(service["options"])
    health = options[options.index("--health-cmd") + 1]
    ports = [int(port.rpartition(":")[2]) for port in service["ports"]]
    return Sidecar(service["env"], health_checks=[shlex.split(health)], published=ports)


def gitlab() -> Sidecar:
    (service,) = read("gitlab/.gitlab-ci.yml")["test"]["services"]
    return Sidecar({}, service["command"])


def kubernetes() -> Sidecar:
    pod = read("kubernetes/app.yaml")["spec"]["template"]["spec"]
    (container,) = pod["initContainers"]
    names = {port["name"]: port["containerPort"] for port in container["ports"]}
    probes = [container[kind] for kind in ("startupProbe", "readinessProbe", "livenessProbe")]
    over_http = [probe["httpGet"] for probe in probes if "httpGet" in probe]
    return Sidecar(
        {variable["name"]: variable["value"] for variable in container["env"]},
        paths=[probe["path"] for probe in over_http],
        http_ports=[names.get(probe["port"], probe["port"]) for probe in over_http],
        grpc_ports=[probe["grpc"]["port"] for probe in probes if "grpc" in probe],
        published=list(names.values()),
    )


ALL: Final = {
    "compose": compose,
    "github-actions": github_actions,
    "gitlab": gitlab,
    "kubernetes": kubernetes,
}


def clients_address(name: str) -> str:
    """The CLOUD_TASKS_EMULATOR_HOST that an example's app is given."""
    (found,) = set(
        re.findall(r"CLOUD_TASKS_EMULATOR_HOST(?:: |, value: )\"?([\w.]+:\d+)", example_text(name))
    )
    return found


def example_text(name: str) -> str:
    """All YAML of an example."""
    files = [path for path in (EXAMPLES / name).iterdir() if path.suffix in (".yaml", ".yml")]
    return "\n".join(path.read_text() for path in files)
