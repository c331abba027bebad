"""The Dockerfile without Docker: its own steps, read from the file, run in a root made by debootstrap; then the server
is started there and visited. `make test-image`."""
