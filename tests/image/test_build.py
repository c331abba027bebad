"""What the steps of a Dockerfile make, but for those that need root's rights."""

from pathlib import Path

import pytest
from tests.image.build import Build, Image
from tests.image.context import Context
from tests.image.dockerfile import DockerfileMistake, parse
from tests.image.machine import Machine


@pytest.fixture
def built(tmp_path: Path):
    """Builds a text, on a base that has one file, from a context that has a file and a folder."""
    source = tmp_path / "source"
    (source / "folder").mkdir(parents=True)
    (source / "file").write_text("file")
    (source / "folder" / "inner").write_text("inner")

    def begin(image: str, root: Path) -> None:
        root.mkdir()
        (root / "image").write_text(image)

    def build(text: str) -> Image:
        environ = {"PATH": "/bin"}
        return Build(Context(source), Machine({}, {}), tmp_path, begin, environ, lambda step: None).image(
            parse(text)
        )

    return build


def files(image: Image) -> list[str]:
    return sorted(path.relative_to(image.root).as_posix() for path in image.root.rglob("*") if path.is_file())


def test_an_image_is_as_its_instructions_say(built) -> None:
    """Of its last stage; variables are those of the build and of the image."""
    image = built(
        'ARG V=1\nFROM base:$V\nARG V\nENV PATH=/x:$PATH N=$V\nWORKDIR /w\nUSER 7:8\nLABEL a="b c"\n'
        'EXPOSE 1 2\nVOLUME ["/d"]\nSTOPSIGNAL SIGINT\nHEALTHCHECK --interval=1s CMD ["h", "i"]\n'
        'ENTRYPOINT ["e"]\nCMD ["$V"]'
    )
    assert (image.root / "image").read_text() == "base:1"
    assert image.environ == {"PATH": "/x:/bin", "N": "1"}
    assert (image.directory, image.user, image.labels) == ("/w", "7:8", {"a": "b c"})
    assert (image.ports, image.volumes, image.stop_signal) == ([1, 2], ["/d"], "SIGINT")
    assert (image.health_check, image.entrypoint, image.command) == (["h", "i"], ["e"], ["$V"])
    assert (image.root / "w").is_dir()


def test_copies_lie_where_docker_puts_them(built) -> None:
    """A file under its name or a new one, a folder's content; relative to the folder where the build is."""
    image = built("FROM a\nWORKDIR /w\nCOPY file ./\nCOPY file /new\nCOPY folder into\nCOPY file folder all/")
    assert files(image) == ["image", "new", "w/all/file", "w/all/inner", "w/file", "w/into/inner"]


def test_a_stage_takes_from_an_earlier_one(built) -> None:
    """And may begin with one, which stays as it was."""
    image = built(
        "FROM a AS one\nCOPY folder /one\nFROM b AS two\nCOPY --from=one /one/inner /picked\n"
        "COPY --from=one /one /whole\nFROM two\nCOPY file /more"
    )
    assert files(image) == ["image", "more", "picked", "whole/inner"]
    assert (image.root / "image").read_text() == "b"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("COPY file folder all", "Dockerfile:2: COPY: several sources go into a folder, which ends with /"),
        ("COPY --from=x a b", "Dockerfile:2: COPY: there is no stage x"),
        ("USER me", "Dockerfile:2: USER: UID:GID is expected"),
        ("HEALTHCHECK NONE", "Dockerfile:2: HEALTHCHECK: CMD is expected"),
    ],
)
def test_a_step_that_cannot_be_taken_is_named(built, text: str, mistake: str) -> None:
    """With its line."""
    with pytest.raises(DockerfileMistake) as caught:
        built(f"FROM a\n{text}")
    assert str(caught.value) == mistake
