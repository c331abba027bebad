"""Tests of app.py against a real Cloud Tasks server, by the fixtures that pytest has where taskweir is installed."""

import json
import threading
import urllib.request
from collections.abc import Iterator

import app
import pytest

from taskweir.testing import Project

pytestmark = [
    pytest.mark.taskweir_clock,  # the clock stands still until a test moves it
    pytest.mark.usefixtures("taskweir_environ"),  # the SDK clients that the app makes find the server
]


class Outbox:
    """In place of a mail server."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.is_down = False

    def send_mail(self, to: str, subject: str) -> None:
        if self.is_down:
            raise ConnectionError
        self.subjects.append(subject)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    outbox = Outbox()
    monkeypatch.setattr(app, "send_mail", outbox.send_mail)
    return outbox


@pytest.fixture
def shop(taskweir: Project) -> Iterator[app.Shop]:
    """The app, on a queue that only this test has."""
    with app.Shop(taskweir.queue("mail")) as shop:
        threading.Thread(target=shop.serve_forever, args=(0.01,)).start()
        yield shop
        shop.shutdown()


def order(shop: app.Shop, number: str) -> None:
    body = json.dumps({"order": number, "email": "ada@example.com"}).encode()
    urllib.request.urlopen(f"{shop.url}/orders", body, timeout=10).close()


def test_an_order_is_confirmed_at_once(taskweir: Project, shop: app.Shop, outbox: Outbox) -> None:
    order(shop, "17")
    taskweir.clock.advance(seconds=1)
    assert outbox.subjects == ["Order 17 is on its way"]


def test_three_hours_later_the_shop_asks(taskweir: Project, shop: app.Shop, outbox: Outbox) -> None:
    order(shop, "17")
    taskweir.clock.advance(hours=2, minutes=59)
    assert outbox.subjects == ["Order 17 is on its way"]
    taskweir.clock.advance(minutes=2)
    assert outbox.subjects == ["Order 17 is on its way", "How was order 17?"]


def test_a_mail_is_tried_again_until_the_mail_server_is_back(
    taskweir: Project, shop: app.Shop, outbox: Outbox
) -> None:
    outbox.is_down = True
    order(shop, "17")
    taskweir.clock.advance(seconds=1)
    outbox.is_down = False
    taskweir.clock.advance(minutes=1)
    assert outbox.subjects == ["Order 17 is on its way"]
    *failed, last = [attempt.status for attempt in taskweir.attempts()]
    assert failed == [503] * len(failed) != []
    assert last == 200


def test_an_order_that_comes_twice_is_confirmed_once(
    taskweir: Project, shop: app.Shop, outbox: Outbox
) -> None:
    order(shop, "17")
    order(shop, "17")
    taskweir.clock.advance(seconds=1)
    order(shop, "17")
    taskweir.clock.advance(seconds=1)
    assert outbox.subjects == ["Order 17 is on its way"]


@pytest.mark.parametrize("after_effect", [False, True])
def test_an_order_survives_an_outage_of_cloud_tasks(
    taskweir: Project, shop: app.Shop, outbox: Outbox, *, after_effect: bool
) -> None:
    """Also when the tasks were made, and only the answers were lost."""
    outage = taskweir.faults.calls("CreateTask").fail("UNAVAILABLE", after_effect=after_effect, times=2)
    order(shop, "17")
    taskweir.clock.advance(seconds=1)
    assert outage.acted == 2
    assert outbox.subjects == ["Order 17 is on its way"]
