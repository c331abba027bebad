"""What `docker build` would send of the checkout, by .dockerignore, and how COPY takes from it."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path


class Context:
    """The files of a directory that its .dockerignore leaves."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        ignore = directory / ".dockerignore"
        self._rules = _rules(ignore.read_text()) if ignore.exists() else ()

    def has(self, path: str) -> bool:
        """Whether a file, or anything of a directory, is sent."""
        source = self._directory / path
        files = [source] if source.is_file() else [file for file in source.rglob("*") if file.is_file()]
        return any(self.is_sent(file.relative_to(self._directory).as_posix()) for file in files)

    def is_folder(self, path: str) -> bool:
        """Whether a source is one, so that its content is copied."""
        return (self._directory / path).is_dir()

    def copy(self, path: str, target: Path) -> None:
        """A file to a file; of a directory, what is in it. Raises FileNotFoundError."""
        source = self._directory / path
        if not self.has(path):
            raise FileNotFoundError(f"{path} is not in the context")
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            return
        for file in sorted(source.rglob("*")):
            if file.is_file() and self.is_sent(file.relative_to(self._directory).as_posix()):
                place = target / file.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, place)

    def is_sent(self, path: str) -> bool:
        """Whether the rules leave a path, which need not be there."""
        verdicts = [is_exception for is_exception, rule in self._rules if rule.match(path)]
        return verdicts[-1] if verdicts else True


def _rules(text: str) -> Sequence[tuple[bool, re.Pattern[str]]]:
    """Each line's rule, in their order: the last one that fits a path, or a directory above it, decides."""
    lines = [line.strip() for line in text.splitlines()]
    return [
        (line.startswith("!"), re.compile(_expression(line.removeprefix("!").strip().strip("/"))))
        for line in lines
        if line and not line.startswith("#")
    ]


def _expression(pattern: str) -> str:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    inner = re.sub(r"\*\*/|\*\*|\*|\?|[^*?]+", lambda part: parts.get(part[0]) or re.escape(part[0]), pattern)
    return f"{inner}(?:/|$)"
