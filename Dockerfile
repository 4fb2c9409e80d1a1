# syntax=docker/dockerfile:1
# One image for every service of the hub: `serve ROLE` chooses which one a container is.

FROM python:3.11-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/hub
WORKDIR /src
# The lock alone first, so that a change of the hub's own code does not install its libraries again.
COPY requirements-real.lock ./
RUN /opt/hub/bin/pip install --require-hashes -r requirements-real.lock
COPY pyproject.toml README.md ./
COPY app app
COPY hub hub
COPY schemas schemas
COPY services services
COPY sample sample
# The lock has the build backend too, so that nothing is downloaded here.
RUN /opt/hub/bin/pip install --no-deps --no-build-isolation --no-index .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="research-resource-hub" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 hub \
 && useradd --uid 10001 --gid hub --no-create-home --home-dir /var/lib/hub --shell /usr/sbin/nologin hub \
 && install -d -o hub -g hub -m 0750 /var/lib/hub
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 \
    HUB_DATA_DIR=/var/lib/hub HUB_HOST=0.0.0.0 HUB_PORT=8080
USER 10001:10001
WORKDIR /var/lib/hub
VOLUME /var/lib/hub
EXPOSE 8080
# Whether the process answers; whether its workers do well is /readyz, which would make a busy container look dead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ['HUB_PORT']}/readyz\", timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["hub"]
CMD ["up"]
