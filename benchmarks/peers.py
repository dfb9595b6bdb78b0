"""What fits and recommendations cost beside those of RecTools and implicit, on MovieLens-1M.

    python -m benchmarks.peers                       # about 15 minutes on two cores
    python -m benchmarks.peers --repeats 1 --threads 1 --only ease-equal,rectools-ease

Peers are installed once, each into an environment of its own below ``--venvs`` (by default in the user's cache folder). Every
measurement is a process of its own; systems take turns, so that a busy machine is busy for all of them, and figures are medians
over the repeats, ratios medians of the ratios within a turn. Train is the first 90 % of the log, in order of time; the test is
that of protocol `time`: ndcg@20 over all items but the seen ones, for people with events on both sides.

*equal* rows have the settings of their peer (whole histories, no popularity beside the score); for `ials`, whose loss weighs
pairs otherwise, alpha and reg are chosen on the validation part of train. *default* rows have this package's own settings,
which are meant for live histories. Rows on *numpy* do without compiled code. Loading compiled code is measured apart (the first
process compiles it, `compile_cpu_seconds`; the others find it on disk). Writes ``results/peers-ml-1m.json``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.recording import write_result
from benchmarks.sets import read_set
from penchant.data.dataset import Dataset
from penchant.errors import UserError

CHILD = Path(__file__).with_name("peers_child.py")
PEERS = {"implicit": "implicit==0.7.3", "rectools": "rectools==0.19.*"}
WHOLE = {"last_n": 100_000, "decay": 1.0, "popularity_behind": False, "popularity_weight": 0.0}


@dataclass(frozen=True, kw_only=True)
class System:
    """What is measured: `name` as the child knows it, in the environment `venv` (None: this one), against `peer`."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    venv: str | None = None
    peer: str | None = None
    numba: bool = True


SYSTEMS = {
    "rectools-ease": System(name="rectools-ease", venv="rectools", settings={"regularization": 200.0}),
    "ease-equal": System(name="ease", peer="rectools-ease", settings={**WHOLE, "row_events": None, "reg": 200.0}),
    "ease-default": System(name="ease", peer="rectools-ease"),
    "implicit-cosine": System(name="implicit-cosine", venv="implicit", settings={"K": 100}),
    "itemknn-equal": System(
        name="itemknn",
        peer="implicit-cosine",
        settings={**WHOLE, "similarity": "cosine", "neighbours": 100, "shrink": 0.0},
    ),
    "itemknn-equal-numpy": System(
        name="itemknn",
        peer="implicit-cosine",
        settings={**WHOLE, "similarity": "cosine", "neighbours": 100, "shrink": 0.0},
        numba=False,
    ),
    "itemknn-default": System(name="itemknn", peer="implicit-cosine"),
    "implicit-als": System(name="implicit-als", venv="implicit", settings={"factors": 64, "iterations": 15}),
    "ials-equal": System(name="ials", peer="implicit-als", settings={**WHOLE, "row_events": None}),
    "ials-equal-numpy": System(name="ials", peer="implicit-als", settings={**WHOLE, "row_events": None}, numba=False),
    "ials-default": System(name="ials", peer="implicit-als"),
}
"""Peers first: those measured against them follow in the same turn."""


def environment(name: str, folder: Path) -> Path:
    """The interpreter of a peer's environment, which is made when it is not there."""
    home = folder / PEERS[name].replace("==", "-").replace("*", "x")
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "ready").exists():
        print(f"installing {PEERS[name]} into {home}", file=sys.stderr)
        venv.create(home, clear=True, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", PEERS[name]], check=False)
        if done.returncode:
            raise UserError(f"{PEERS[name]}: pip could not install it; see its message above")
        (home / "ready").touch()
    return python


def versions(python: Path) -> dict[str, str]:
    listed = subprocess.run([python, "-m", "pip", "list", "--format", "json"], capture_output=True, check=True)
    wanted = ("implicit", "rectools", "pm-implicit", "numpy", "scipy")
    return {one["name"]: one["version"] for one in json.loads(listed.stdout) if one["name"].lower() in wanted}


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """Where the children find things, and the right answers."""

    folder: Path
    pythons: dict[str, Path]
    targets: dict[int, np.ndarray]

    def measured(self, label: str, system: System, threads: int) -> dict[str, Any]:
        """One measurement in a process of its own."""
        lists = self.folder / "lists.npz"
        python = self.pythons[system.venv] if system.venv else Path(sys.executable)
        # implicit asks for one thread of BLAS: its own threads call it
        blas = 1 if system.venv == "implicit" else threads
        setting = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(blas), "MKL_NUM_THREADS": str(blas)}
        command = [str(python), "-W", "ignore", str(CHILD), system.name, "--train", str(self.folder / "train.npz")]
        command += ["--lists", str(lists), "--threads", str(threads), "--settings", json.dumps(system.settings)]
        command += [] if system.numba else ["--without-numba"]
        paths = [str(CHILD.parent.parent), str(CHILD.parent.parent / "src")] if system.venv is None else []
        setting |= {"PYTHONPATH": os.pathsep.join(paths), "NUMBA_CACHE_DIR": str(self.folder / "compiled")}
        done = subprocess.run(command, env={**os.environ, **setting}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"{label}: the measured process failed:\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        every = np.load(lists)["lists"]
        found["ndcg"] = ndcg(every, self.targets)
        found["people_per_cpu_second"] = len(every) / found["asked"]
        if "asked_arrays" in found:
            found["people_per_cpu_second_arrays"] = len(every) / found["asked_arrays"]
        return found


def ndcg(lists: np.ndarray, targets: dict[int, np.ndarray]) -> float:
    """Mean ndcg@20 over the people with targets, the ideal over at most 20 of them."""
    discount = 1 / np.log2(np.arange(2, 22))
    values = []
    for person, right in targets.items():
        hits = np.isin(lists[person, :20], right)
        values.append(float((hits * discount[: len(hits)]).sum() / discount[: min(20, len(right))].sum()))
    return float(np.mean(values))


def later_items(data: Dataset, cut: int) -> dict[int, np.ndarray]:
    """The items that each person of the first `cut` rows chose after them and not before."""
    log = data.interactions
    found = {}
    for person in np.unique(log.user[cut:]).tolist():
        past = log.item[:cut][log.user[:cut] == person]
        fresh = np.setdiff1d(log.item[cut:][log.user[cut:] == person], past)
        if len(past) and len(fresh):
            found[person] = fresh
    return found


def chosen_for_ials(data: Dataset, cut: int) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The alpha and reg with the best ndcg@20 on the last tenth of train, and all trials."""
    from penchant.models.ials import Ials
    from penchant.query import Query

    inner = cut * 9 // 10
    train, targets = data.take(slice(0, inner)), later_items(data.take(slice(0, cut)), inner)
    trials = []
    for alpha, reg in itertools.product((1.0, 3.0, 10.0), (10.0, 30.0, 100.0)):
        model = Ials(alpha=alpha, reg=reg, **SYSTEMS["ials-equal"].settings).fit(train)
        lists = np.full((data.n_users, 20), -1)
        queries = [Query(user_id=data.users.id(person), k=20, repeats="exclude") for person in targets]
        for person, answer in zip(targets, model.recommend_many(queries), strict=True):
            lists[person, : len(answer.item_ids)] = data.items.numbers(answer.item_ids)[0]
        trials.append({"alpha": alpha, "reg": reg, "ndcg": ndcg(lists, targets)})
    best = max(trials, key=lambda trial: trial["ndcg"])
    return {"alpha": best["alpha"], "reg": best["reg"]}, trials


def summary(turns: dict[str, list[dict[str, Any]]], systems: dict[str, System]) -> list[dict[str, Any]]:
    """Medians of each system, and medians of its ratios to its peer within the same turn."""
    rows = []
    for label, system in systems.items():
        runs = turns[label]
        row: dict[str, Any] = {"system": label, "settings": system.settings, "numba": system.numba and not system.venv}
        row |= {name: median(run[name] for run in runs) for name in runs[0]}
        if system.peer in turns:
            pairs = list(zip(runs, turns[system.peer], strict=True))
            fits = [own["fit"] / peer["fit"] for own, peer in pairs]
            row["peer"] = system.peer
            row["fit_ratio"], row["fit_ratio_range"] = median(fits), [min(fits), max(fits)]
            for kind in ("people_per_cpu_second", "people_per_cpu_second_arrays"):
                row[f"{kind}_ratio"] = median(own[kind] / peer["people_per_cpu_second"] for own, peer in pairs)
        rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    head = f"{'system':<22}{'ndcg@20':>8}{'fit CPU s':>11}{'x peer':>8}{'people/CPU s':>14}{'x peer':>8}"
    lines = [head + f"{'arrays':>9}{'x peer':>8}{'peak MB':>9}"]
    for row in rows:
        text = f"{row['system']:<22}{row['ndcg']:>8.4f}{row['fit']:>11.2f}{row.get('fit_ratio', 1):>8.2f}"
        text += f"{row['people_per_cpu_second']:>14,.0f}{row.get('people_per_cpu_second_ratio', 1):>8.2f}"
        if "people_per_cpu_second_arrays" in row:
            text += f"{row['people_per_cpu_second_arrays']:>9,.0f}{row['people_per_cpu_second_arrays_ratio']:>8.2f}"
        else:
            text += f"{'':>17}"
        lines.append(text + f"{row['peak_mb']:>9.0f}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", help="labels with commas; then nothing is written")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    parser.add_argument("--venvs", type=Path, default=cache / "penchant" / "peers")
    arguments = parser.parse_args()
    data = read_set("ml-1m")
    cut = int(0.9 * len(data))
    only = arguments.only.split(",") if arguments.only else list(SYSTEMS)
    systems = {label: SYSTEMS[label] for label in SYSTEMS if label in only}
    needed = {system.venv for system in systems.values() if system.venv}
    pythons = {name: environment(name, arguments.venvs) for name in sorted(needed)}
    trials: list[dict[str, float]] = []
    equal = [label for label in systems if label.startswith("ials-equal")]
    if equal:
        chosen, trials = chosen_for_ials(data, cut)
        systems |= {n: replace(systems[n], settings={**systems[n].settings, **chosen}) for n in equal}
    by_threads = {}
    with tempfile.TemporaryDirectory() as made:
        log = data.interactions
        parts = {"user": log.user[:cut], "item": log.item[:cut], "at": log.at[:cut]}
        np.savez(Path(made) / "train.npz", **parts, n_users=data.n_users, n_items=data.n_items)
        bench = Bench(folder=Path(made), pythons=pythons, targets=later_items(data, cut))
        for threads in [int(part) for part in arguments.threads.split(",")]:
            turns: dict[str, list[dict[str, Any]]] = {label: [] for label in systems}
            for turn, (label, system) in itertools.product(range(arguments.repeats), systems.items()):
                turns[label].append(bench.measured(label, system, threads))
                print(f"  threads {threads}, turn {turn + 1}: {label}", file=sys.stderr)
            by_threads[str(threads)] = {"rows": summary(turns, systems), "turns": turns}
            print(f"threads {threads}, {len(bench.targets)} people asked\n{table(by_threads[str(threads)]['rows'])}\n")
    if not arguments.only:
        about = {"name": data.name, "digest": data.digest, "events": len(data), "train_events": cut}
        peers = {name: versions(python) for name, python in pythons.items()}
        result = {"data": about, "people": len(bench.targets), "peers": peers, "repeats": arguments.repeats}
        loads = [
            run["loading_compiled"]
            for one in by_threads.values()
            for runs in one["turns"].values()
            for run in runs
            if run.get("loading_compiled", 0) > 0.01
        ]
        result |= {"compile_cpu_seconds": max(loads), "load_compiled_cpu_seconds": median(loads)}
        path = write_result("peers-ml-1m", {**result, "ials_trials": trials, "threads": by_threads}, "benchmarks.peers")
        print(f"written: {path.name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
