"""Evaluation from a dataset and model names to a report."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.data.dataset import Dataset
from penchant.errors import UserError
from penchant.evaluate.children import Effort, Refused, measure_in_children
from penchant.evaluate.labelled.measuring import mean_label, measure_rows
from penchant.evaluate.labelled.report import rows_report
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.report import Report, make_report
from penchant.evaluate.results import ModelResult
from penchant.evaluate.tasks import make_task
from penchant.log import SILENT, Reporter
from penchant.registry import model_class
from penchant.train.run import Run


def evaluate(
    data: Dataset,
    models: Sequence[str | ModelSpec],
    protocol: Protocol | None = None,
    *,
    effort: Effort | None = None,
    isolate: bool = True,
    reporter: Reporter = SILENT,
) -> Report:
    """Measures models side by side under one protocol.

    Args:
        models: names, or specs with settings that are given instead of chosen.
        protocol: settings; the default is `replay`.
        effort: trials, processes, threads and seed.
        isolate: measure each model in a process of its own; False measures here, one after the other, and then memory and
            processor figures are those of this process.

    Raises:
        UnknownName, BadConfig: a wrong model, setting, kind or protocol; found before anything is fitted.
        UserError: no model could be measured.
    """
    effort = effort or Effort()
    asked = (protocol or Protocol()).resolved(data)
    specs = [ModelSpec(label=m, model=m, settings={}) if isinstance(m, str) else m for m in models]
    for spec in specs:
        model_class(spec.model).config_class().parse(spec.settings, spec.label)
    # a log that the protocol cannot ask anything is refused once, before anything is fitted
    make_task(data, asked, "test")
    by_cut = [_one_cut(specs, data, asked, effort, isolate, reporter, cut) for cut in range(asked.cuts)]
    refused = [result for result in by_cut[0] if isinstance(result, Refused)]
    if len(refused) == len(specs):
        raise UserError("; ".join(f"{one.label}: {one.reason}" for one in refused))
    about = {
        "name": data.name,
        "digest": data.digest,
        "n_events": len(data),
        "n_users": data.n_users,
        "n_items": data.n_items,
    }
    if asked.labelled:
        rows = [result for result in by_cut[0] if not isinstance(result, ModelResult)]
        published = "split" in data.interactions.extra
        return rows_report(asked, about, [mean_label(data, asked), *rows], effort.seed, published=published)
    ranked = [[result for result in results if not isinstance(result, LabelledResult)] for results in by_cut]
    return make_report(asked, about, ranked, effort.seed)


def _one_cut(
    specs: Sequence[ModelSpec],
    data: Dataset,
    protocol: Protocol,
    effort: Effort,
    isolate: bool,
    reporter: Reporter,
    cut: int,
) -> Sequence[ModelResult | LabelledResult | Refused]:
    if isolate:
        return measure_in_children(specs, data, protocol, effort, reporter, cut=cut)
    run = Run(seed=effort.seed, reporter=reporter)
    results: list[ModelResult | LabelledResult | Refused] = []
    for spec in specs:
        try:
            if protocol.labelled:
                results.append(measure_rows(spec, data, protocol, run, budget=effort.budget))
            else:
                results.append(measure(spec, data, protocol, run, budget=effort.budget, cut=cut))
        except UserError as fault:
            results.append(Refused(label=spec.label, reason=str(fault)))
    return results
