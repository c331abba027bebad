"""What is written is used."""

import ast
import re
from pathlib import Path

SERVER = Path(__file__).parent.parent / "server" / "taskweir"


def test_every_private_function_is_used_in_its_file() -> None:
    """One that nobody calls is dead, or was meant to be called and does nothing."""
    unused = []
    for path in SERVER.rglob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            private = node.name.startswith("_") and not node.name.startswith("__")
            if private and len(re.findall(rf"\b{node.name}\b", text)) < 2:
                unused.append(f"{path.name}: {node.name}")
    assert unused == []
