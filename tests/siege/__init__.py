"""A server under siege: `python -m tests.siege [--seconds 30] [--idle 10000]`. Exit code 1 when a promise is broken.

Thousands of idle connections on each port, senders of a byte a second, heads without an end, compressed bombs, floods
of frames and readers that do not read, all at once. Meanwhile ordinary callers, on old connections and on new ones,
over gRPC and over HTTP, are served, what they create is dispatched, the server's memory is bounded, and it logs
nothing.
"""
