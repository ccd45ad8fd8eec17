"""The page `/docs`: Swagger UI, with its scripts and styles from an installed package."""

from functools import partial
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def docs_router(api: FastAPI) -> APIRouter:
    """Return the page and its assets. Its policy lets the browser load nothing from outside."""
    router = APIRouter(include_in_schema=False)
    folder = files("fastapi_swagger.resources")

    @router.get("/docs")
    async def page() -> Response:  # pyright: ignore[reportUnusedFunction]
        html = get_swagger_ui_html(
            openapi_url="openapi.json",
            title=api.title,
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon-32x32.png",
        )
        html.headers.update(_POLICY)
        return html

    for name, media_type in _ASSETS.items():
        response = Response((folder / name).read_bytes(), media_type=media_type, headers=_POLICY)
        router.add_api_route(f"/docs/{name}", partial(_asset, response), response_model=None)
    return router


async def _asset(response: Response, /) -> Response:
    return response
