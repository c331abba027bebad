"""The methods of IAM policies, whose messages are the same in every version."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from google.iam.v1 import iam_policy_pb2, policy_pb2

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.codec_policy import policy, policy_message
from taskweir.api.cloud_tasks.methods import Methods
from taskweir.domain.errors import InvalidArgument


class PolicyMethods(Methods):
    async def GetIamPolicy(
        self, request: iam_policy_pb2.GetIamPolicyRequest, call: Call
    ) -> policy_pb2.Policy:
        return policy_message(await self.services.policies.get(request.resource))

    async def SetIamPolicy(
        self, request: iam_policy_pb2.SetIamPolicyRequest, call: Call
    ) -> policy_pb2.Policy:
        if call.http is not None and request.HasField("update_mask"):
            # It is in the public messages, and over gRPC nobody looks at it; over HTTP there is no such field.
            raise InvalidArgument(
                'Invalid JSON payload received. Unknown name "updateMask": Cannot find field.'
            )
        given = request.policy
        return policy_message(await self.services.policies.set(request.resource, policy(given), given.etag))

    async def TestIamPermissions(
        self, request: iam_policy_pb2.TestIamPermissionsRequest, call: Call
    ) -> iam_policy_pb2.TestIamPermissionsResponse:
        granted = await self.services.policies.test(request.resource, request.permissions)
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=granted)
