"""Paths of fields, as masks and filters name them."""

from collections.abc import Mapping


def renamed(path: str, names: Mapping[str, str]) -> str:
    """The path, with its longest beginning that has another name under that name."""
    head, rest = path, ""
    while head:
        if head in names:
            return names[head] + rest
        head, dot, last = head.rpartition(".")
        rest = dot + last + rest
    return path
