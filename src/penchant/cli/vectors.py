"""`penchant vectors`: what a saved model knows of items and people as vectors, and what those say about an attribute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli import asking
from penchant.cli.options import AsJson, ModelFolder, Seed
from penchant.cli.output import note, show, show_json
from penchant.cli.progress import Terminal
from penchant.errors import BadConfig, UnknownName, UserError

if TYPE_CHECKING:
    from penchant.data.arrays import Float32
    from penchant.evaluate.probe import Probed
    from penchant.log import Reporter
    from penchant.models.base import Model

_PEOPLE_AT_ONCE = 512
_SHOWN = {"frequencies": "frequencies alone"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant vectors model --of items --out items.parquet\n\n"
        "Example: penchant vectors model --of users --out people.parquet --json\n\n"
        "Example: penchant vectors model --probe genres"
    )(vectors)


def vectors(
    folder: ModelFolder,
    of: Annotated[Literal["items", "users"], typer.Option("--of", help="Whose vectors.")] = "items",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.parquet", help="Write ids and vectors to this Parquet file.")
    ] = None,
    attribute: Annotated[
        str | None,
        typer.Option(
            "--probe", metavar="ATTRIBUTE", help="How well do the vectors foretell this category or these tags?"
        ),
    ] = None,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Writes the vectors of a model's items or people, or probes what they say.

    The inner product of a person and an item stands for the model's score: enough
    to find candidates, not to rank them. People are taken as they are one
    millisecond after the last event that the model knows.

    A probe foretells an attribute from the vectors by logistic regression, in five
    folds, and compares with an SVD of equal size of the same training log.
    """
    if out is None and attribute is None:
        raise BadConfig("vectors: nothing to do; give --out FILE.parquet, --probe ATTRIBUTE, or both")
    if out is not None and out.suffix.lower() not in (".parquet", ".pq"):
        raise BadConfig(f"--out: {out}: expected a file that ends in .parquet")
    if out is not None and not out.absolute().parent.is_dir():
        raise UserError(f"--out: {out}: expected a file in an existing folder")
    model = asking.load(folder)
    if attribute is not None:
        _check_attribute(model, of, attribute)
    with Terminal(bars=not as_json) as reporter:
        found = _of_items(model) if of == "items" else _of_people(model, reporter)
    about = _written(model, found, of, out)
    probed = None if attribute is None else _probed(model, found, of, attribute, seed)
    if as_json:
        show_json(about if probed is None else {**about, "probe": probed.as_json()})
        return
    if out is not None:
        show(f"{out}: {about['n']:,} {of} with {about['dim']} numbers each, {about['left_out']:,} left out")
    if probed is not None:
        _show_probe(probed)


def _of_items(model: Model) -> Float32:
    from penchant.models.vectors import with_vectors

    return with_vectors(model).item_vectors()


def _of_people(model: Model, reporter: Reporter) -> Float32:
    import numpy as np

    from penchant.models.vectors import with_vectors
    from penchant.query import Query

    able, ids = with_vectors(model), list(model.people.users)
    parts = []
    for start in range(0, len(ids), _PEOPLE_AT_ONCE):
        queries = [Query(user_id=one) for one in ids[start : start + _PEOPLE_AT_ONCE]]
        parts.append(able.query_vectors(model.encode(queries).batch))
        reporter.progress(f"{model.name()}: vectors", min(start + _PEOPLE_AT_ONCE, len(ids)), len(ids))
    return np.concatenate(parts)


def _written(model: Model, found: Float32, of: str, out: Path | None) -> dict[str, Any]:
    """Writes the file, if one is wanted, and says what is in it; those without a vector are left out."""
    import numpy as np
    import polars as pl

    known = np.isfinite(found).all(axis=1)
    names = model.catalogue.items if of == "items" else model.people.users
    about: dict[str, Any] = {
        "model": model.name(), "of": of, "n": int(known.sum()), "dim": found.shape[1], "left_out": int((~known).sum()),
        "out": None if out is None else str(out),
    }  # fmt: skip
    if out is not None:
        ids = pl.Series("item_id" if of == "items" else "user_id", list(names), dtype=pl.String)
        values = pl.Series("vector", found, dtype=pl.Array(pl.Float32, found.shape[1]))
        pl.DataFrame([ids, values]).filter(pl.Series(known)).write_parquet(out)
    return about


def _check_attribute(model: Model, of: str, attribute: str) -> None:
    table = model.catalogue.item_features if of == "items" else model.people.user_features
    if not table.columns:
        raise UserError(f"--probe: the model was trained without attributes of {of}; train it with --{of} FILE")
    if attribute not in table.columns:
        raise UnknownName(f"attribute of {of}", attribute, table.columns, "--probe")


def _probed(model: Model, found: Float32, of: str, attribute: str, seed: int) -> Probed:
    from penchant.evaluate.probe import probe, svd_vectors

    people, items = svd_vectors(model.catalogue.popularity, len(model.people.users), found.shape[1], seed)
    table = model.catalogue.item_features if of == "items" else model.people.user_features
    column, svd = table.columns[attribute], items if of == "items" else people
    return probe(found, svd, column, attribute=attribute, name=model.name(), seed=seed)


def _show_probe(probed: Probed) -> None:
    from penchant.cli.tables import figure, signed, table

    made = table("vectors!", f"{probed.metric}>", "95 %|interval>")
    for label, value in probed.figures.items():
        made.add(_SHOWN.get(label, label), figure(value.mean), f"{figure(value.low)} {figure(value.high)}")
    show(made.rich)
    gap = probed.against_svd
    name = next(iter(probed.figures))
    verdict = {"a is better": f"{name} is better", "b is better": "svd is better"}.get(gap.verdict, gap.verdict)
    show(f"{name} against svd: {verdict} ({signed(gap.difference)} [{signed(gap.low)}, {signed(gap.high)}])")
    note(
        f"{probed.attribute}: {probed.n_classes} values foretold for {probed.n_rows:,} rows from {probed.dim} numbers each, "
        "by logistic regression in five folds"
    )
