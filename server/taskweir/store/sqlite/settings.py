"""What is kept beside queues and tasks: policies, encryption keys' names, secrets, the page-token key."""

import sqlite3
from collections.abc import Callable

from taskweir.domain.iam import Binding, Condition, Policy
from taskweir.domain.names import LocationName, QueueName
from taskweir.store.sqlite.rows import Json, decode, encode
from taskweir.store.sqlite.transaction import Transaction


def get_policy(connection: sqlite3.Connection, queue_uid: int) -> Policy:
    row = connection.execute("SELECT content FROM policy WHERE queue_uid = ?", (queue_uid,)).fetchone()
    return Policy() if row is None else _policy_of(decode(row[0]))


def set_policy(transaction: Transaction, queue: QueueName, change: Callable[[Policy], Policy]) -> Policy:
    uid = transaction.live_entry(queue).queue.uid
    policy = change(get_policy(transaction.connection, uid))
    transaction.connection.execute(
        "INSERT OR REPLACE INTO policy (queue_uid, content) VALUES (?, ?)",
        (uid, encode(_policy_json(policy))),
    )
    return policy


def _policy_json(policy: Policy) -> Json:
    return {"version": policy.version, "bindings": [_binding_json(binding) for binding in policy.bindings]}


def _policy_of(value: Json) -> Policy:
    return Policy(value["version"], tuple(_binding_of(binding) for binding in value["bindings"]))


def _binding_json(binding: Binding) -> Json:
    condition = binding.condition
    return {
        "role": binding.role,
        "members": list(binding.members),
        "condition": None
        if condition is None
        else [condition.expression, condition.title, condition.description, condition.location],
    }


def _binding_of(value: Json) -> Binding:
    condition = value["condition"]
    return Binding(
        value["role"], tuple(value["members"]), None if condition is None else Condition(*condition)
    )


def get_kms_key(connection: sqlite3.Connection, location: LocationName) -> str:
    row = connection.execute(
        "SELECT key FROM kms_key WHERE project = ? AND location = ?", (location.project, location.location)
    ).fetchone()
    return "" if row is None else str(row[0])


def set_kms_key(transaction: Transaction, location: LocationName, key: str) -> None:
    transaction.connection.execute(
        "INSERT OR REPLACE INTO kms_key (project, location, key) VALUES (?, ?, ?)",
        (location.project, location.location, key),
    )


def get_secret(connection: sqlite3.Connection, name: str) -> bytes | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_meta_name(name),)).fetchone()
    return None if row is None else bytes(row[0])


def keep_secret(transaction: Transaction, name: str, secret: bytes) -> bytes:
    transaction.connection.execute(
        "INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)", (_meta_name(name), secret)
    )
    kept = get_secret(transaction.connection, name)
    assert kept is not None
    return kept


def _meta_name(name: str) -> str:
    return f"secret: {name}"


def page_token_key(connection: sqlite3.Connection) -> bytes:
    (key,) = connection.execute("SELECT value FROM meta WHERE name = 'page_token_key'").fetchone()
    return bytes(key)
