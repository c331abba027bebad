"""Access policies, locations and encryption keys: the same through every version that has them, and transport."""

import pytest
from tests.api.surfaces.every_surface import of
from tests.api.surfaces.surface import Refused, Surface

PERMISSIONS = ["cloudtasks.tasks.create", "cloudtasks.queues.get"]


@pytest.fixture
def queue(surface: Surface, parent: str) -> str:
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    return name


def test_a_new_queue_has_an_empty_policy(surface: Surface, queue: str) -> None:
    """With an etag."""
    assert surface.ask("get_iam_policy", resource=queue).keys() == {"etag"}


def test_a_policy_is_kept(surface: Surface, queue: str) -> None:
    """Whole, with its conditions; the etag changes with it, and an old one is refused."""
    condition = {"expression": "true", "title": "t", "description": "d", "location": "l"}
    members = ["user:a@example.com", "user:b@example.com"]
    binding = {"role": "roles/cloudtasks.enqueuer", "members": members, "condition": condition}
    before = surface.ask("get_iam_policy", resource=queue)
    policy = {"version": 3, "bindings": [binding], "etag": before["etag"]}

    answer = surface.ask("set_iam_policy", resource=queue, policy=policy)

    assert answer == {**policy, "etag": answer["etag"]}
    assert answer["etag"] != before["etag"]
    asked = {"resource": queue, "options": {"requested_policy_version": 3}}
    assert surface.ask("get_iam_policy", **asked) == answer
    assert surface.refusal("set_iam_policy", resource=queue, policy=policy) == Refused(
        409,
        "There were concurrent policy changes. "
        "Please retry the whole read-modify-write with exponential backoff.",
    )


def test_every_permission_is_granted_on_a_queue_that_exists(surface: Surface, queue: str) -> None:
    """And none on one that does not, which is no error."""
    there = surface.ask("test_iam_permissions", resource=queue, permissions=PERMISSIONS)
    not_there = surface.ask("test_iam_permissions", resource=f"{queue}-none", permissions=PERMISSIONS)

    assert (there, not_there) == ({"permissions": PERMISSIONS}, {})


def test_locations_come_in_pages(surface: Surface, parent: str) -> None:
    """The server's, then production's regions and the project's own; each by itself too."""
    project = parent.partition("/locations/")[0]
    mine = f"{project}/locations/my-laptop"
    surface.ask("create_queue", parent=mine, queue={"name": f"{mine}/queues/q"})
    found = []
    token = ""
    while not found or token:
        page = surface.ask("list_locations", name=project, page_size=15, page_token=token)
        assert len(page["locations"]) <= 15
        found += page["locations"]
        token = page.get("next_page_token", "")

    ids = [location["location_id"] for location in found]
    assert ids == ["us-central1", *sorted({*ids} - {"us-central1"})]
    assert {"europe-west1", "my-laptop"} <= set(ids)
    assert surface.ask("get_location", name=mine) == found[ids.index("my-laptop")]
    assert surface.ask("get_location", name=parent) == {
        "name": parent,
        "location_id": "us-central1",
        "display_name": "us-central1",
        "labels": {"cloud.googleapis.com/region": "us-central1"},
    }


@of("v2", "v2beta3")
def test_an_encryption_key_is_kept(surface: Surface, parent: str) -> None:
    """Empty until it is set; a mask without it changes nothing; an empty one turns it off."""
    name = f"{parent}/cmekConfig"
    unset, is_set = {"name": name}, {"name": name, "kms_key": f"{parent}/keyRings/r/cryptoKeys/k"}

    def update(config: dict[str, str], *mask: str) -> dict[str, str]:
        return surface.ask("update_cmek_config", cmek_config=config, update_mask=list(mask))

    assert surface.ask("get_cmek_config", name=name) == unset
    assert update(is_set) == is_set
    assert surface.ask("get_cmek_config", name=name) == is_set
    assert update(unset, "name") == is_set
    assert update(unset, "kms_key") == unset
    assert surface.ask("get_cmek_config", name=name) == unset
