"""Sections of ``results/README.md`` about nets: published strength, labelled rows, and the cost of training."""

from __future__ import annotations

from typing import Any


def seeds_section(name: str, result: dict[str, Any]) -> str:
    """A net at published settings: each seed, the mean over them, and what it is held against."""
    made, wanted = result["made_by"], result["wanted"]
    title = (
        f"## {name}\n\n`{result['model']}` on {result['set']}, protocol {result['protocol']['name']}; means with 95 % "
    )
    title += f"intervals over people. `{made['command']}` at `{made['commit']}`. Published: "
    title += f"{result['published'] or 'none'}.\n\n"
    runs = {**{f"seed {seed}": run for seed, run in result["runs"].items()}, "itemknn": result["itemknn"]}
    metrics = list(result["mean_over_seeds"])
    lines = ["| | " + " | ".join(metrics) + " | fit CPU s | peak MB |", "|---" * (len(metrics) + 3) + "|"]
    for label, run in runs.items():
        cells = [f"{at['mean']:.4f} ({at['low']:.4f} to {at['high']:.4f})" for at in run["metrics"].values()]
        lines.append(
            f"| {label} | " + " | ".join(cells) + f" | {run['fit_cpu_seconds']:.0f} | {run['peak_rss_mb']:.0f} |"
        )
    cells = [
        f"**{mean:.4f}**" + (f" ({_verdict(mean, wanted[metric])})" if metric in wanted else "")
        for metric, mean in result["mean_over_seeds"].items()
    ]
    lines.append("| mean over seeds | " + " | ".join(cells) + " | | |")
    gain = result["over_itemknn"]
    told = f"\nOver itemknn, {gain['metric']}: {gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}], paired.\n"
    return title + "\n".join(lines) + "\n" + told


def _verdict(mean: float, bar: float) -> str:
    return f"wanted {bar:.3f}: {'reached' if mean >= bar else 'missed'}"


def labelled_section(name: str, result: dict[str, Any]) -> str:
    """Labelled rows: means over seeds beside the reference."""
    made = result["made_by"]
    title = f"## {name}\n\nLabelled rows, train negatives regenerated; means over seeds. "
    title += f"`{made['command']}` at `{made['commit']}`.\n\n"
    lines = [
        "| model | seeds | auc | logloss | calibration error | fit CPU s | reference auc / logloss | |",
        "|---" * 8 + "|",
    ]
    for model, mean in result["means"].items():
        quoted = mean.get("reference")
        other = f"{quoted['auc']:.4f} / {quoted['logloss']:.4f}" if quoted else ""
        verdict = "" if quoted is None else "reached" if mean["reached"] else "missed"
        seeds = ", ".join(map(str, mean["seeds"]))
        lines.append(
            f"| {model} | {seeds} | {mean['auc']:.4f} | {mean['logloss']:.4f} | {mean['calibration error']:.4f} | "
            f"{mean['fit_cpu_seconds']:.0f} | {other} | {verdict} |"
        )
    return title + "\n".join(lines) + "\n"


def training_section(name: str, result: dict[str, Any]) -> str:
    """CPU seconds to a fixed quality, and people per CPU second, beside a peer."""
    made = result["made_by"]
    title = (
        f"## {name}\n\nsasrec beside RecTools 0.19 to ndcg@10 {result['target']}, one thread. `{made['command']}` at "
    )
    title += f"`{made['commit']}`; best products of this machine, GFLOP/s: "
    title += (
        ", ".join(f"{kind} {rate:.0f}" for kind, rate in result["products"].items() if isinstance(rate, float))
        + ".\n\n"
    )
    lines = [
        "| max_len | system | CPU s to the target | passes | people per CPU s | ratio of CPU s | ratio of people |"
    ]
    lines.append("|---" * 7 + "|")
    for row in result["rows"]:
        for system, run in row["turns"][0].items():
            ratio, people = row.get(f"cpu_seconds_ratio to {system}"), row.get(f"people_ratio to {system}")
            against = (
                "| | |"
                if ratio is None
                else f"| ours / theirs {ratio:.2f}{'' if run['reached'] else ' at most'} | {people:.1f}x |"
            )
            lines.append(
                f"| {row['length']} | {system} | {run['cpu_seconds']:.0f}{'' if run['reached'] else ', not reached: more'} | "
                f"{run['passes']} | {run['people_per_cpu_second']:,.0f} {against}"
            )
    shares = ", ".join(f"{row['share_of_bound']:.0%} at max_len {row['length']}" for row in result["rows"])
    return title + "\n".join(lines) + f"\n\nShare of the best products that training reaches: {shares}.\n"
