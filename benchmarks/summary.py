"""Writes ``results/README.md``: the stored tables of `benchmarks.replay` as text, beside their references.

python -m benchmarks.summary
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.recording import RESULTS
from benchmarks.summary_nets import labelled_section, seeds_section, training_section
from benchmarks.summary_serve import serve_section

REFERENCES = Path(__file__).with_name("references.toml")

_HEAD = """# Results

Written by `python -m benchmarks.summary` from the JSON files beside it; each of those names the command, the commit, the
versions and the digest of the data that made it. Every model had the same number of trials on the validation part (rows named
after a window have their settings given); no test question was used to choose a setting. ndcg@20 over all items, mean per
person, then over people, with its 95 % interval; *live*: the history grows with the test events, *frozen*: it ends at the cut.
Where one list answers all later events of a person, recall@20 (hits over relevant items) stands in the place of hit@20.
*Reference*: the same model in an independent implementation of the same protocol; a mean under it is marked. CPU figures are
those of a shared two-core machine: compare ratios.
"""


def section(name: str, result: dict[str, Any], references: dict[str, list[float]]) -> str:
    """One table in Markdown."""
    primary = result["protocol"]["primary"]
    data = result["data"]
    made = result["made_by"]
    first = result["rows"][0]
    title = f"## {name}\n\n{data['n_events']:,} events, {data['n_users']:,} people, {data['n_items']:,} items; "
    title += f"{result['n_people']:,} people asked "
    title += f"{first['n_questions']:,} questions; repeats: {result['protocol']['repeats']}. "
    title += f"`{made['command']}` at `{made['commit']}`, {result['wall_seconds'] / 60:.0f} minutes.\n\n"
    # older results do not say what a question was asked for
    lists = result["protocol"].get("per", "person" if result["protocol"]["name"] == "time" else "event") == "person"
    second = "recall@20" if lists else "hit@20"
    lines = [
        f"| model | history | {primary} | 95 % | reference | new only | {second} | fit CPU s | peak MB | asked per CPU s |"
    ]
    lines.append("|---|---|---|---|---|---|---|---|---|---|")
    for row in result["rows"]:
        found = row["metrics"][primary]
        quoted = references.get(row["model"])
        reference = None if quoted is None else quoted[0] if row["history"] == "live" or len(quoted) == 1 else quoted[1]
        new = row.get("new_only", {}).get(primary, {}).get("mean")
        cells = [
            row["model"],
            row["history"],
            f"{found['mean']:.4f}",
            f"{found['low']:.4f} to {found['high']:.4f}",
            ""
            if reference is None
            else f"{reference:.4f}" + ("" if round(found["mean"], 4) >= reference else " (below)"),
            "" if new is None else f"{new:.4f}",
            _second(row["metrics"][second], lists),
            f"{row['fit_cpu_seconds']:.1f}",
            f"{row['peak_rss_mb']:.0f}",
            f"{row['recommend_per_cpu_second']:,.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return title + "\n".join(lines) + "\n"


def _second(found: dict[str, Any], with_interval: bool) -> str:
    """A figure beside the primary one; a recall is compared with published ones, so it carries its interval."""
    if not with_interval:
        return f"{found['mean']:.3f}"
    return f"{found['mean']:.4f} ({found['low']:.4f} to {found['high']:.4f})"


def against(result: dict[str, Any]) -> str:
    """What each composite gains over each single model, paired over people."""
    names = {"blend", "gbdt"}
    lines = ["| composite | against | gain | 95 % | verdict |", "|---|---|---|---|---|"]
    for one in result["comparisons"]:
        if one["b"] in names:
            gain, low, high = -one["difference"], -one["high"], -one["low"]
            lines.append(f"| {one['b']} | {one['a']} | {gain:+.4f} | {low:+.4f} to {high:+.4f} | {one['verdict']} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def cold_section(name: str, result: dict[str, Any], references: dict[str, list[float]]) -> str:
    """Known and new items in one ranking: recall_capped@20 and ndcg@20 of warm, cold and all targets; then the curve."""
    made = result["made_by"]
    title = f"## {name}\n\n{result['n_people']:,} people; `{made['command']}` at `{made['commit']}`, "
    title += (
        f"{result['wall_seconds'] / 60:.0f} minutes. recall_capped@20 / ndcg@20 with 95 % intervals of the recalls; "
    )
    title += "reference: warm, cold, overall recall_capped@20.\n\n"
    lines = ["| model | warm | cold | overall | reference | fit CPU s |", "|---|---|---|---|---|---|"]
    for row in result["cold_rows"]:
        cells = []
        for group in ("warm", "cold", "overall"):
            recall, ndcg = (row["figures"][f"{group} {metric}@20"] for metric in ("recall_capped", "ndcg"))
            cells.append(f"{recall['mean']:.3f} ({recall['low']:.3f} to {recall['high']:.3f}) / {ndcg['mean']:.3f}")
        quoted = " / ".join(f"{value:.3f}" for value in references.get(row["model"], []))
        lines.append(f"| {row['model']} | " + " | ".join(cells) + f" | {quoted} | {row['fit_cpu_seconds']:.0f} |")
    if not result["curve"]:
        return title + "\n".join(lines) + "\n"
    lines += [
        "",
        "The curve of `ease_content` over `cold_scale`, on the same test rows (nothing was chosen from it):",
        "",
    ]
    lines += ["| cold_scale | warm | cold | overall |", "|---|---|---|---|"]
    for point in result["curve"]:
        cells = [
            f"{point[f'{group} recall_capped@20']:.3f} / {point[f'{group} ndcg@20']:.3f}"
            for group in ("warm", "cold", "overall")
        ]
        lines.append(f"| {point['cold_scale']:g} | " + " | ".join(cells) + " |")
    return title + "\n".join(lines) + "\n"


def users_section(name: str, result: dict[str, Any]) -> str:
    """People never seen in training, by the number of events that are given."""
    made = result["made_by"]
    histories = sorted(result["users_rows"][0]["counts"], key=lambda text: int(text.split()[-1]))
    title = f"## {name}\n\n{result['metric']} with 95 % interval, and the paired gain over `popular`; "
    title += f"`{made['command']}` at `{made['commit']}`, {result['wall_seconds'] / 60:.0f} minutes.\n\n"
    lines = ["| model | " + " | ".join(histories) + " |", "|---" * (len(histories) + 1) + "|"]
    for row in result["users_rows"]:
        cells = []
        for history in histories:
            at = row["counts"][history]
            gain = at["over_popular"]
            text = f"{at['mean']:.4f} ({at['low']:.4f} to {at['high']:.4f})"
            same = row["model"] == "popular"
            cells.append(
                text if same else f"{text}; {gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
            )
        lines.append(f"| {row['model']} | " + " | ".join(cells) + " |")
    return title + "\n".join(lines) + "\n"


def fold_in_section(name: str, result: dict[str, Any]) -> str:
    """People never seen in training, with a share of their items given."""
    made, pair = result["made_by"], result["multvae_over_ease"]
    title = f"## {name}\n\n{result['n_people']:,} unseen people, {result['protocol']['given_share']:.0%} of their items given; "
    title += f"means with 95 % intervals. `{made['command']}` at `{made['commit']}`, "
    title += f"{result['wall_seconds'] / 60:.0f} minutes.\n\n"
    metrics = list(result["fold_in_rows"][0]["metrics"])
    lines = ["| model | " + " | ".join(metrics) + " | fit CPU s |", "|---" * (len(metrics) + 2) + "|"]
    for row in result["fold_in_rows"]:
        cells = [f"{at['mean']:.4f} ({at['low']:.4f} to {at['high']:.4f})" for at in row["metrics"].values()]
        lines.append(f"| {row['model']} | " + " | ".join(cells) + f" | {row['fit_cpu_seconds']:.0f} |")
    told = f"\nmultvae (mean over the seeds) over ease, {pair['metric']}: {pair['difference']:+.4f} "
    told += f"[{pair['low']:+.4f}, {pair['high']:+.4f}], paired by person; wanted {pair['may_be']:+.2f} or more: "
    return title + "\n".join(lines) + "\n" + told + ("reached.\n" if pair["reached"] else "missed.\n")


def main() -> None:
    references = tomllib.loads(REFERENCES.read_text(encoding="utf-8"))
    parts, served = [_HEAD], []
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        quoted = references.get(path.stem, {})
        if path.stem.startswith("serve-"):
            served.append(result)
        elif "cold_rows" in result:
            parts.append(cold_section(path.stem, result, quoted))
        elif "users_rows" in result:
            parts.append(users_section(path.stem, result))
        elif "fold_in_rows" in result:
            parts.append(fold_in_section(path.stem, result))
        elif "over_itemknn" in result:
            parts.append(seeds_section(path.stem, result))
        elif path.stem.startswith("ctr-"):
            parts.append(labelled_section(path.stem, result))
        elif path.stem == "training":
            parts.append(training_section(path.stem, result))
        elif "protocol" in result and "rows" in result:
            parts += [section(path.stem, result, quoted), *filter(None, [against(result)])]
    parts += filter(None, [serve_section(served)])
    (RESULTS / "README.md").write_text("\n".join(parts), encoding="utf-8")
    print(f"written: {RESULTS.name}/README.md")


if __name__ == "__main__":
    main()
