"""A shop that confirms each order by mail, and asks three hours later how it was. It knows nothing of taskweir.

    taskweir exec --queue mail -- python examples/reminders/app.py
    curl -d '{"order": "17", "email": "ada@example.com"}' http://127.0.0.1:8080/orders

Variables: PORT, and in production QUEUE (a full queue name) and BASE_URL (where Cloud Tasks reaches this service).
Its tests are in test_app.py.
"""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.api_core.exceptions import AlreadyExists, ServiceUnavailable
from google.api_core.retry import Retry, if_exception_type
from google.cloud import tasks_v2

ASK_AFTER = timedelta(hours=3)

# Creating a task that has a name can be tried again without harm.
TRY_AGAIN = Retry(if_exception_type(ServiceUnavailable), initial=0.05)


def send_mail(to: str, subject: str) -> None:
    """Raises ConnectionError when the mail server is down."""
    print(f"to {to}: {subject}", flush=True)


class Shop(ThreadingHTTPServer):
    """POST /orders enqueues the mails of an order, POST /mail is what the queue calls to send one."""

    def __init__(self, queue: str, port: int = 0, base_url: str = "") -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.client = tasks_v2.CloudTasksClient()
        self.queue = queue
        self.url = base_url or f"http://127.0.0.1:{self.server_port}"

    def order(self, number: str, email: str) -> None:
        """May be called again for the same order: its mails are sent once."""
        now = datetime.now(UTC)
        self.enqueue(f"confirm-{number}", {"to": email, "subject": f"Order {number} is on its way"}, now)
        self.enqueue(f"ask-{number}", {"to": email, "subject": f"How was order {number}?"}, now + ASK_AFTER)

    def enqueue(self, task_id: str, mail: dict[str, str], at: datetime) -> None:
        request = {"url": f"{self.url}/mail", "body": json.dumps(mail).encode()}
        name = f"{self.queue}/tasks/{task_id}"
        task = {"name": name, "schedule_time": at, "http_request": request}
        with suppress(AlreadyExists):  # the order came twice, or the answer to the first try was lost
            self.client.create_task(parent=self.queue, task=task, retry=TRY_AGAIN)


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status_for(content))
        self.end_headers()

    def status_for(self, content: dict[str, str]) -> int:
        if self.path == "/orders":
            self.server.order(content["order"], content["email"])
            return 202
        try:
            send_mail(content["to"], content["subject"])
        except ConnectionError:
            return 503  # Cloud Tasks tries again
        return 200


if __name__ == "__main__":
    queue = os.environ.get("QUEUE", "projects/local/locations/us-central1/queues/mail")
    with Shop(queue, int(os.environ.get("PORT", "8080")), os.environ.get("BASE_URL", "")) as shop:
        print(f"listening on {shop.url}", flush=True)
        shop.serve_forever()
