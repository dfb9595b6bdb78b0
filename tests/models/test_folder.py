"""A model folder is whole or refused by name; a failed save leaves the old one and nothing else."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from penchant.errors import BadModelFolder, UserError
from penchant.models.base import load_model
from penchant.models.ease import Ease
from penchant.models.folder import _card_digest, read_world, version_of
from penchant.models.popular import Popular
from penchant.query import Past, Query
from tests.toy import day, toy_dataset

FILES = [
    "catalogue/arrays.npz",
    "catalogue/config.json",
    "model/arrays.npz",
    "model/config.json",
    "people/arrays.npz",
    "people/config.json",
]


@pytest.fixture
def folder(tmp_path) -> Path:
    path: Path = tmp_path / "model"
    Ease(reg=1.0).fit(toy_dataset()).save(path)
    return path


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def refused(folder: Path) -> str:
    with pytest.raises(BadModelFolder) as fault:
        load_model(folder)
    text = str(fault.value)
    assert "\n" not in text
    return text


def answer(folder: Path) -> tuple[str, ...]:
    return load_model(folder).recommend(Query(user_id="ann", at=day(6), k=8)).item_ids


def test_the_folder_holds_these_files_and_no_others(folder):
    found = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert found == sorted([*FILES, "card.json"])
    assert len(answer(folder)) > 0


@pytest.mark.parametrize("name", [*FILES, "card.json"])
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_truncated_file_is_refused_by_name(folder, name, kept):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * kept)])
    assert str(folder / name) in refused(folder)


@pytest.mark.parametrize("name", [*FILES, "card.json"])
def test_a_missing_file_is_refused_by_name(folder, name):
    (folder / name).unlink()
    assert f"{folder / name}: missing" in refused(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_refused_by_name(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert f"{folder / name}: truncated or changed" in refused(folder)


def test_a_changed_card_is_refused(folder):
    card = json.loads((folder / "card.json").read_text())
    card["data"]["events"] += 1
    (folder / "card.json").write_text(json.dumps(card))
    assert f"{folder / 'card.json'}: changed" in refused(folder)


def test_a_changed_setting_is_refused(folder):
    path = folder / "model" / "config.json"
    path.write_text(path.read_text().replace('"reg": 1.0', '"reg": 2.0'))
    assert f"{path}: truncated or changed" in refused(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    assert f"{tmp_path / 'none'}: no such folder" in refused(tmp_path / "none")


def test_a_folder_of_another_model_is_refused(folder):
    with pytest.raises(BadModelFolder, match='holds a model "ease", expected "popular"'):
        Popular.load(folder)


def test_saving_twice_leaves_the_new_one(folder):
    Popular().fit(toy_dataset()).save(folder)
    assert load_model(folder).name() == "popular"
    assert names(folder.parent) == ["model"]


def test_a_folder_with_other_things_is_never_overwritten(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(UserError, match="is not a model folder"):
        Popular().fit(toy_dataset()).save(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"
    assert names(tmp_path) == ["thesis"]


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "boom")


@pytest.mark.parametrize("name", ["model/arrays.npz", "catalogue/arrays.npz", "people/arrays.npz"])
def test_an_exploding_pickle_is_never_opened(folder, tmp_path, name):
    trace = tmp_path / "boom"
    array = np.asarray([Bomb(trace)], dtype=object)
    inner = io.BytesIO()
    np.save(inner, array, allow_pickle=True)
    # the bomb does explode where pickles are allowed, else this test shows nothing
    np.load(io.BytesIO(inner.getvalue()), allow_pickle=True)
    assert trace.exists()
    trace.unlink()
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("known.npy", inner.getvalue())
    assert name in refused(folder)
    reseal(folder)  # even where the attacker also wrote the card
    refused(folder)
    (folder / name).write_bytes(pickle.dumps(Bomb(trace)))
    reseal(folder)
    refused(folder)
    assert not trace.exists()


def reseal(folder: Path) -> None:
    """Writes a card that fits the files as they are, as somebody who knows the format could."""
    import hashlib

    card = json.loads((folder / "card.json").read_text())
    card["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in card["files"]}
    del card["digest"]
    card["digest"] = hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))


def child(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a process of its own, where it may be killed or kept short of disk."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("fatal", [1, 2])
def test_a_process_killed_before_the_new_folder_is_in_place_leaves_the_old_one(folder, fatal):
    before = answer(folder)
    # an audit hook hears of a rename before it happens. Before the first, everything is written and nothing is in place;
    # before the second, the old folder has made room and the new one has not yet come.
    done = child(
        """
        import os, signal, sys
        from pathlib import Path
        from penchant.models.popular import Popular
        from tests.toy import toy_dataset

        def killer(event, _):
            if event == "os.rename":
                heard.append(event)
                if len(heard) == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)

        heard = []
        model = Popular().fit(toy_dataset())
        sys.addaudithook(killer)
        model.save(Path(sys.argv[1]))
        """,
        str(folder),
        str(fatal),
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (folder.parent / ".model.partial" / "card.json").exists()
    assert load_model(folder).name() == "ease"
    assert answer(folder) == before
    Popular().fit(toy_dataset()).save(folder)
    assert load_model(folder).name() == "popular"
    assert names(folder.parent) == ["model"]


def test_a_full_disk_is_one_clear_line_and_leaves_nothing_half_done(folder):
    before = answer(folder)
    # the limit on the size of a file stands for the end of the disk: the write itself fails in the middle
    done = child(
        """
        import resource, signal, sys
        from pathlib import Path
        from penchant.errors import UserError
        from penchant.models.popular import Popular
        from tests.toy import toy_dataset

        model = Popular().fit(toy_dataset())
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))
        try:
            model.save(Path(sys.argv[1]))
        except UserError as fault:
            print(fault)
        """,
        str(folder),
    )
    assert done.stderr == ""
    assert done.stdout.startswith(f"{folder}: cannot be saved (File too large); free space")
    assert done.stdout.count("\n") == 1
    assert names(folder.parent) == ["model"]
    assert answer(folder) == before


def test_event_kinds_keep_their_numbers(tmp_path):
    # in the toy world view comes before buy and counts 1, buy 3: in the order of the alphabet they would change places
    model = Ease(reg=1.0, popularity_behind=False).fit(toy_dataset())
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert list(loaded.catalogue.schema.kinds) == ["view", "buy"]
    query = Query(history=(Past(item_id="a"), Past(item_id="d", kind="buy")))
    assert loaded.score(query, list("abcde")).tolist() == model.score(query, list("abcde")).tolist()


def test_items_and_people_are_read_without_the_model(folder):
    (folder / "model" / "arrays.npz").write_bytes(b"")
    catalogue, people, card = read_world(folder)
    assert list(catalogue.items) == list("abcdefgh") and len(people.sequences.log) == 20
    assert version_of(card) == f"ease-{card['digest'][:12]}"
    (folder / "people" / "config.json").write_text("{}")
    with pytest.raises(BadModelFolder, match="people/config.json: truncated or changed"):
        read_world(folder)


def test_a_card_that_names_other_files_is_refused(folder):
    card = json.loads((folder / "card.json").read_text())
    card["files"]["../secret"] = card["files"].pop("people/config.json")
    card["digest"] = _card_digest(card)
    (folder / "card.json").write_text(json.dumps(card))
    assert "card.json: names other files than a model folder holds" in refused(folder)
