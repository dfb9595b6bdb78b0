"""The routes that are asked most: they are declared here like all others, and reached by a shorter way (`short_way.py`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from penchant.server import answering, ids
from penchant.server.answers import Answer
from penchant.server.questions import Question, RankQuestion
from penchant.server.routes import examples
from penchant.server.routing import Called, Routes, response
from penchant.server.sent_events import EventsAnswer, SentEvent

UserId = Annotated[str, Path(json_schema_extra=examples.ID)]
"""Checked where the short way checks it too."""


async def post_events(call: Called) -> Response:
    """Keep events.

    One event, a list, or one event a line (``application/x-ndjson``). Each is judged by itself. When the answer comes, the
    accepted ones are on disk, and the very next list knows them.
    """
    return response(await answering.post_events(call))


async def post_recommend(call: Called) -> Response:
    """Recommend items to a person, in a moment, in its circumstances."""
    return response(await answering.post_recommend(call))


async def get_recommend(call: Called, user_id: UserId) -> Response:
    """Recommend items to a person whose question fits into a URL.

    Circumstances are given as ``context.mood=calm``; lists of ids are separated by commas.
    """
    return response(await answering.get_recommend(call, ids.from_path(user_id)))


async def post_rank(call: Called) -> Response:
    """Put given items into the best order for a person."""
    return response(await answering.post_rank(call))


def register(routes: Routes) -> None:
    """Declares the routes."""
    routes.add(
        "POST",
        "/v1/events",
        post_events,
        scope="ingest",
        example=examples.EVENTS_ANSWER,
        faults=(507,),
        answer=EventsAnswer,
        body=SentEvent,
        more=examples.EVENTS_MORE,
    )
    routes.add(
        "POST",
        "/v1/recommend",
        post_recommend,
        scope="read",
        example=examples.ANSWER,
        answer=Answer,
        body=Question,
        more=examples.body(examples.QUESTION),
    )
    routes.add(
        "GET",
        "/v1/recommend/{user_id}",
        get_recommend,
        scope="read",
        example=examples.ANSWER,
        answer=Answer,
        more=examples.RECOMMEND_PARAMETERS,
    )
    routes.add(
        "POST",
        "/v1/rank",
        post_rank,
        scope="read",
        example=examples.ANSWER,
        answer=Answer,
        body=RankQuestion,
        more=examples.body(examples.RANK_QUESTION),
    )
