"""Every failure as an answer in the API's error shape. What nobody expected is logged, less what looks like a key, and ends no process."""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import sqlite3
import traceback

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distill.errors import DistillError
from distill.host.access.quota import no_space
from distill.protocol import ids
from distill.protocol.error import ApiError
from distill.secrets.withheld import masked

LOG = logging.getLogger("distill.host")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CONTROL = re.compile(r"[^\n\x20-\x7e]")
_BUSY = (errno.EMFILE, errno.ENFILE)


class Answered:
    """ASGI middleware around all: whatever is raised below becomes an answer, and each answer has an x-request-id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name, begun = ids.new("req_", 32), False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], (b"x-request-id", name.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, told)
        except ClientDisconnect:  # nobody is there to answer
            return
        except asyncio.CancelledError:  # the host is being stopped, and this answer takes longer than the last ones may
            if not begun:
                await response(_stopping())(scope, receive, told)
        except Exception as fault:  # noqa: BLE001  # the last net: the process serves others too
            answer = failure(fault, name)
            if not begun:
                await response(answer)(scope, receive, told)


def _stopping() -> ApiError:
    return ApiError("This host is being stopped; send the request again once it is back.", status=503, code="stopping")


def refused(_: Request, fault: Exception) -> Response:
    """What Starlette's router refuses: paths that are not there, and methods that a path does not take."""
    return response(failure(fault, ""))


def response(fault: ApiError) -> JSONResponse:
    """The answer of a refusal."""
    return JSONResponse(fault.body, status_code=fault.status, headers=fault.headers)


def failure(fault: Exception, request_id: str) -> ApiError:
    """What a fault is for the client."""
    if isinstance(fault, ApiError):
        return fault
    if isinstance(fault, HTTPException):
        return _of_router(fault)
    if (isinstance(fault, OSError) and fault.errno in _FULL) or _database_full(fault):
        LOG.error("the disk is full (%s)", type(fault).__name__)
        return no_space()
    if isinstance(fault, OSError) and fault.errno in _BUSY:
        return ApiError(
            "This host has as many files open as it may; send the request again in a moment.", status=503, code="busy"
        )
    if isinstance(fault, DistillError):  # what is missing here: weights of a base, a package
        return ApiError(masked(str(fault)), status=503, code="unavailable")
    told = "".join(traceback.format_exception(fault))
    LOG.error("request %s failed, which is a fault of distill: %s", request_id, _printable(masked(told)))
    return ApiError(f"The server had an error while processing your request (request {request_id}).", status=500)


def _printable(text: str) -> str:
    """A text of which nothing is obeyed by the terminal that shows the log: some of it may be a client's."""
    return _CONTROL.sub("?", text.encode("ascii", "backslashreplace").decode())


def _of_router(fault: HTTPException) -> ApiError:
    known = {404: "Invalid URL: there is no such path here.", 405: "Not allowed: this path does not take that method."}
    told = known.get(fault.status_code, fault.detail)
    return ApiError(told, status=fault.status_code, headers=fault.headers)  # they name the methods that it does take


def _database_full(fault: Exception) -> bool:
    return isinstance(fault, sqlite3.OperationalError) and "full" in str(fault)
