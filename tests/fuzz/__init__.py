"""Fuzzing the HTTP port: `python -m tests.fuzz [--minutes 5]`. Exit code 1 when a promise is broken.

Whatever comes in, as a request that fits the server's own OpenAPI document more or less, or as bytes that are hardly
HTTP: no answer is a server's error, every answer has its content type and every refusal its envelope, nothing takes
more than a few seconds, every connection ends, the server is healthy all the time and logs no bug, and between rounds,
when all is reset, it needs no more memory and no more open files than after the first ones.
"""
