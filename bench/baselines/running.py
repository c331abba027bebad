"""Baselines that run for a while and say what they did."""

import asyncio
import json
import subprocess
import sys
from typing import Any

from tests.processes import environment


async def outcome_of(module: str, *arguments: object) -> dict[str, Any]:
    """What `python -m MODULE ARGUMENT…` printed, in JSON. Raises RuntimeError when it failed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *map(str, arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{module}: {errors.decode(errors='replace')[-2_000:]}")
    found: dict[str, Any] = json.loads(output)
    return found
