"""Model folders that are torn, changed or mined: refused by name, never opened too far, and what was served before goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from penchant.models.serving import version_name
from tests.faults.child import PATIENCE, PENCHANT, ROOT, command, environment, free_port
from tests.faults.conftest import Start
from tests.faults.folders import ARRAYS, bare_pickle_inside, copied, cut, flip, mine, replace_by_pickle

DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped": (flip, ARRAYS),
    "flipped at the end": (lambda file: flip(file, 0.999), "people/arrays.npz"),
    "torn": (cut, "catalogue/arrays.npz"),
    "missing": (Path.unlink, "catalogue/config.json"),
    "card flipped": (flip, "card.json"),
}


def refusals(broken: dict[str, Path], tmp_path: Path) -> dict[str, tuple[int, str]]:
    """Exit code and standard error of ``penchant serve`` for each folder; all at the same time."""
    children = {}
    for number, (name, folder) in enumerate(broken.items()):
        words = ["serve", str(folder), "--store", str(tmp_path / f"store{number}"), "--port", str(free_port())]
        children[name] = subprocess.Popen(
            [sys.executable, *PENCHANT, *words], env=environment(), cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    found = {}
    for name, child in children.items():
        try:
            _, said = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
        found[name] = (child.returncode, said)
    return found


def test_a_damaged_folder_is_refused_by_name(folders: Path, tmp_path: Path) -> None:
    broken = {}
    for name, (damage, file) in DAMAGES.items():
        broken[name] = copied(folders / "knn", tmp_path / name.replace(" ", "-"))
        damage(broken[name] / file)
    for name, (code, said) in refusals(broken, tmp_path).items():
        named = str(broken[name] / DAMAGES[name][1])
        assert code == 1 and len(said.splitlines()) == 1 and said.startswith("error: ") and named in said, (name, said)


def test_a_pickle_is_never_opened(folders: Path, tmp_path: Path) -> None:
    """Also where whoever planted it made the digests right, so that only the reader itself stands in its way."""
    mark, broken = tmp_path / "exploded", {}
    for plant in (mine, replace_by_pickle, bare_pickle_inside):
        broken[plant.__name__] = copied(folders / "knn", tmp_path / plant.__name__)
        plant(broken[plant.__name__], mark)
    for name, (code, said) in refusals(broken, tmp_path).items():
        assert code == 1 and len(said.splitlines()) == 1 and "model" in said, (name, code, said)
    assert not mark.exists()
    for number in range(len(broken)):
        files = {file.name for file in (tmp_path / f"store{number}").rglob("*") if file.is_file()}
        assert all(name.startswith(("default.sqlite", "api-keys.db")) for name in files), files


def test_what_was_served_before_goes_on(start: Start, folders: Path, tmp_path: Path) -> None:
    """A stray pickle beside a whole model, then a torn folder, then a copy that has rotted while nobody ran."""
    knn, popular = (version_name(folders / name) for name in ("knn", "popular"))
    store, mark = tmp_path / "store", tmp_path / "exploded"
    stray = copied(folders / "knn", tmp_path / "stray")
    whole = {name: (stray / name).read_bytes() for name in (ARRAYS, "card.json")}
    mine(stray, mark)
    for name, data in whole.items():
        (stray / name).write_bytes(data)
    with start(folder=str(stray)) as server, server.caller() as caller:
        assert caller.recommend("ann").json["model_version"] == knn
    assert not mark.exists()
    assert not [file for file in store.rglob("*") if "pickle" in file.name or "pkl" in file.name]

    broken = copied(folders / "popular", tmp_path / "broken")
    cut(broken / ARRAYS)
    with start(folder=str(broken)) as server, server.caller() as caller:
        assert caller.recommend("ann").json["model_version"] == knn
        assert str(broken / ARRAYS) in server.words and f"{knn}, which was served before, goes on" in server.words
        assert [model["version"] for model in caller.get("/v1/models").json["models"]] == [knn]

    assert command("swap", folders / "popular", "--store", store).returncode == 0
    flip(store / "models" / "default" / popular / ARRAYS)
    with start(folder=None) as server, server.caller() as caller:
        assert caller.recommend("ann").json["model_version"] == knn
        assert f"{popular}/{ARRAYS}" in server.words
        status = caller.get("/v1/status").json
        assert status["wanted_version"] == popular and ARRAYS in status["trouble"]
