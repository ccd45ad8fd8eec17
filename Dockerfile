# One image per service, each with its own dependencies alone. docker-compose.yml has the arguments:
# docker build --target service --build-arg SERVICE=… --build-arg MODULE=… --build-arg PORT=… .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# The workspace without its code, so that a change of code leaves the dependencies' layer as it is.
FROM ${PYTHON_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name pyproject.toml ! -name uv.lock -delete

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=hardlink UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv==${UV_VERSION}"
WORKDIR /src
COPY --from=manifests /src .
COPY deploy/environments.sh deploy/environments.sh
# All environments in one layer: they share a cache of wheels.
RUN sh deploy/environments.sh --no-install-workspace
COPY . .
# A clone keeps its owner's umask, but the services run as another user.
RUN chmod -R a+rX .
RUN sh deploy/environments.sh --no-editable

FROM ${PYTHON_IMAGE} AS runtime
# Without PYTHONSAFEPATH, `python -m` would import any file of the volume /data.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 HOME=/tmp
COPY --from=build /src/deploy/healthcheck.py /app/healthcheck.py
# Numeric ids, so that a cluster can verify that the user is not root. /data is for a volume.
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data

FROM runtime AS http
ENV HTTP_HOST=0.0.0.0 HEALTH_PATH=/readyz
HEALTHCHECK --interval=5s --timeout=5s --start-period=180s --retries=3 \
    CMD ["python3", "-I", "-S", "/app/healthcheck.py"]

FROM http AS service
ARG SERVICE
ARG MODULE
ARG PORT
COPY --from=build /app/${SERVICE} /app/${SERVICE}
ENV PATH=/app/${SERVICE}/bin:$PATH MODULE=${MODULE} HTTP_PORT=${PORT}
EXPOSE ${PORT}
CMD ["sh", "-c", "exec python -m \"$MODULE\""]

FROM http AS emulator
COPY --from=build /app/emulator /app/emulator
ENV PATH=/app/emulator/bin:$PATH HTTP_PORT=12111 HEALTH_PATH=/healthz
EXPOSE 12111
ENTRYPOINT ["python", "-m", "stripe_emulator", "--host", "0.0.0.0", "--beyond-loopback"]

# Creates the topics and tables of all services, and ends.
FROM runtime AS migrate
COPY --from=build /app/migrate /app/migrate
COPY --from=build /src/deploy/migrate.sh /app/migrate.sh
ENV PATH=/app/migrate/bin:$PATH
CMD ["sh", "/app/migrate.sh"]
