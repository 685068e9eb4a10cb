"""The page's own files, and those that the bot uploads, with the headers that keep foreign text harmless."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.workspace.workspace import Workspace

FOLDER = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
PICTURES = ("image/png", "image/jpeg", "image/gif")


def page_routes() -> list[Route]:
    """The page at `/`, what it loads from `/page/`, and the page that stands where an answer's links lead to."""

    async def index(_request: Request) -> Response:
        return FileResponse(FOLDER / "index.html", headers=HEADERS)

    async def outside(_request: Request) -> Response:
        return FileResponse(FOLDER / "outside.html", headers=HEADERS)

    async def part(request: Request) -> Response:
        file = FOLDER / request.path_params["name"]
        found = file.parent == FOLDER and file.is_file()
        return FileResponse(file, headers=HEADERS) if found else PlainTextResponse("not found", 404)

    return [
        Route("/", index),
        Route("/page/{name}", part),
        Route("/datadog/metric/explorer", outside),
        Route("/kibana/app/discover", outside),
    ]


def file_routes(workspace: Workspace) -> list[Route]:
    """Uploaded files: pictures are shown, everything else is only ever saved."""

    async def file(request: Request) -> Response:
        found = workspace.files.find(request.path_params["id"])
        if found is None or not workspace.files.ready(found.id):
            return PlainTextResponse("not found", 404)
        if found.mimetype in PICTURES:
            return Response(found.content, media_type=found.mimetype, headers=HEADERS)
        return Response(
            found.content, media_type="application/octet-stream", headers=HEADERS | {"Content-Disposition": "attachment"}
        )

    return [Route("/files/{id}/{name}", file)]
