# The server as a container:
#
#     docker build -t taskweir .
#     docker run -p 8123:8123 -p 8124:8124 -v taskweir:/data taskweir --queue mail
#
# The Debian release is named, so that a rebuild does not change it; `make test-image` runs these steps without Docker.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build

# What runs, and nothing else, as it is locked. It changes seldom, so it comes before the sources.
COPY requirements-server.txt ./
RUN python -m venv --without-pip /opt/taskweir \
    && pip --python /opt/taskweir/bin/python install \
        --no-deps --require-hashes --only-binary :all: --requirement requirements-server.txt

COPY requirements-build.txt ./
RUN python -m venv --without-pip /opt/build \
    && pip --python /opt/build/bin/python install \
        --no-deps --require-hashes --only-binary :all: --requirement requirements-build.txt

COPY pyproject.toml README.md LICENSE ./
COPY server server
COPY generated generated
RUN pip --python /opt/build/bin/python wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/taskweir/bin/python install --no-deps --no-index dist/*.whl


FROM python:${PYTHON_VERSION}-slim-trixie
LABEL org.opencontainers.image.title="taskweir" \
      org.opencontainers.image.description="A durable Cloud Tasks server" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/taskweir /opt/taskweir
# A number, so that a cluster can see that it is not root's. A new volume takes the owner over.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
# TASKWEIR_HOST: a container's own loopback is reached by nobody.
ENV PATH=/opt/taskweir/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TASKWEIR_HOST=0.0.0.0 \
    TASKWEIR_DATA=/data/taskweir.db
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8123 8124
STOPSIGNAL SIGTERM
# It sees variables, not the flags of `docker run`: what moves the HTTP port or puts TLS on it is given as a variable.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 CMD ["taskweir", "health"]
ENTRYPOINT ["taskweir"]
CMD ["serve"]
