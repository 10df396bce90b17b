"""A refusal in the error shape of the public API: {"error": {message, type, param, code}}."""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json


class ApiError(Exception):
    """A request that is answered with an error; `status` is the HTTP status, `param` the setting that was wrong."""

    def __init__(
        self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.message, self.status, self.code, self.param = message, status, code, param
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Json]:
        """The JSON body."""
        return {"error": {"message": self.message, "type": kind(self.status), "param": self.param, "code": self.code}}


def kind(status: int) -> str:
    """The `type` of an error, by its status."""
    known = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    return "server_error" if status >= 500 else known.get(status, "invalid_request_error")


def not_found(what: str, name: str) -> ApiError:
    """404 of an object that is not there, such as a File or a FineTuningJob."""
    return ApiError(f"No such {what} object: {name}", status=404, param="id")
