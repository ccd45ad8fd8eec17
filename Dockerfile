# One image per service, each with its own dependencies alone: `docker build --target payment .`
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
# Each service's dependencies are a virtual environment of its own. They share a cache of wheels.
RUN set -e; \
    install() { \
        name=$1; shift; \
        UV_PROJECT_ENVIRONMENT=/app/$name uv sync --frozen --no-dev --no-install-workspace "$@"; \
    }; \
    install user --package user-service; \
    install order_saga --package order-saga; \
    install payment --package payment-service; \
    install emulator --package stripe-emulator; \
    install migrate --package user-service --package order-saga --package payment-service
COPY . .
# A clone keeps its owner's umask, and the services run as somebody else.
RUN chmod -R a+rX .
RUN set -e; \
    install() { \
        name=$1; shift; \
        UV_PROJECT_ENVIRONMENT=/app/$name uv sync --frozen --no-dev --no-editable "$@"; \
    }; \
    install user --package user-service; \
    install order_saga --package order-saga; \
    install payment --package payment-service; \
    install emulator --package stripe-emulator; \
    install migrate --package user-service --package order-saga --package payment-service

FROM ${PYTHON_IMAGE} AS runtime
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
COPY --from=build /src/deploy/healthcheck.py /app/healthcheck.py
# Numbers, so that a cluster can tell that it is not root. /data is for a volume.
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data

FROM runtime AS http
ENV HTTP_HOST=0.0.0.0 HEALTH_PATH=/readyz
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-I", "-S", "/app/healthcheck.py"]

FROM http AS user
COPY --from=build /app/user /app/user
ENV PATH=/app/user/bin:$PATH HTTP_PORT=8001
EXPOSE 8001
CMD ["python", "-m", "user_service"]

FROM http AS order_saga
COPY --from=build /app/order_saga /app/order_saga
ENV PATH=/app/order_saga/bin:$PATH HTTP_PORT=8000
EXPOSE 8000
CMD ["python", "-m", "order_saga"]

FROM http AS payment
COPY --from=build /app/payment /app/payment
ENV PATH=/app/payment/bin:$PATH HTTP_PORT=8002
EXPOSE 8002
CMD ["python", "-m", "payment_service"]

FROM http AS emulator
COPY --from=build /app/emulator /app/emulator
ENV PATH=/app/emulator/bin:$PATH HTTP_PORT=12111 HEALTH_PATH=/healthz
EXPOSE 12111
ENTRYPOINT ["python", "-m", "stripe_emulator", "--host", "0.0.0.0", "--beyond-loopback"]

# Topics and tables of all three services; it does its work once and ends.
FROM runtime AS migrate
COPY --from=build /app/migrate /app/migrate
COPY --from=build /src/deploy/migrate.sh /app/migrate.sh
ENV PATH=/app/migrate/bin:$PATH
CMD ["sh", "/app/migrate.sh"]
