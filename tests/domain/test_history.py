"""Which records a filter is for, and how large they are."""

import pytest

from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.names import LocationName
from taskweir.domain.scope import Scope

TASK = LocationName("p", "l").queue("q").task("t")
ATTEMPT = AttemptRecord(
    TASK, 1, False, 0, 5, 9, Outcome.FAILED, "POST / HTTP/1.1", [("A", "b")], 500, 4, b"no", ""
)
FINISHED = FinishedTask(TASK, Ending.PURGED, 5, 0, 1)
SCOPES = [Scope(), Scope("p"), Scope("p", "l"), Scope("p", "l", "q"), Scope("p", "l", "q", "t")]


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({}, True),
        *(({"scope": scope}, True) for scope in SCOPES),
        ({"scope": Scope("other")}, False),
        ({"scope": Scope("p", "other")}, False),
        ({"scope": Scope("p", "l", "other")}, False),
        ({"scope": Scope("p", "l", "q", "other")}, False),
        ({"kinds": {Outcome.FAILED, Ending.PURGED, Outcome.SUCCEEDED}}, True),
        ({"kinds": {Outcome.SUCCEEDED, Ending.EXPIRED}}, False),
        ({"start": 5, "end": 6}, True),
        ({"start": 6}, False),
        ({"end": 5}, False),
    ],
)
def test_a_filter_is_for_what_it_names(fields: dict[str, object], matches: bool) -> None:
    """By name, by what became of it, and by the time of dispatch, or of the end; all of it together."""
    fields = dict(fields)
    kinds = fields.pop("kinds", set())
    assert isinstance(kinds, set)
    outcomes = frozenset(kind for kind in kinds if isinstance(kind, Outcome))
    endings = frozenset(kind for kind in kinds if isinstance(kind, Ending))
    assert AttemptFilter(outcomes=outcomes, **fields).matches(ATTEMPT) is matches  # type: ignore[arg-type]
    assert FinishedFilter(endings=endings, **fields).matches(FINISHED) is matches  # type: ignore[arg-type]


def test_a_task_is_a_part_of_five_scopes() -> None:
    """And of no other."""
    assert list(Scope.around(TASK)) == SCOPES
    assert all(scope.has(TASK) and scope.covers(Scope.of(TASK)) for scope in SCOPES)


def test_records_know_about_how_large_they_are() -> None:
    """By their texts, which differ most."""
    assert ATTEMPT.size - FINISHED.size == len("POST / HTTP/1.1" + "A" + "b" + "no")
    assert ATTEMPT.about == FINISHED.about == TASK
