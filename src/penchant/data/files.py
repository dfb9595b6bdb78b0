"""Reading an event log from any file or frame into a `Dataset`: the public entry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.intake.assembling import Described, interactions, kind_numbers, numbered
from penchant.data.intake.attributes import AttributeRows, read_attributes
from penchant.data.intake.collecting import Collector
from penchant.data.intake.columns import Roles, find_column, find_id, find_roles
from penchant.data.intake.declaring import MAX_KINDS, completed, with_kinds, with_repeats, without_words
from penchant.data.intake.findings import Reading, nothing_left, report_of
from penchant.data.intake.log_figures import log_figures
from penchant.data.intake.opening import log_name, open_source
from penchant.data.intake.reading import Source
from penchant.data.intake.rejects import write_rejects
from penchant.data.intake.reuse import Kept
from penchant.data.intake.validation import ValidationReport
from penchant.data.schema import Field, Schema
from penchant.errors import BadData
from penchant.log import SILENT, Reporter


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A dataset and what was found while reading it."""

    dataset: Dataset
    report: ValidationReport


def read_dataset(
    events: Any,
    *,
    users: Any = None,
    items: Any = None,
    schema: Schema | None = None,
    cache: Path | None = None,
    rejects: Path | None = None,
    reporter: Reporter = SILENT,
) -> Dataset:
    """The dataset alone; see `load`."""
    return load(
        events, users=users, items=items, schema=schema, cache=cache, rejects=rejects, reporter=reporter
    ).dataset


def load(
    events: Any,
    *,
    users: Any = None,
    items: Any = None,
    schema: Schema | None = None,
    cache: Path | None = None,
    rejects: Path | None = None,
    reporter: Reporter = SILENT,
) -> Loaded:
    """Reads an event log.

    Rows that break a rule are counted, named in the report and set aside; everything else loads. Events are sorted by time,
    those of the same time stay in the order of the file. People and items are numbered by their first event; those that only
    an attribute file knows come after. Exact copies of an event are kept, and counted.

    Args:
        events: a path (CSV, TSV, JSON Lines, Parquet, each also gzipped), a polars, pandas or Arrow frame, a list of dicts, or
            a dict of lists.
        users, items: attribute files or frames of people and items; their ids may be new.
        schema: what the columns mean. What it leaves out of columns, attributes, kinds and repeats is guessed from the files;
            context fields are read only when declared.
        cache: folder that keeps the result, so that reading unchanged files again takes no time; files only, not frames.
        rejects: CSV file for the rows that were set aside: line, rule, column, value, raw; written even when there are none.
        reporter: hears of progress and findings.

    Raises:
        BadData: no row can be used, or a column that is needed is not there; one line that says what to do.
        UnknownName: the schema names a column that is not there.
    """
    parts = [events, users, items]
    kept: Kept | None = None
    if cache is not None and all(part is None or isinstance(part, str | Path) for part in parts):
        kept = Kept(Path(cache), [Path(part) if part is not None else None for part in parts], schema)
        found = kept.open(reporter)
        # the cache does not hold the rejected rows themselves
        if found is not None and not (rejects is not None and found[1].n_rejected):
            if rejects is not None:
                write_rejects(rejects, open_source(events), np.zeros(0, np.int64), np.zeros(0, np.uint8), {})
            return Loaded(dataset=found[0], report=replace(found[1], from_cache=True))
    loaded = _read(events, users, items, schema, rejects, reporter)
    if kept is not None:
        kept.save(loaded.dataset, loaded.report, reporter)
    return loaded


def _read(
    events: Any, users: Any, items: Any, given: Schema | None, rejects: Path | None, reporter: Reporter
) -> Loaded:
    source = open_source(events, "events")
    roles = without_words(given, source, find_roles(source.header, given or Schema(), source.name))
    item_rows = _attribute_rows(items, "item_id", roles)
    user_rows = _attribute_rows(users, "user_id", roles)
    schema, possible = completed(given, source, roles, item_rows, user_rows)
    _refuse_kinds_without_column(given, roles, source.name)
    collector = Collector(roles.found, _context_columns(schema, source), schema)
    for batch in source.batches(collector.columns):
        collector.add(batch)
        reporter.progress(f"reading {source.name}", min(batch.position, source.total), source.total)
    if not len(collector):
        raise BadData(f"{source.name}: column names but no rows; expected one event a line")
    about_items = _described(item_rows, schema.item_attributes, collector, "item")
    about_users = _described(user_rows, schema.user_attributes, collector, "user")
    warnings = list(roles.notes)
    guesses_kinds = given is None or "kinds" not in given.model_fields_set
    if guesses_kinds and "kind" in roles.found and len(collector.numberings["kind"]) > MAX_KINDS:
        roles, complaint = _without_kind(roles, given, source.name, len(collector.numberings["kind"]))
        warnings.append(complaint)
        collector.drop("kind")
    rows = collector.finish(None if guesses_kinds else list(schema.kinds))
    reading = Reading(
        source=source, roles=roles.found, rows=rows, about=(about_users, about_items), possible_context=possible
    )
    if rejects is not None:
        write_rejects(rejects, source, *reading.rejected, roles.found)
    if not len(rows.row):
        raise BadData(nothing_left(reading))
    data, figures = _assembled(reading, schema, given, guesses_kinds, log_name(events), warnings)
    report = report_of(reading, data, figures, warnings)
    for rule in report.broken:
        reporter.note(str(rule))
    for warning in report.warnings:
        reporter.note(warning)
    return Loaded(dataset=data, report=report)


def _assembled(
    reading: Reading, schema: Schema, given: Schema | None, guesses_kinds: bool, name: str, warnings: list[str]
) -> tuple[Dataset, Any]:
    rows = reading.rows
    columns = rows.columns
    timed = "at" in columns
    places, ids = columns.pop("kind", None), rows.ids.get("kind")
    if guesses_kinds and (places is None or ids is None):
        schema = with_kinds(schema, {"event": len(rows.row)})
    elif guesses_kinds and places is not None and ids is not None:
        counts = np.bincount(places, minlength=len(ids.texts))
        schema = with_kinds(schema, {text: int(n) for text, n in zip(ids.texts, counts, strict=True) if n})
    kind = kind_numbers(places, ids, list(schema.kinds), len(rows.row))
    users = numbered(rows.ids["user"], columns["user"], reading.about[0])
    items = numbered(rows.ids["item"], columns["item"], reading.about[1])
    warnings += [*users.warnings, *items.warnings]
    log = interactions(rows, columns, users, items, kind)
    figures = log_figures(log.user, log.item, log.at, log.kind, timed=timed)
    if given is None or "repeats" not in given.model_fields_set:
        schema = with_repeats(schema, figures.repeats_last_tenth)
    data = Dataset(
        schema=schema,
        users=users.vocabulary,
        items=items.vocabulary,
        interactions=log,
        user_features=users.table,
        item_features=items.table,
        timed=timed,
        name=name,
    )
    return data, figures


def _attribute_rows(rows: Any, role: Literal["user_id", "item_id"], roles: Roles) -> AttributeRows | None:
    if rows is None:
        return None
    source = open_source(rows, "items" if role == "item_id" else "users")
    return read_attributes(source, find_id(source.header, role, source.name, roles.found.get(role)))


def _described(
    rows: AttributeRows | None, fields: dict[str, Field], collector: Collector, key: str
) -> Described | None:
    if rows is None:
        return None
    header, name = list(rows.frame.columns), rows.source.name
    columns = {field: (find_column(header, spec.column or field, name), spec) for field, spec in fields.items()}
    return Described(rows=rows, codes=collector.numberings[key].add(rows.frame[rows.id_column]), columns=columns)


def _context_columns(schema: Schema, source: Source) -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = {}
    for name, field in schema.context.items():
        if field.kind not in ("category", "number", "cycle"):
            raise BadData(f"schema: context field {name}: expected category, number or cycle, got {field.kind}")
        column = find_column(source.header, field.column or name, source.name)
        found[name] = (column, field.kind == "category")
    return found


def _refuse_kinds_without_column(given: Schema | None, roles: Roles, name: str) -> None:
    if given is not None and "kinds" in given.model_fields_set and len(given.kinds) > 1 and "kind" not in roles.found:
        listed = ", ".join(given.kinds)
        raise BadData(f"{name}: the schema lists the event kinds {listed}, but no column holds them; set columns.kind")


def _without_kind(roles: Roles, given: Schema | None, name: str, n: int) -> tuple[Roles, str]:
    """The roles without the kind, and the warning; raises BadData when the schema itself named the column."""
    column = roles.found["kind"]
    told = f'{name}: column "{column}" has {n:,} distinct values, too many for event kinds'
    if given is not None and "kind" in given.columns:
        raise BadData(f"{told} (at most {MAX_KINDS}); name another column, or list the kinds in the schema")
    found = dict(roles.found)
    del found["kind"]
    return replace(roles, found=found), f"{told}; it is not read"
