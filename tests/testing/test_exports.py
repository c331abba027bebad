"""What `taskweir.testing` offers can be named by who uses it."""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import pytest

from taskweir import testing

CLASSES = [found for name in testing.__all__ if inspect.isclass(found := getattr(testing, name))]


def signatures(module: ModuleType, class_name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Of the class's public methods."""
    tree = ast.parse(inspect.getsource(module))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """In its annotations."""
    arguments = [*function.args.args, *function.args.kwonlyargs, function.args.vararg, function.args.kwarg]
    for annotation in (function.returns, *(argument.annotation for argument in arguments if argument)):
        for node in ast.walk(annotation) if annotation else ():
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@cache
def made_here() -> set[str]:
    """Names of types that the package's modules make, by a class or an assignment."""
    found = set()
    for module in [each for name, each in sys.modules.items() if name.startswith("taskweir.testing.")]:
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.Call):
                found.add(ast.unparse(node.targets[0]))
    return found


@pytest.mark.parametrize("public", CLASSES, ids=lambda public: public.__name__)
def test_types_in_signatures_are_exported(public: type) -> None:
    """Also those of methods that a class has from another."""
    missing = {
        f"{owner.__name__}.{function.name}: {name}"
        for owner in public.__mro__
        if owner.__module__.startswith("taskweir.testing.")
        for function in signatures(sys.modules[owner.__module__], owner.__name__)
        for name in names(function)
        if name in made_here() and name not in testing.__all__
    }
    assert missing == set()
