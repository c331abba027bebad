"""firebase-admin as a program uses it that enqueues calls of task queue functions.

FUNCTION is the name of the function and its queue. Nothing here knows of taskweir.
"""

import os
import sys

import firebase_admin
from firebase_admin import functions

function = sys.argv[1]
firebase_admin.initialize_app(options={"projectId": os.environ["PROJECT"]})
queue = functions.task_queue(function)

to_a_url = functions.TaskOptions(uri=os.environ["TARGET"], task_id="to-a-url", schedule_delay_seconds=3600)
assert queue.enqueue({"data": {"to": "a url"}}, to_a_url) == "to-a-url"
queue.delete("to-a-url")
identifier = queue.enqueue({"data": {"from": "Python"}})
assert identifier
