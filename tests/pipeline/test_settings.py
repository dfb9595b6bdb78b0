"""Settings files: what is read, what is refused, and a digest that changes with any of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penchant.config import Config
from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.rerankers.cap import CapConfig
from penchant.pipeline.rerankers.explore import ExploreConfig
from penchant.pipeline.rerankers.mmr import MmrConfig
from penchant.pipeline.retrievers.popular import PopularConfig
from penchant.pipeline.settings import RERANKERS, RETRIEVERS, PipelineConfig, build_pipeline
from tests.pipeline.expression.shop import SCHEMA

CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"


def written(folder: Path, text: str) -> PipelineConfig:
    path = folder / "serve.toml"
    path.write_text(text, encoding="utf-8")
    return PipelineConfig.read(path)


def test_the_file_that_comes_along_says_what_holds_anyway() -> None:
    assert PipelineConfig.read(CONFIGS / "serve.toml") == PipelineConfig()


def test_every_component_is_read_with_its_settings(tmp_path: Path) -> None:
    read = written(
        tmp_path,
        """
        retrieve = [{ use = "popular", n = 9, window = 1 }]
        [[rerank]]
        use = "mmr"
        diversity = 0.5
        [[rerank]]
        use = "cap"
        attribute = "brand"
        [[rerank]]
        use = "explore"
        """,
    )
    assert read.retrieve == (PopularConfig(n=9, window=1.0),)
    assert read.rerank == (MmrConfig(diversity=0.5), CapConfig(attribute="brand"), ExploreConfig())
    pipeline = build_pipeline(read)
    assert [(one.name, n) for one, n in pipeline.retrievers] == [("popular", 9)]
    assert [one.name for one in pipeline.rerankers] == ["mmr", "cap", "explore"]
    assert pipeline.key == read.key


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            '[[rerank]]\nuse = "mrr"',
            UnknownName,
            r'serve.toml: rerank\[0\].use: unknown reranker "mrr". Did you mean "mmr"\? Known: cap, explore, mmr.',
        ),
        (
            'retrieve = [{ use = "modle" }]',
            UnknownName,
            r'retrieve\[0\].use: unknown retriever "modle". Did you mean "model"',
        ),
        (
            '[[rerank]]\nuse = "mmr"\ndiversty = 1',
            UnknownName,
            r'rerank\[0\]: unknown setting "diversty". Did you mean "diversity"',
        ),
        ('[[rerank]]\nuse = "mmr"\ndiversity = 2', BadConfig, r"rerank\[0\]: diversity: expected a number <= 1, got 2"),
        ('[[rerank]]\nuse = "cap"', BadConfig, r"rerank\[0\]: attribute: missing; give it a value"),
        ("[[rerank]]\ndiversity = 1", BadConfig, r"rerank\[0\].use: missing; give it one of cap, explore, mmr"),
        (
            'rerank = "mmr"',
            BadConfig,
            r"serve.toml: rerank: expected a list of tables such as \[\[rerank\]\], got 'mmr'",
        ),
        ('[[rerank]]\nuse = "explore"\n[[rerank]]\nuse = "mmr"', BadConfig, "rerank: explore must come last"),
        ("feww = 1", UnknownName, 'serve.toml: unknown setting "feww". Did you mean "few"'),
        ('rank = "modle"', BadConfig, 'serve.toml: unknown rank "modle". Did you mean "model"'),
        ("retrieve = []", BadConfig, "retrieve: expected at least one retriever"),
        ("few = ", BadConfig, "serve.toml: not valid TOML"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        written(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_attributes_are_checked_against_a_schema() -> None:
    config = PipelineConfig.parse({"rerank": [{"use": "mmr"}, {"use": "cap", "attribute": "brnd"}]})
    with pytest.raises(UnknownName, match=r'a.toml: rerank\[1\].attribute: unknown item attribute "brnd"'):
        config.check(SCHEMA, "a.toml")
    PipelineConfig.parse({"rerank": [{"use": "mmr", "attributes": ["genre"]}]}).check(SCHEMA)


def test_the_key_changes_with_any_setting_and_with_nothing_else() -> None:
    base = PipelineConfig()
    others = [
        base.changed(few=0.1),
        PipelineConfig.parse({"retrieve": [{"use": "model", "n": 501}]}),
        PipelineConfig.parse({"rerank": [{"use": "mmr"}]}),
        PipelineConfig.parse({"rerank": [{"use": "mmr", "diversity": 0.31}]}),
        PipelineConfig.parse({"fallback": {"window": 1}}),
    ]
    assert len({base.key, *(one.key for one in others)}) == 6
    assert PipelineConfig.parse({"few": 0.05}).key == base.key == PipelineConfig().key
    # as it was when lists were first logged: a key that changes without a setting would look like another request path
    assert base.key == "fb67e67a6577"


@pytest.mark.parametrize("known", [RETRIEVERS, RERANKERS])
def test_names_are_those_of_the_components(known: dict[str, tuple[type[Config], Any]]) -> None:
    for name, (config, made) in known.items():
        assert (config.model_fields["use"].default, made.name) == (name, name)
