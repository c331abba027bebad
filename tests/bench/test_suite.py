"""The parts of the benchmark suite that can be wrong without anything being measured."""

from pathlib import Path

import pytest
from bench.catalogue import BY_REQUEST, MEASUREMENTS
from bench.driving import shape_of
from bench.filling import task_id
from bench.h2load import Repeated, read_output
from bench.interleaving import interleaved
from bench.options import Options
from bench.requests import LATER, create_task, named_tasks, queue_name
from bench.sink.sink import Arrival, check_each_once
from tests.processes import ROOT

from taskweir_pb.v2 import cloudtasks_pb2


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_each_measurement_can_be_run_and_says_what_it_is(name: str) -> None:
    """Its first line is the help; its target of make is bench-NAME."""
    module = MEASUREMENTS[name]
    assert callable(module.run)
    assert (module.__doc__ or "").splitlines()[0].strip()


def test_each_module_of_a_measurement_is_one() -> None:
    """None is forgotten in the catalogue."""
    modules = {path.stem for path in (ROOT / "bench" / "measurements").glob("*.py")} - {"__init__"}
    assert {module.__name__.rpartition(".")[2] for module in MEASUREMENTS.values()} == modules
    assert set(MEASUREMENTS) >= BY_REQUEST


async def test_what_is_compared_takes_turns() -> None:
    """A B A B, and each result goes to its own."""
    turns: list[str] = []

    async def turn(name: str) -> int:
        turns.append(name)
        return len(turns)

    found = await interleaved(2, {"a": lambda: turn("a"), "b": lambda: turn("b")})
    assert turns == ["a", "b", "a", "b"]
    assert found == {"a": [1, 3], "b": [2, 4]}


def test_a_smoke_run_does_a_small_part(tmp_path: Path) -> None:
    """What is small already stays, so that no queue is without tasks; batches come out even."""
    whole, smoke = Options(tmp_path, tmp_path), Options(tmp_path, tmp_path, smoke=True)
    assert (whole.count(1_000_000), whole.rounds_or(5), whole.seconds(2.0)) == (1_000_000, 5, 2.0)
    assert [smoke.count(usual) for usual in (100, 1_000, 1_000_000)] == [100, 200, 2_000]
    assert (smoke.rounds_or(5), smoke.seconds(2.0)) == (1, 0.25)
    assert Options(tmp_path, tmp_path, rounds=3, smoke=True).rounds_or(5) == 3


@pytest.mark.parametrize(
    ("in_flight", "shape"), [(1, (1, 1)), (4, (4, 1)), (16, (8, 2)), (64, (8, 8)), (256, (8, 32))]
)
def test_calls_in_flight_are_shared_by_connections(in_flight: int, shape: tuple[int, int]) -> None:
    """No more than eight."""
    assert shape_of(in_flight) == shape


def test_ids_of_filled_tasks_never_meet() -> None:
    """They have one length, and one task's is far from the next one's."""
    ids = {task_id(number) for number in range(20_000)}
    assert len(ids) == 20_000
    assert {len(found) for found in ids} == {17}
    assert abs(int(task_id(1)) - int(task_id(2))) > 10**12


def test_h2load_is_understood() -> None:
    """Requests that were begun and not answered are told apart: they may have had an effect."""
    output = (
        "finished in 500.00ms, 7060.00 req/s, 1.17MB/s\n"
        "requests: 3594 total, 3594 started, 3530 done, 3530 succeeded, 64 failed, 64 errored, 0 timeout\n"
    )
    assert read_output(output, cpu=0.1) == Repeated(3_530, 3_594, 0.5, 0.1)


def test_h2load_without_an_answer_is_a_mistake() -> None:
    """A server that is not there must not pass for a slow one."""
    with pytest.raises(RuntimeError, match="no calls"):
        read_output("[ERROR] Could not connect to the host", cpu=0.1)


def test_each_named_task_has_a_name_of_its_own() -> None:
    """All else is the same as in the request without a name."""
    queue = queue_name("q")
    names = named_tasks(queue)
    first, second = (cloudtasks_pb2.CreateTaskRequest.FromString(next(names)) for _ in range(2))
    assert first.task.name != second.task.name
    assert first.task.name.startswith(f"{queue}/tasks/")
    plain = cloudtasks_pb2.CreateTaskRequest.FromString(create_task(queue, ahead=LATER))
    assert first.task.http_request == plain.task.http_request
    assert len(first.task.http_request.body) == 100


@pytest.mark.parametrize("numbers", [[0, 1, 1], [0, 2], [0, 1, 2, 2], [0, 1, -1]])
def test_what_was_lost_or_came_twice_spoils_a_run(numbers: list[int]) -> None:
    """Nothing is counted that did not happen."""
    with pytest.raises(RuntimeError, match="deliveries"):
        check_each_once([Arrival(number, 0, 0) for number in numbers], 3, "a drain")
