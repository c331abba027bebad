"""How a path is answered that leads to no method."""

import pytest

from taskweir.api.http_rule import Template
from taskweir.api.rest.path_styles import PathStyles
from taskweir.api.rest.style import GOOGLE, RestStyle

OLD, NEW = RestStyle(indents=True), RestStyle(writes_defaults=True)


@pytest.fixture
def styles() -> PathStyles:
    """Of three services, of which two begin alike."""
    styles = PathStyles()
    for template, style in (
        ("/old/v1/projects/{project}/queues", OLD),
        ("/old/v2/{name=projects/*}:verb", NEW),
        ("/{name=**}", NEW),
    ):
        styles.add(Template.parse(template), style)
    return styles


@pytest.mark.parametrize(
    ("path", "style"),
    [
        ("/old/v1/projects/p/queues", OLD),
        ("/old/v1/projects", OLD),
        ("/old/v1/nothing", OLD),
        ("/old/v2", NEW),
        ("/old/v2/projects/p/x", NEW),
        ("/old", OLD),
        ("/old/v3", OLD),
        ("/older/v1", GOOGLE),
        ("/v1/old", GOOGLE),
        ("/", GOOGLE),
        ("//old", GOOGLE),
        ("*", GOOGLE),
        ("", GOOGLE),
    ],
)
def test_a_path_is_answered_as_its_neighbours_are(styles: PathStyles, path: str, style: RestStyle) -> None:
    """By the longest beginning that they have in common; of two services, by the first."""
    assert styles.of(path) is style
