"""Model folders that are broken on purpose."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np

ARRAYS = "model/arrays.npz"


def copied(folder: Path, target: Path) -> Path:
    """A whole copy."""
    return Path(shutil.copytree(folder, target))


def flip(file: Path, at: float = 0.5) -> None:
    """Turns one bit of a file, a share `at` of the way into it."""
    data = bytearray(file.read_bytes())
    data[int(len(data) * at)] ^= 1
    file.write_bytes(bytes(data))


def cut(file: Path) -> None:
    """Keeps the first half of a file, as a copy that was stopped does."""
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


class Bomb:
    """Something that makes the file `mark` when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def mine(folder: Path, mark: Path) -> None:
    """Hides pickles in a model folder wherever a careless reader would open them, and makes its digests right again."""
    bomb = pickle.dumps(Bomb(mark))
    for place in (folder, folder / "model", folder / "catalogue"):
        for name in ("model.pkl", "arrays.pkl", "config.pickle", "__init__.pickle"):
            (place / name).write_bytes(bomb)
    arrays = dict(np.load(folder / ARRAYS))
    arrays[next(iter(arrays))] = np.array([Bomb(mark)], dtype=object)
    with (folder / ARRAYS).open("wb") as file:
        np.savez(file, allow_pickle=True, **arrays)
    sign(folder)


def replace_by_pickle(folder: Path, mark: Path) -> None:
    """Puts a bare pickle where the arrays were; numpy would open that too if it were allowed to."""
    (folder / ARRAYS).write_bytes(pickle.dumps(Bomb(mark)))
    sign(folder)


def bare_pickle_inside(folder: Path, mark: Path) -> None:
    """Puts a pickle into the archive under the name of an array."""
    with zipfile.ZipFile(folder / ARRAYS) as archive:
        names = archive.namelist()
    with zipfile.ZipFile(folder / ARRAYS, "w") as archive:
        for name in names:
            archive.writestr(name, pickle.dumps(Bomb(mark)))
    sign(folder)


def sign(folder: Path) -> None:
    """Writes the digests of a folder's files, as they are now, into its card."""
    card = json.loads((folder / "card.json").read_text())
    card["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in card["files"]}
    text = json.dumps({key: value for key, value in card.items() if key != "digest"}, sort_keys=True)
    card["digest"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card, indent=1))
