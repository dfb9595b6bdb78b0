"""The application of one worker process: stores and services of all projects, opened there and closed after the last answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from penchant.clock import wall_clock
from penchant.pipeline.settings import PipelineConfig
from penchant.server.app import build_app
from penchant.server.settings import ServerConfig
from penchant.service.opening import shelf_of
from penchant.service.service import Service
from penchant.service.settings import ServiceConfig
from penchant.store.protocol import Stores
from penchant.store.url import open_stores


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """What a worker needs to know; plain values, because it is sent to another process.

    Attributes:
        store: URL of the stores.
        projects: those that are served.
        models: folder of the models, where it is not beside the database files.
        pipeline: settings of the request path as plain values, and the file that they came from, for messages.
        service: settings of the service as plain values.
        keyless: nobody needs a key.
    """

    store: str
    projects: tuple[str, ...]
    server: ServerConfig
    models: Path | None = None
    pipeline: tuple[dict[str, Any], str] = ({}, "")
    service: tuple[dict[str, Any], str] = ({}, "")
    keyless: bool = False


def application(hosting: Hosting) -> Any:
    """The ASGI application of a worker; raises what opening the store or reading the settings raises."""
    _log_as_json()
    stores = open_stores(hosting.store)
    pipeline, config = PipelineConfig.parse(*hosting.pipeline), ServiceConfig.parse(*hosting.service)
    services = {
        project: Service(
            stores.project(project), shelf_of(hosting.store, project, hosting.models), url=hosting.store,
            project=project, config=config, pipeline=pipeline,
        )
        for project in hosting.projects
    }  # fmt: skip
    for service in services.values():
        service.start()
    log = structlog.get_logger("penchant.server")
    app = build_app(services, None if hosting.keyless else stores, hosting.server, wall_clock, log=log)
    return _Closing(app, list(services.values()), stores)


class _Closing:
    """Closes services and stores once the server has answered its last request."""

    def __init__(self, app: Any, services: Sequence[Service], stores: Stores) -> None:
        self.app, self.services, self.stores = app, services, stores

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        await self.app(scope, receive, send)
        if scope["type"] == "lifespan":
            for service in self.services:
                service.close()
            self.stores.close()


def _log_as_json() -> None:
    """One JSON object a line on standard error, from our own code and from the standard library's loggers."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        # without the values of variables: ids of people, and keys, are among them
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    ]
    renderer = structlog.processors.JSONRenderer()
    out = logging.StreamHandler()
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [out]
    root.setLevel(logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
