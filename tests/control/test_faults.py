"""Which faults there are, and which of them acts."""

import pytest

from taskweir.control.faults import MOST_FAULTS, Faults
from taskweir.domain.errors import FailedPrecondition, NotFound
from taskweir.domain.fault import AttemptMatch, CallMatch, DeliverTwice, Fail, Fault, LoseEffect
from taskweir.domain.names import LocationName
from taskweir.domain.scope import EVERYTHING, Scope

CREATE = "google.cloud.tasks.v2.CloudTasks/CreateTask"
GET = "google.cloud.tasks.v2.CloudTasks/GetTask"
QUEUE = Scope("p", "l", "q")
TASK = LocationName("p", "l").queue("q").task("t")
ANY_CALL = Fault(CallMatch(), Fail())
ANY_ATTEMPT = Fault(AttemptMatch(), Fail())


def acting(faults: Faults, rpc: str = CREATE, about: Scope = QUEUE) -> int | None:
    fault = faults.for_call(rpc, about)
    return None if fault is None else fault.number


def counts(faults: Faults) -> dict[int, tuple[int, int]]:
    return {fault.number: (fault.matched, fault.acted) for fault in faults.all()}


def test_faults_are_numbered_from_one() -> None:
    """A number is never given again."""
    faults = Faults()
    assert [faults.create(ANY_CALL).number, faults.create(ANY_ATTEMPT).number] == [1, 2]
    faults.delete(2)
    faults.forget(None)
    assert faults.create(ANY_CALL).number == 3
    assert [fault.number for fault in faults.all()] == [3]


def test_nothing_acts_where_there_is_no_fault() -> None:
    """And that is known at once."""
    faults = Faults()
    assert not faults.act_on_calls
    assert not faults.act_on_attempts
    assert faults.for_call(CREATE, QUEUE) is None
    assert faults.for_attempt(TASK, "http://a/") is None


def test_faults_of_calls_and_of_attempts_have_nothing_to_do_with_each_other() -> None:
    """Each is asked for its own."""
    faults = Faults()
    faults.create(ANY_CALL)
    assert (faults.act_on_calls, faults.act_on_attempts) == (True, False)
    assert faults.for_attempt(TASK, "http://a/") is None
    faults.create(ANY_ATTEMPT)
    assert faults.act_on_attempts
    attempted = faults.for_attempt(TASK, "http://a/")
    assert attempted is not None
    assert (attempted.number, acting(faults)) == (2, 1)


def test_the_oldest_that_matches_acts() -> None:
    """Whatever it does; each that matches counts it."""
    faults = Faults()
    faults.create(Fault(CallMatch("GetTask"), Fail()))
    faults.create(Fault(CallMatch("CreateTask"), DeliverTwice()))
    faults.create(Fault(CallMatch(), LoseEffect()))
    assert [acting(faults), acting(faults, GET), acting(faults)] == [2, 1, 2]
    assert counts(faults) == {1: (1, 1), 2: (2, 2), 3: (3, 0)}


def test_a_fault_whose_times_are_used_up_makes_way_and_still_tells_what_it_did() -> None:
    """Until it is deleted."""
    faults = Faults()
    faults.create(Fault(CallMatch(), Fail(), times=2))
    faults.create(Fault(CallMatch("CreateTask"), Fail(), times=1))
    assert [acting(faults) for _ in range(4)] == [1, 1, 2, None]
    assert not faults.act_on_calls
    assert counts(faults) == {1: (2, 2), 2: (3, 1)}
    faults.delete(1)
    assert counts(faults) == {2: (3, 1)}


def test_the_latest_thousand_that_are_used_up_are_kept() -> None:
    """Whoever makes a fault for every call does not fill the memory."""
    faults = Faults()
    for _ in range(1_500):
        faults.create(Fault(CallMatch(), Fail(), times=1))
        acting(faults)
    assert [fault.number for fault in faults.all()] == list(range(501, 1_501))


def test_there_is_a_limit_to_the_faults_that_can_act() -> None:
    """Calls and attempts together; a place is free again when one is deleted or used up."""
    faults = Faults()
    faults.create(Fault(CallMatch(), Fail(), times=1))
    for _ in range(MOST_FAULTS - 1):
        faults.create(ANY_ATTEMPT)
    with pytest.raises(FailedPrecondition, match="1000 faults"):
        faults.create(ANY_CALL)
    acting(faults)
    faults.create(ANY_CALL)
    with pytest.raises(FailedPrecondition):
        faults.create(ANY_CALL)
    faults.delete(2)
    faults.create(ANY_CALL)


def hits(fault: Fault, *others: Fault, matches: int = 200) -> list[int]:
    """Which matches, counted from 0, the fault acts on, made after the others."""
    faults = Faults()
    for other in others:
        faults.create(other)
    number = faults.create(fault).number
    return [match for match in range(matches) if acting(faults) == number]


def test_percent_hits_the_same_when_a_run_repeats() -> None:
    """With the same seed; about as many as it says."""
    fault = Fault(CallMatch(), Fail(), percent=30.0, seed=7)
    assert hits(fault) == hits(fault)
    assert 35 < len(hits(fault)) < 85
    assert hits(fault) != hits(Fault(CallMatch(), Fail(), percent=30.0, seed=8))
    assert hits(Fault(CallMatch(), Fail(), percent=100.0)) == list(range(200))
    assert hits(Fault(CallMatch(), Fail(), percent=1e-9)) == []


def test_one_that_is_not_drawn_leaves_it_to_the_next() -> None:
    """So several can share the calls; what each draws does not depend on the others."""
    half = Fault(CallMatch(), Fail(), percent=50.0, seed=1)
    other = Fault(CallMatch(), Fail(), percent=50.0, seed=2)
    alone, first = set(hits(other)), set(hits(half))
    assert set(hits(other, half)) == alone - first
    assert alone & first


def test_draws_count_matches_only() -> None:
    """Calls that a fault is not about change nothing in what it hits."""
    faults = Faults()
    faults.create(Fault(CallMatch("CreateTask"), Fail(), percent=50.0, seed=3))
    found = []
    for match in range(100):
        acting(faults, GET)
        if acting(faults) is not None:
            found.append(match)
    assert found == hits(Fault(CallMatch(), Fail(), percent=50.0, seed=3), matches=100)
    assert counts(faults) == {1: (100, len(found))}


def test_times_are_counted_in_acts_and_not_in_matches() -> None:
    """The next three that are drawn."""
    fault = Fault(CallMatch(), Fail(), percent=30.0, seed=7)
    assert hits(Fault(CallMatch(), Fail(), percent=30.0, seed=7, times=3)) == hits(fault)[:3]


def test_what_there_is_not_cannot_be_deleted() -> None:
    """Nor twice."""
    faults = Faults()
    faults.create(ANY_CALL)
    faults.delete(1)
    for number in (0, 1, 2):
        with pytest.raises(NotFound):
            faults.delete(number)


def test_a_project_takes_its_faults_with_it() -> None:
    """Those about all projects stay; those that are used up go too."""
    faults = Faults()
    told: list[str | None] = []
    faults.when_forgotten(told.append)
    faults.create(Fault(CallMatch("", QUEUE), Fail(), times=1))
    acting(faults)
    faults.create(Fault(CallMatch("", Scope("p")), Fail()))
    faults.create(Fault(AttemptMatch(Scope("p", "l", "q", "t")), Fail()))
    faults.create(Fault(CallMatch("", Scope("other")), Fail()))
    faults.create(Fault(CallMatch("", EVERYTHING), Fail()))
    faults.forget("p")
    assert [fault.number for fault in faults.all()] == [4, 5]
    faults.forget(None)
    assert faults.all() == []
    assert told == ["p", None]
