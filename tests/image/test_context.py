"""What is sent to a build."""

from pathlib import Path

import pytest
from tests.image.context import Context


def context(directory: Path, ignore: str, *files: str) -> Context:
    """A directory with these files."""
    (directory / ".dockerignore").write_text(ignore)
    for name in files:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return Context(directory)


@pytest.mark.parametrize(
    ("ignore", "path", "is_sent"),
    [
        ("", "a", True),
        ("a", "a", False),
        ("a", "ab", True),
        ("a", "a/b/c", False),
        ("/a/", "a/b", False),
        ("*", "a/b", False),
        ("*\n!a", "a/b", True),
        ("*\n!a\na/b", "a/b/c", False),
        ("*.md", "a.md", False),
        ("*.md", "a/b.md", True),
        ("**/*.md", "a/b.md", False),
        ("**/c", "a/b/c/d", False),
        ("a?", "ab", False),
        ("# a\n\n", "a", True),
    ],
)
def test_the_last_rule_that_fits_decides(tmp_path: Path, ignore: str, path: str, is_sent: bool) -> None:
    """A rule for a directory is one for all that is in it."""
    assert context(tmp_path, ignore).is_sent(path) is is_sent


def test_a_directory_is_copied_without_what_is_ignored(tmp_path: Path) -> None:
    """Its content, with the folders in it."""
    source, target = tmp_path / "s", tmp_path / "t"
    source.mkdir()
    context(source, "**/no", "a/1", "a/b/2", "a/no/3").copy("a", target)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == ["1", "b", "b/2"]


def test_what_is_ignored_cannot_be_copied(tmp_path: Path) -> None:
    """As where it is not there."""
    found = context(tmp_path, "a", "a/1")
    assert not found.has("a")
    with pytest.raises(FileNotFoundError, match="a is not in the context"):
        found.copy("a", tmp_path / "t")
