"""No test sleeps to let time pass: the clock is moved, or an effect is waited for."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
MEASURED = ("crash", "scale", "siege")
"""Programs that put a real server under a real load for a while; `make test` does not run them."""


def sleeps(tree: ast.AST, *, in_loop: bool = False) -> Iterator[ast.Call]:
    """Calls of `sleep` outside of loops. Inside one they are between two looks for an effect, and `sleep(0)` lets
    others go on."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and ast.unparse(node).partition("(")[0].endswith("sleep"):
            lets_go_on = [ast.unparse(argument) for argument in node.args] == ["0"]
            if not in_loop and not lets_go_on:
                yield node
        yield from sleeps(node, in_loop=in_loop or isinstance(node, ast.While | ast.For | ast.AsyncFor))


def test_no_test_sleeps() -> None:
    """Nor does what they share."""
    found = [
        f"{path.relative_to(TESTS)}:{call.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.relative_to(TESTS).parts[0] not in MEASURED
        for call in sleeps(ast.parse(path.read_text()))
    ]
    assert found == []


def test_a_sleep_is_found() -> None:
    """Where it lets time pass, and nowhere else."""
    text = "time.sleep(1)\nawait asyncio.sleep(0)\nwhile not done():\n    time.sleep(0.01)\nsleep(SECOND)"
    assert [call.lineno for call in sleeps(ast.parse(text))] == [1, 5]
