"""Without torch everything works but nets, and these say in one line what they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOG = "user_id,item_id,timestamp\n" + "".join(f"u{n % 7},i{n % 5},{1_700_000_000 + n * 3600}\n" for n in range(60))

HIDDEN = """
import sys
sys.modules["torch"] = sys.modules["safetensors"] = None
from penchant.cli.app import main
code = main(sys.argv[1:])
"""

LOADED = (
    'import sys\nfrom penchant.cli.app import main\nmain(sys.argv[1:])\nprint("torch" in sys.modules, file=sys.stderr)'
)


def ran(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def without(*words: str) -> subprocess.CompletedProcess[str]:
    return ran(f"{HIDDEN}sys.exit(code)", *words)


@pytest.mark.parametrize("words", [("models", "--json"), ("show-config", "sasrec"), ("--help",), ("train", "--help")])
def test_listing_explaining_and_helping_need_no_torch(words):
    done = without(*words)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "sasrec" in done.stdout or "--help" in words or "embedding_dim = " in done.stdout


@pytest.mark.parametrize("words", [("models",), ("show-config", "gru4rec"), ("--help",)])
def test_listing_explaining_and_helping_load_no_torch(words):
    assert ran(LOADED, *words).stderr.splitlines()[-1] == "False"


def test_a_net_says_in_one_line_what_it_needs(tmp_path: Path):
    log = tmp_path / "events.csv"
    log.write_text(LOG)
    done = without("train", str(log), "--model", "sasrec", "--out", str(tmp_path / "model"))
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()[-1]
    assert said.endswith("sasrec: needs torch; install the extra: pip install 'penchant[deep]'")
    assert not (tmp_path / "model").exists()


def test_other_models_are_trained_and_answer(tmp_path: Path):
    log, folder = tmp_path / "events.csv", tmp_path / "model"
    log.write_text(LOG)
    assert without("train", str(log), "--model", "markov", "--out", str(folder)).returncode == 0
    done = without("recommend", str(folder), "--user", "u1", "--json")
    assert done.returncode == 0 and '"i' in done.stdout
