"""A million queued tasks: `python -m tests.scale [--tasks 1000000]`. Exit code 1 when a promise is broken.

With a million tasks in its file, half of them due in a queue that lets one go a second, the server is ready in less
than twice the time that it needs with an empty file, its resident memory is within 50 MB of what it needs there, and
when nothing is to be sent it uses no measurable processor time.
"""
