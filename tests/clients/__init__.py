"""Clients as people really use them, each a program of its own language, run against a server: `make test-clients`.

A client whose tool chain is missing on the machine is skipped, and the skip names it. What the clients need is
installed from the locked files beside them into .clients/, or read from the caches of npm, Go, Maven and pip.
"""
