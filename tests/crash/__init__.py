"""kill -9 under load: `python -m tests.crash [--rounds 20]`. Exit code 1 when a promise is broken.

Clients create and delete tasks at full speed through the official SDK while others are dispatched; the server is
killed and started again on the same file, round after round. At the end it may dispatch all that is due, and what
was answered is compared with what arrived and with what is still there.
"""
