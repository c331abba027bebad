"""Files that are read again when they have changed."""

from pathlib import Path

import pytest

from taskweir.api.renewed_file import RenewedFile, UnusableFile, read_file


class Text:
    """A file with a text, and a clock to look at it by."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.time = 0.0
        self.reads = 0
        path.write_text("one")
        self.file = RenewedFile(self._read, str(path), now=lambda: self.time)

    def _read(self) -> str:
        self.reads += 1
        text = read_file("--text", str(self.path)).decode()
        if not text:
            raise UnusableFile("there is nothing in it")
        return text

    def after(self, seconds: float) -> str:
        self.time += seconds
        return self.file.current()


@pytest.fixture
def text(tmp_path: Path) -> Text:
    return Text(tmp_path / "text")


def test_a_change_is_seen_after_a_second(text: Text) -> None:
    """Not sooner: calls do not pay for it."""
    text.path.write_text("longer")
    assert text.after(0.9) == "one"
    assert text.after(0.2) == "longer"
    text.path.write_text("other, and longer")
    assert text.after(0.9) == "longer"
    assert text.after(0.2) == "other, and longer"


def test_what_has_not_changed_is_not_read_again(text: Text) -> None:
    """However often it is asked for."""
    assert [text.after(1.5) for _ in range(5)] == ["one"] * 5
    assert text.reads == 1


def test_a_file_put_in_its_place_is_seen(text: Text, tmp_path: Path) -> None:
    """As careful tools replace files; of the same size, too."""
    (tmp_path / "new").write_text("two")
    (tmp_path / "new").replace(text.path)
    assert text.after(1.5) == "two"


def test_a_file_that_is_gone_changes_nothing(text: Text, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so once; it may come back."""
    text.path.unlink()
    assert [text.after(1.5) for _ in range(5)] == ["one"] * 5
    assert [record.getMessage() for record in caplog.records] == [
        f"--text {text.path}: No such file or directory; what was read before stays in use"
    ]
    text.path.write_text("two")
    assert text.after(1.5) == "two"


def test_a_file_that_has_become_unusable_changes_nothing(
    text: Text, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as one that is being written."""
    text.path.write_text("")
    assert [text.after(1.5) for _ in range(5)] == ["one"] * 5
    assert len(caplog.records) == 1


def test_the_first_time_it_must_be_usable(tmp_path: Path) -> None:
    """Nothing else is there to be used."""
    with pytest.raises(UnusableFile, match=r"^--text /nowhere: No such file or directory$"):
        RenewedFile(lambda: read_file("--text", "/nowhere"), "/nowhere")
