"""IAM policies, the same in every version: google.iam.v1."""

from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from taskweir.domain.iam import Binding, Condition, Policy


def policy(message: policy_pb2.Policy) -> Policy:
    """What a caller sent; audit configs are not kept."""
    bindings = tuple(_binding(binding) for binding in message.bindings)
    return Policy(version=message.version, bindings=bindings)


def _binding(message: policy_pb2.Binding) -> Binding:
    condition = _condition(message.condition) if message.HasField("condition") else None
    return Binding(role=message.role, members=tuple(message.members), condition=condition)


def _condition(message: expr_pb2.Expr) -> Condition:
    return Condition(message.expression, message.title, message.description, message.location)


def policy_message(policy: Policy) -> policy_pb2.Policy:
    return policy_pb2.Policy(
        version=policy.version,
        bindings=[_binding_message(binding) for binding in policy.bindings],
        etag=policy.etag,
    )


def _binding_message(binding: Binding) -> policy_pb2.Binding:
    message = policy_pb2.Binding(role=binding.role, members=binding.members)
    if binding.condition is not None:
        message.condition.CopyFrom(_condition_message(binding.condition))
    return message


def _condition_message(condition: Condition) -> expr_pb2.Expr:
    return expr_pb2.Expr(
        expression=condition.expression,
        title=condition.title,
        description=condition.description,
        location=condition.location,
    )
