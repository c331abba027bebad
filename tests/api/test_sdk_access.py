"""Access policies, encryption keys and locations through the official client."""

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import expr_pb2

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
CMEK = f"{PARENT}/cmekConfig"
KEY = f"{PARENT}/keyRings/r/cryptoKeys/k"

Client = tasks_v2.CloudTasksAsyncClient


@pytest.fixture(autouse=True)
async def queue(client: Client) -> None:
    """A queue."""
    await client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=QUEUE))


async def test_a_new_queue_has_an_empty_policy(client: Client) -> None:
    """With an etag."""
    policy = await client.get_iam_policy(resource=QUEUE)

    assert policy == policy_pb2.Policy(etag=policy.etag)
    assert policy.etag


async def test_a_policy_is_kept(client: Client) -> None:
    """Whole, with its conditions; the etag changes with it."""
    binding = policy_pb2.Binding(
        role="roles/cloudtasks.enqueuer",
        members=["user:a@example.com", "user:b@example.com"],
        condition=expr_pb2.Expr(expression="true", title="t", description="d", location="l"),
    )
    before = await client.get_iam_policy(resource=QUEUE)
    policy = policy_pb2.Policy(version=3, bindings=[binding], etag=before.etag)

    answer = await client.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=QUEUE, policy=policy))

    assert answer == policy_pb2.Policy(version=3, bindings=[binding], etag=answer.etag)
    assert answer.etag != before.etag
    assert await client.get_iam_policy(resource=QUEUE) == answer
    with pytest.raises(exceptions.Aborted):
        await client.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=QUEUE, policy=policy))


async def test_every_permission_is_granted_on_a_queue_that_exists(client: Client) -> None:
    """And none on one that does not, which is no error."""
    permissions = ["cloudtasks.tasks.create", "cloudtasks.queues.get"]

    there = await client.test_iam_permissions(resource=QUEUE, permissions=permissions)
    not_there = await client.test_iam_permissions(resource=f"{PARENT}/queues/none", permissions=permissions)

    assert list(there.permissions) == permissions
    assert list(not_there.permissions) == []


async def test_an_encryption_key_is_kept(client: Client) -> None:
    """Empty until it is set; a mask without it changes nothing; an empty one turns it off."""

    async def update(key: str, *paths: str) -> tasks_v2.CmekConfig:
        config = tasks_v2.CmekConfig(name=CMEK, kms_key=key)
        return await client.update_cmek_config(cmek_config=config, update_mask=FieldMask(paths=paths))

    unset, set_to_key = tasks_v2.CmekConfig(name=CMEK), tasks_v2.CmekConfig(name=CMEK, kms_key=KEY)
    assert await client.get_cmek_config(name=CMEK) == unset
    assert await update(KEY) == set_to_key
    assert await client.get_cmek_config(name=CMEK) == set_to_key
    assert await update("", "name") == set_to_key
    assert await update("", "kmsKey") == unset
    assert await client.get_cmek_config(name=CMEK) == unset


async def test_locations_are_listed_in_pages(client: Client) -> None:
    """Production's regions, and the project's own."""
    elsewhere = "projects/p/locations/my-laptop"
    await client.create_queue(parent=elsewhere, queue=tasks_v2.Queue(name=f"{elsewhere}/queues/q"))
    found: list[locations_pb2.Location] = []
    token = ""
    while not found or token:
        request = locations_pb2.ListLocationsRequest(name="projects/p", page_size=15, page_token=token)
        page = await client.list_locations(request)
        assert len(page.locations) <= 15
        found += page.locations
        token = page.next_page_token

    ids = [location.location_id for location in found]
    assert ids == sorted(set(ids))
    assert {"us-central1", "europe-west1", "my-laptop"} <= set(ids)


async def test_a_location_is_found(client: Client) -> None:
    """With its label."""
    location = await client.get_location(locations_pb2.GetLocationRequest(name=PARENT))

    assert location == locations_pb2.Location(
        name=PARENT,
        location_id="us-central1",
        display_name="us-central1",
        labels={"cloud.googleapis.com/region": "us-central1"},
    )
