"""How a Dockerfile is read."""

import pytest
from tests.image.dockerfile import DockerfileMistake, filled, parse

TEXT = """\
# A comment
ARG RELEASE=1.0
FROM base:${RELEASE} AS build
RUN one \\
    # within
    && two
COPY --from=earlier --chown=1:2 a b /c/

FROM build
ENV A=1 \\
    B="two words"
ENTRYPOINT ["run", "it"]
CMD serve now
"""


def test_stages_have_their_instructions() -> None:
    """Lines that go on are one; comments within are none of it; flags are taken off."""
    dockerfile = parse(TEXT)
    assert dockerfile.arguments == {"RELEASE": "1.0"}
    build, final = dockerfile.stages
    assert (build.base, build.name) == ("base:${RELEASE}", "build")
    assert (final.base, final.name) == ("build", "")
    run, copy = build.instructions
    assert (run.name, run.text, run.line) == ("RUN", "one && two", 4)
    assert copy.flags == {"from": "earlier", "chown": "1:2"}
    assert copy.words() == ["a", "b", "/c/"]
    env, entrypoint, command = final.instructions
    assert env.pairs() == {"A": "1", "B": "two words"}
    assert entrypoint.command() == ["run", "it"]
    assert command.command() == ["/bin/sh", "-c", "serve now"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-x}${B}", "x"),
        ("${EMPTY:-x}", "x"),
        ("/bin:$PATH", "/bin:"),
        ("plain", "plain"),
    ],
)
def test_variables_are_filled_in(text: str, result: str) -> None:
    """What is not set is empty."""
    assert filled(text, {"A": "1", "EMPTY": ""}) == result


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "Dockerfile: there is no FROM"),
        ("RUN x", "Dockerfile:1: RUN: before the first FROM"),
        ("FROM a b", "Dockerfile:1: FROM: IMAGE or IMAGE AS NAME is expected"),
        ('FROM a\nSHELL ["x"]', "Dockerfile:2: SHELL: not understood here"),
        ("FROM a\nRUN --network none x", "Dockerfile:2: RUN: not understood here: --network none x"),
        ("FROM a\nRUN <<END", "Dockerfile:2: RUN: not understood here: <<END"),
        ("FROM a\nRUN x \\", "Dockerfile:2: goes on past the end of the file"),
        ("ARG a", "Dockerfile:1: ARG: NAME=VALUE is expected"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(text: str, mistake: str) -> None:
    """Nothing is passed over."""
    with pytest.raises(DockerfileMistake) as caught:
        parse(text)
    assert str(caught.value) == mistake
