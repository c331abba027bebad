"""The environment in which programs find a server: the SDK, gcloud, Terraform, and Python with nothing changed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import taskweir
from taskweir.sdk import CA_FILE_VARIABLE, TOKEN_VARIABLE, VARIABLE, Access
from taskweir.settings import DEFAULT_PROJECT

INJECTION: Final = str(Path(taskweir.__file__).resolve().parent / "injection")
"""A directory for PYTHONPATH whose sitecustomize installs taskweir.sdk in any Python of the same machine."""

_IN_PLAIN_TEXT: Final = Access()

_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - what others bind to


def client_address(bound: str) -> str:
    """Where to reach a server on this machine that is bound to HOST:PORT: one can't connect to every address."""
    host, _, port = bound.rpartition(":")
    return f"{_EVERY_ADDRESS.get(host, host)}:{port}"


def host_and_port(host: str, port: int) -> str:
    """HOST:PORT with the brackets that an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def client_environment(
    address: str, project: str | None, environ: Mapping[str, str], access: Access = _IN_PLAIN_TEXT
) -> dict[str, str]:
    """The variables to set on top of `environ`. `address` is of the HTTP port, which serves whatever a program speaks.

    `project` is where gcloud looks unless told. It beats gcloud's own configuration, which knows of no server but
    production; where it is only the default, a variable that is set already stays.
    """
    address = client_address(address)
    url = f"{'https' if access.is_secure else 'http'}://{address}"
    found = {
        VARIABLE: url if access.is_secure else address,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS": f"{url}/",
        # Said either way: a shell may have it from another server.
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "false" if access.token else "true",
        "GOOGLE_CLOUD_TASKS_CUSTOM_ENDPOINT": f"{url}/v2/",
        "PYTHONPATH": _python_path(environ.get("PYTHONPATH", "")),
    }
    if project and (project != DEFAULT_PROJECT or not environ.get("CLOUDSDK_CORE_PROJECT")):
        found["CLOUDSDK_CORE_PROJECT"] = project
    if access.ca_file:
        found |= dict.fromkeys((CA_FILE_VARIABLE, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"), access.ca_file)
    if access.token:
        # gcloud's is the variable and not the file of a token: --auth-token-file may have several.
        names = (TOKEN_VARIABLE, "CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN")
        found |= dict.fromkeys(names, access.token)
    return found


def _python_path(present: str) -> str:
    """Ours first. Empty entries stay: to Python they mean the current directory."""
    kept = [part for part in present.split(os.pathsep) if part != INJECTION] if present else []
    return os.pathsep.join([INJECTION, *kept])
