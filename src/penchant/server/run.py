"""Running the server: worker processes under granian, each of which builds its own application.

Workers are started afresh (``spawn``), not forked: threads and connections of a parent do not survive a fork. What a worker
needs comes to it as one value that can be sent to another process: a function of a module, with plain arguments.
"""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import connection
from typing import Any

from penchant.errors import UserError
from penchant.server.settings import ServerConfig
from penchant.train.run import THREAD_VARIABLES

BACKLOG = 4_096
"""Connections that one worker holds; those that stand still cost only their memory."""

SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which workers count together; see `observing.py`, which the parent need not import."""

_PORT_PATIENCE = 3.0
"""Seconds that a port may go on being held by workers of a server that was killed."""

Factory = Callable[[], Any]
"""Builds the ASGI application in its worker: a module's function, or a `functools.partial` of one with plain arguments."""


def serve(factory: Factory, settings: ServerConfig, *, complain: Callable[[str], None], verbose: bool = False) -> int:
    """Serves until SIGTERM or SIGINT, then finishes what was accepted; returns the exit code.

    Args:
        factory: see `Factory`.
        settings: address, workers and times.
        complain: says in one line why an application could not be built; a module's function.
        verbose: whether granian tells what it does.
    """
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.server import Server

    _refuse_taken(settings.host, settings.port)
    multiprocessing.set_start_method("spawn", force=True)
    for variable in THREAD_VARIABLES:
        # One answer is too little work to share: threads that wait for each other would take twice the time. What the
        # environment says stays.
        os.environ.setdefault(variable, "1")
    if settings.workers > 1 and SHARED_VARIABLE not in os.environ:
        with tempfile.TemporaryDirectory(prefix="penchant-counts-") as folder:
            os.environ[SHARED_VARIABLE] = folder
            try:
                return serve(factory, settings, complain=complain, verbose=verbose)
            finally:
                del os.environ[SHARED_VARIABLE]
    server = Server(
        "penchant",
        address="127.0.0.1" if settings.host == "localhost" else settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        runtime_threads=1,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.header_timeout * 1000)),
        log_enabled=verbose,
        respawn_failed_workers=settings.workers > 1,
        workers_kill_timeout=max(1, round(settings.stop_timeout)),
    )
    try:
        server.serve(target_loader=partial(_built, factory, settings.switch, complain), wrap_loader=False)
    except SystemExit as wish:
        return wish.code if isinstance(wish.code, int) else 1
    return 0


def _refuse_taken(host: str, port: int) -> None:
    """Raises UserError when somebody listens there: two servers that share a port would each get a part of the requests.

    Workers of a server that was killed hold it for an instant.
    """
    deadline = time.monotonic() + _PORT_PATIENCE
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                reason = fault.strerror or str(fault)
                raise UserError(
                    f"{host}:{port}: cannot listen there ({reason}); choose another --host or --port"
                ) from None
        time.sleep(0.1)


def _built(factory: Factory, switch: float, complain: Callable[[str], None]) -> Any:
    """The application of one worker."""
    _end_with_parent()
    # a thread that computes gives way sooner, so that the event loop can say no, and that it is well
    sys.setswitchinterval(switch)
    try:
        made = factory()
    except UserError as fault:
        complain(str(fault))
        raise SystemExit(1) from None
    # what stands now stays: looking through all of it for garbage would stop every answer for tens of milliseconds
    gc.collect()
    gc.freeze()
    return made


def _end_with_parent() -> None:
    """Lets this process die when its parent does, however that died: it would go on holding the port."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()
