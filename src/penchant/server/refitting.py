"""Other models: serving another version, and fitting a new one while answers go on."""

from __future__ import annotations

import asyncio

from penchant.errors import UnknownName
from penchant.server.keeping import no_such
from penchant.server.problems import Problem
from penchant.server.records import Model, Refit, plain
from penchant.server.site import Call
from penchant.service.nouns import ModelInfo
from penchant.service.protocol import App


def activated(app: App, version: str) -> ModelInfo:
    """The version that is now served; raises Problem 404 for one that is not there, BadModelFolder for a bad one."""
    try:
        return app.activate(version)
    except UnknownName:
        raise no_such("version", version) from None


async def refit(call: Call, *, wait: bool, force: bool) -> Refit:
    """Starts a refit, or waits for it; raises Problem 409 while one is under way."""
    site, project = call.site, call.caller.project
    running = site.refits.get(project)
    if running is not None and not running.done():
        raise Problem(409, "a refit is under way; its result appears in GET /v1/models", kind="refit-under-way")
    task = asyncio.get_running_loop().create_task(_refitted(call, force))
    site.refits[project] = task
    if not wait:
        task.add_done_callback(lambda done: _told(call, done))
        return Refit(status="started")
    return await asyncio.shield(task)


async def _refitted(call: Call, force: bool) -> Refit:
    done = await asyncio.to_thread(lambda: call.app.refit(force=force))
    found = plain(dict(done.found))
    if done.model is None:
        return Refit(status="refused", found=found)
    return Refit(status="served", model=Model.model_validate(plain(done.model)), found=found)


def _told(call: Call, done: asyncio.Task[Refit]) -> None:
    """Nobody waits for the result, so a failure is told to the log."""
    fault = None if done.cancelled() else done.exception()
    if fault is not None:
        call.site.log.error("refit failed", project=call.caller.project, exc_info=fault)
