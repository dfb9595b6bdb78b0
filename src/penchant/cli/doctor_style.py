"""The style of the doctor's page: light and dark, wide and narrow, screen and paper."""

from __future__ import annotations

STYLE = """
:root { --ink: #1c2430; --soft: #5a6675; --line: #d8dde4; --paper: #fff; --wash: #f4f6f8; --lift: #0b7a75; --harm: #b4541a;
  --none: #9aa5b1; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a3afbd; --line: #36404d; --paper: #14191f;
  --wash: #1c232b; --lift: #3fc1b6; --harm: #f0975c; --none: #6d7a88; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .4rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .2rem; }
p { margin: .4rem 0; max-width: 46rem; }
.about, .note, .key { color: var(--soft); font-size: .9rem; }
.lead { font-size: 1.12rem; border-left: 4px solid var(--lift); padding: .2rem 0 .2rem 1rem; margin: 1.2rem 0; }
.lead p { margin: .35rem 0; }
.rule { background: var(--wash); border-radius: 6px; padding: .7rem 1rem; font-size: .95rem; }
.row { display: grid; grid-template-columns: 13rem minmax(12rem, 20rem) 1fr; gap: 0 1rem; align-items: center;
  border-top: 1px solid var(--line); padding: .5rem 0; break-inside: avoid; }
.row .name { font-weight: 600; }
.row .name small { display: block; font-weight: 400; color: var(--soft); }
.row .figures { font-variant-numeric: tabular-nums; font-size: .92rem; }
.row .figures b { font-size: 1.05rem; }
.row .said { grid-column: 2 / 4; font-size: .95rem; margin: .15rem 0 0; }
.row .done { grid-column: 2 / 4; font-size: .83rem; color: var(--soft); margin: 0; }
.badge { font-size: .78rem; border: 1px solid currentColor; border-radius: 9px; padding: 0 .5rem; white-space: nowrap; }
.badge.lift { color: var(--lift); } .badge.harm { color: var(--harm); } .badge.none { color: var(--soft); }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 11px; text-anchor: middle; font-family: inherit; }
svg text.name, svg text.figure { text-anchor: start; fill: var(--ink); font-size: 12px; } svg text.side { text-anchor: end; }
svg .zero, svg .tick { stroke: var(--soft); stroke-width: 1; } svg .grid { stroke: var(--line); stroke-width: 1; }
svg .whisker { stroke: var(--ink); stroke-width: 1.2; fill: none; }
svg.lift rect { fill: var(--lift); } svg.harm rect { fill: var(--harm); } svg.none rect { fill: var(--none); }
svg .band { fill: var(--lift); opacity: .12; } svg .dot { fill: var(--none); } svg .chosen { fill: var(--lift); }
svg.columns { max-width: 34rem; } svg.costs { max-width: 46rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-top: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; border-top: 0; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
td.whole { white-space: nowrap; }
.scroll { overflow-x: auto; }
li { margin: .25rem 0; max-width: 46rem; }
@media (max-width: 44rem) { .row { grid-template-columns: 1fr; } .row .said, .row .done { grid-column: 1; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } h2 { break-after: avoid; } }
"""
