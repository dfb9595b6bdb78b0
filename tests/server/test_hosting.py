"""A worker's log: one JSON object a line, and nothing in it that a person or a key can be known by."""

from __future__ import annotations

import json
import subprocess
import sys

_FAILS = """
import logging
import structlog
from penchant.server.hosting import _log_as_json

def answer(user_id, headers):
    raise RuntimeError("out of luck")

_log_as_json()
try:
    answer("ann", {b"authorization": b"Bearer pk_secret"})
except RuntimeError as fault:
    structlog.get_logger("penchant.server").error("fault", exc_info=fault)
    logging.getLogger("penchant.service").error("stage failed", extra={"stage": "rank"}, exc_info=fault)
"""


def test_a_fault_leaves_its_traceback_in_the_log_and_no_values() -> None:
    done = subprocess.run([sys.executable, "-c", _FAILS], capture_output=True, text=True, check=True, timeout=60)
    fault, stage = (json.loads(line) for line in done.stderr.splitlines())
    assert (fault["event"], stage["event"], stage["stage"]) == ("fault", "stage failed", "rank")
    for line in (fault, stage):
        assert [frame["name"] for frame in line["exception"][0]["frames"]] == ["<module>", "answer"]
    assert "ann" not in done.stderr and "pk_secret" not in done.stderr
