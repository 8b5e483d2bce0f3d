"""Structured logs, each line with the id of the request that it belongs to."""

import logging
import logging.config
import re
import secrets
import time
from contextvars import ContextVar
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="-")
log = logging.getLogger("app.request")

SECRET = re.compile(r"[\w-]{40,}", re.ASCII)  # of a link from a mail: whoever reads the log must not follow it
QUIET_PATHS = ("/health/", "/static/", "/dev/")  # asked all the time; logged only when they fail


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def configure_logging(settings: Settings) -> None:
    """JSON lines in production, readable ones in development; uvicorn's own loggers included."""
    production = {
        "()": "pythonjsonlogger.json.JsonFormatter",
        "fmt": "{asctime}{levelname}{name}{message}{request_id}",
        "style": "{",
        "rename_fields": {"asctime": "time", "levelname": "level"},
    }
    development = {"format": "{levelname:<7} {request_id} {name}: {message}", "style": "{"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_id": {"()": RequestIdFilter}},
            "formatters": {"line": production if settings.in_production else development},
            "handlers": {
                "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
            },
            "root": {"handlers": ["console"], "level": "WARNING"},
            "loggers": {
                "app": {"level": settings.log_level},
                "uvicorn": {"level": "INFO", "handlers": [], "propagate": True},
                "uvicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
            },
        }
    )


class RequestLogMiddleware:
    """Give each request an id, say it in the response, and log one line when it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        id = secrets.token_hex(6)
        request_id.set(id)
        began, status = time.perf_counter(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            if status >= 500 or not scope["path"].startswith(QUIET_PATHS):
                level = logging.ERROR if status >= 500 else logging.INFO
                took = round((time.perf_counter() - began) * 1000)
                path = SECRET.sub("...", quote(scope["path"], errors="replace"))  # a line break could forge a line
                line = {"method": scope["method"], "path": path, "status": status, "ms": took}
                log.log(level, "%(method)s %(path)s %(status)s %(ms)s ms", line, extra=line)
