"""A service's FastAPI application: its guards, limits, problems and documents."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from saga_messaging.http.docs import docs_router
from saga_messaging.http.guard import RequestGuard
from saga_messaging.http.health import LIVENESS_PATH, READINESS_PATH
from saga_messaging.http.limits import LimitedRequests
from saga_messaging.http.openapi import document_problems
from saga_messaging.http.problems import Handler, install_problems
from saga_messaging.settings import HttpSettings

_METHODS: Final = ("GET", "POST", "PUT", "DELETE")


def service_api(
    title: str,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    settings: HttpSettings,
    problems: Mapping[type[Exception], Handler],
    open_paths: Collection[str] = (),
) -> FastAPI:
    """Return an application without routes of its own, except `/docs` and `/openapi.json`.

    Args:
        title: The service's name in its documents.
        lifespan: Starts and stops the service's components.
        settings: Limits, hosts and origins.
        problems: The service's own errors, by type, each with its problem.
        open_paths: Paths that may be called under any host name, as the health checks.
    """
    api = FastAPI(title=title, lifespan=lifespan, docs_url=None, redoc_url=None)
    # The middleware that is added last is the first to see a request.
    api.add_middleware(LimitedRequests, limit=settings.http_max_requests)
    install_problems(api, settings.max_body_bytes, problems)
    document_problems(api)
    if settings.allowed_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.allowed_origins),
            allow_methods=_METHODS,
            allow_headers=("content-type", "idempotency-key"),
            expose_headers=("location", "retry-after"),
        )
    api.add_middleware(
        RequestGuard,
        hosts=settings.allowed_hosts,
        origins=settings.allowed_origins,
        open_paths=(LIVENESS_PATH, READINESS_PATH, *open_paths),
    )
    api.include_router(docs_router(api))
    return api
