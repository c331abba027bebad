"""What the worker does when many queues want the same slots and bytes."""

from collections import Counter
from collections.abc import Sequence

import pytest
from tests.eventually import eventually
from tests.push.bench import PARENT, START, Bench, held

from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import HttpRequest
from taskweir.domain.times import SECOND
from taskweir.push.window import QueueWindow, most_bytes
from taskweir.store.base import ClaimRequest

Q = f"{PARENT}/queues/q"


async def test_a_dead_target_delays_no_other_queue(bench: Bench) -> None:
    """However much hangs, a queue that holds little always gets through."""
    never = held(bench)
    for name in ("dead-1", "dead-2"):
        await bench.queue(name, concurrent=5_000)
        for n in range(90):
            await bench.task(f"{name}-{n}", name)
    await bench.settle()
    stuck = len(bench.sender.sent)
    assert stuck < 100
    bench.sender.answer = lambda request: never if "dead" in request.url else 200
    await bench.queue("alive")
    for n in range(50):
        await bench.task(f"alive-{n}", "alive")
    await eventually(lambda: sum(name.startswith("alive") for name in bench.sender.names) == 50)
    never.set_result(200)
    await eventually(lambda: bench.worker.in_flight == 0 and len(bench.sender.sent) == 230)


async def test_bodies_in_memory_are_bounded(bench: Bench) -> None:
    """Of a backlog of large tasks only as many are held as the budget of bytes allows."""
    answer = held(bench)
    await bench.queue()
    for n in range(30):
        await bench.tasks.create(Q, TaskDraft(payload=HttpRequest(f"http://target/{n}", body=bytes(900_000))))
    await bench.settle()
    assert 1 <= len(bench.sender.sent) <= 8
    assert bench.capacity.free_bytes > 0
    answer.set_result(200)
    bench.sender.answer = lambda _: 200
    await eventually(lambda: len(bench.sender.sent) == 30)
    await bench.settle()
    assert (bench.capacity.free_slots, bench.capacity.free_bytes) == (100, 8 << 20)


async def test_the_budget_of_bytes_is_kept_when_many_queues_fall_due_at_once(bench: Bench) -> None:
    """What a claim may bring is taken from the budget before it is made."""
    answer = held(bench)
    for n in range(30):
        await bench.queue(f"q{n}")
        payload = HttpRequest(f"http://target/{n}", body=bytes(900_000))
        draft = TaskDraft(payload=payload, schedule_time=START + SECOND)
        await bench.tasks.create(f"{PARENT}/queues/q{n}", draft)
    await bench.advance(SECOND)
    assert 1 <= len(bench.sender.sent) <= 8
    assert bench.capacity.free_bytes >= 0
    answer.set_result(200)
    bench.sender.answer = lambda _: 200
    await eventually(lambda: len(bench.sender.sent) == 30 and bench.worker.in_flight == 0)
    await bench.settle()
    assert (bench.capacity.free_slots, bench.capacity.free_bytes) == (100, 8 << 20)


async def test_one_call_of_the_store_brings_a_bounded_amount(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many queues share a call, but not more than 32 MiB."""
    bench.capacity.give_back(0, 248 << 20)
    claim, calls = bench.store.claim, []

    async def noting(requests: Sequence[ClaimRequest], now: int) -> object:
        calls.append(sum(most_bytes(request) for request in requests))
        return await claim(requests, now)

    monkeypatch.setattr(bench.store, "claim", noting)
    for n in range(90):
        await bench.queue(f"q{n}", concurrent=1)
        await bench.task(f"t{n}", f"q{n}", after=SECOND)
    await bench.advance(SECOND)
    await eventually(lambda: len(bench.sender.sent) == 90)
    calls = [size for size in calls if size]
    assert max(calls) <= 32 << 20
    assert len(calls) < 10


async def test_queues_that_share_few_slots_are_served_equally_and_at_a_bounded_cost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that ends costs the same however many queues wait for its slot."""
    queues, each = 100, 20
    bench.capacity.take(92, 0)
    never = held(bench)
    for q in range(queues):
        await bench.queue(f"q{q}")
        for n in range(each):
            await bench.task(f"{q}-{n}", f"q{q}", after=SECOND)
    looks = 0
    next_look = QueueWindow.next_look

    def counting(window: QueueWindow, now: int) -> int | None:
        nonlocal looks
        looks += 1
        return next_look(window, now)

    await bench.advance(SECOND)
    assert len(bench.sender.sent) == 8
    monkeypatch.setattr(QueueWindow, "next_look", counting)
    bench.sender.answer = lambda _: 200
    never.set_result(200)
    await eventually(lambda: len(bench.sender.sent) == queues * each)
    half = Counter(name.partition("-")[0] for name in bench.sender.names[: queues * each // 2])
    assert len(half) == queues
    assert max(half.values()) <= min(half.values()) + 4
    assert looks <= 6 * queues * each


async def test_a_queue_whose_target_hangs_waits_while_others_use_what_is_left(bench: Bench) -> None:
    """It is first in line, may not take the slot, and is not forgotten."""
    bench.capacity.take(96, 0)
    first = held(bench)
    await bench.queue("hog")
    for n in range(10):
        await bench.task(f"hog-{n}", "hog")
    await bench.settle()
    assert 2 <= len(bench.sender.sent) < 4
    bench.sender.answer = lambda request: first if "hog" in request.url else 200
    for q in range(20):
        await bench.queue(f"q{q}")
        await bench.task(f"other-{q}", f"q{q}")
    await eventually(lambda: sum(name.startswith("other") for name in bench.sender.names) == 20)
    first.set_result(200)
    await eventually(lambda: len(bench.sender.sent) == 30)
