"""The members of a composite model: other models, fitted on the same log, whose scores are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from penchant.config import setting
from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.dataset import Dataset
from penchant.errors import BadConfig, UnknownName, UserError
from penchant.models.attributes import under
from penchant.models.base import Model, ModelConfig
from penchant.models.circumstances import Lifts
from penchant.registry import model_class
from penchant.train.run import Run


class PanelConfig(ModelConfig):
    """Settings of every composite model."""

    members: tuple[str, ...] = setting(
        (), "models that are put together, by name; label=name gives one another label, so that it can be there twice"
    )
    member_settings: dict[str, dict[str, Any]] = setting({}, "settings of members by label, where not their defaults")

    @property
    def last_n(self) -> int:
        """The longest past that a member looks at; what a model folder must keep of each person."""
        return max((int(getattr(config, "last_n", 0)) for _, config in self.member_configs("").values()), default=0)

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """Builds the config; a wrong member, or setting of one, is found here, before anything is read or fitted."""
        made = super().parse(values, where)
        made.member_configs(where)
        return made

    def member_configs(self, model: str) -> dict[str, tuple[type[Model], ModelConfig]]:
        """Label -> model class and config of each member.

        Raises:
            UnknownName, BadConfig: a member or setting that does not exist; the message begins with `model`.
        """
        found: dict[str, tuple[type[Model], ModelConfig]] = {}
        for entry in self.members:
            label, _, name = entry.partition("=")
            if label in found:
                raise BadConfig(f'{model}: members: "{label}" is there twice; label one of them: other={name or label}')
            member = model_class(name or label)
            if member.config_class() is type(self):
                raise BadConfig(f"{model}: members: a model cannot be a member of itself")
            given = self.member_settings.get(label, {})
            found[label] = (member, member.config_class().parse(given, f"{model}: {label}"))
        for label in self.member_settings:
            if label not in found:
                raise UnknownName("member", label, found, f"{model}: member_settings")
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Fitted members by label, in the order of the config."""

    models: Mapping[str, Model]

    @classmethod
    def fitted(cls, config: PanelConfig, name: str, train: Dataset, run: Run, *, again: Panel | None = None) -> Self:
        """Fits every member on `train`; one that cannot be fitted on this log is left out, with a note that says why.

        Args:
            name: of the composite model, for messages.
            again: fit exactly the members of this panel.

        Raises:
            BadConfig: no member can be fitted.
            UserError: one of those in `again` cannot.
        """
        models: dict[str, Model] = {}
        why = "there are none"
        for label, (member, settings) in config.member_configs(name).items():
            if again is not None and label not in again.models:
                continue
            run.reporter.progress(f"{name}: fit {label}", len(models), len(config.members))
            try:
                models[label] = _alone(member(settings)).fit(train, run=run)
            except UserError as fault:
                if again is not None:
                    raise
                why = str(fault)
                run.reporter.note(f"{name}: without {label}: {fault}")
        if not models:
            raise BadConfig(f"{name}: members: expected at least one that can be fitted on this log; {why}")
        return cls(models=models)

    def scores(self, batch: QueryBatch) -> list[Float32]:
        """What each member says, float32 [B, batch.n_items] each; NaN is no opinion."""
        return [model.score_batch(batch) for model in self.models.values()]

    def in_world(self, catalogue: Catalogue, people: People) -> Panel:
        """The same members with other people and the items of another moment, see `Model.in_world`."""
        return Panel(models={label: model.in_world(catalogue, people) for label, model in self.models.items()})

    def packed(self) -> dict[str, AnyArray]:
        """What the members learned, as named arrays."""
        arrays: dict[str, AnyArray] = {}
        for label, model in self.models.items():
            parts = {**model._state(), **(model.lifts.packed() if model.lifts else {})}
            arrays |= {f"{label}:{key}": part for key, part in parts.items()}
        return arrays

    @classmethod
    def unpacked(cls, owner: Model, config: PanelConfig, labels: Sequence[str], arrays: Mapping[str, AnyArray]) -> Self:
        """The members that `packed` took apart; they share the catalogue and the people of the composite model."""
        models: dict[str, Model] = {}
        configs = config.member_configs(owner.name())
        for label in labels:
            member, settings = configs[label]
            model = _alone(member(settings))
            model.catalogue, model.people, model.known, model.n_fit = (
                owner.catalogue, owner.people, owner.known, owner.n_fit,
            )  # fmt: skip
            own = under(arrays, f"{label}:")
            model.lifts = Lifts.unpacked(own)
            model._restore(own)
            models[label] = model
        return cls(models=models)


def _alone(model: Model) -> Model:
    """The unfitted model without the popularity that only decides between equals: among members that is another's part."""
    if model.config.popularity_weight > 0 or not model.config.popularity_behind:
        return model
    return type(model)(model.config.changed(popularity_behind=False))
