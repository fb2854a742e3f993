"""The style sheet of the HTML page, for light and dark screens."""

from __future__ import annotations

CSS = r"""
:root { color-scheme: light dark;
  --page: #fff; --text: #1c2128; --soft: #59636e; --line: #d1d9e0; --shade: #f3f5f8; --link: #0550ae;
  --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; --fault: #8250df;
  --current: #0969da; --pending: #9a6700; --previous: #6e7781; --own: #8250df; --in: #fff; }
@media (prefers-color-scheme: dark) { :root {
  --page: #0d1117; --text: #e6edf3; --soft: #9198a1; --line: #3d444d; --shade: #171d26; --link: #58a6ff;
  --good: #3fb950; --bad: #ff7b72; --warn: #d29922; --fault: #bc8cff;
  --current: #4493f8; --pending: #d29922; --previous: #7d8590; --own: #bc8cff; --in: #0d1117; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 2200px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 36px 0 8px; }
h3 { font: 600 16px/1.4 ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: 17px; margin: 20px 0 2px; overflow-wrap: anywhere; }
h5 { display: inline; font-size: 14px; line-height: 1.9; color: var(--text); } h4 .soft, h5 .soft { font-weight: 400; }
p { margin: 4px 0; max-width: 110ch; }
a { color: var(--link); }
code, pre, .mono { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: 12px; background: var(--shade); user-select: all; overflow-wrap: normal; }
pre.detail { user-select: text; white-space: pre-wrap; margin: 2px 0; padding: 0; background: none; }
.soft { color: var(--soft); font-size: 13px; }
.note { border-left: 4px solid var(--warn); padding: 6px 12px; background: var(--shade); }
.counts { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0; padding: 0; list-style: none; }
.counts li { border: 1px solid var(--line); border-radius: 8px; padding: 8px 14px; }
.counts b { display: block; font-size: 22px; line-height: 1.2; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 4px 0 8px; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 3px 16px 3px 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
.nowrap { white-space: nowrap; }
td.time, td.nowrap { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.count { text-align: right; font-variant-numeric: tabular-nums; }
tr:target td, :target > summary { background: color-mix(in srgb, var(--warn) 25%, transparent); }
.badge { display: inline-block; min-width: 62px; padding: 0 8px; border-radius: 10px; text-align: center;
  font: 600 13px/20px system-ui, sans-serif; color: var(--in); background: var(--soft); }
.badge.good, .bar.good { background: var(--good); fill: var(--good); }
.badge.bad, .bar.bad { background: var(--bad); fill: var(--bad); }
.badge.open, .bar.open { background: var(--warn); fill: var(--warn); }
.is-good { color: var(--good); } .is-bad { color: var(--bad); font-weight: 600; }
.is-fault { color: var(--fault); font-weight: 600; } .is-open { color: var(--warn); }
.test { border: 1px solid var(--line); border-radius: 8px; margin: 12px 0; }
.test > summary { padding: 10px 14px; cursor: pointer; display: flex; gap: 12px; align-items: baseline;
  border-radius: 8px; list-style: none; }
.test > summary::-webkit-details-marker { display: none; }
.test > summary::before { content: "\25b6"; flex: none; width: 12px; font-size: 11px; color: var(--link); }
.test[open] > summary::before { content: "\25bc"; }
.test > summary:hover { background: var(--shade); }
.test > summary > div { min-width: 0; overflow-wrap: anywhere; }
.test > summary .badge { flex: none; }
.test > div { padding: 0 14px 10px; }
.contract .test { margin: 8px 0; } .contract .test h3 { font-size: 14px; }
.test details:not(.test) > summary { cursor: pointer; color: var(--link); padding: 2px 0; }
pre.detail.error { border-left: 4px solid var(--bad); padding: 4px 12px; margin: 6px 0; background: var(--shade); }
.filters { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center;
  padding: 8px 0; background: var(--page); border-bottom: 1px solid var(--line); font-size: 14px; }
.filters select { font: inherit; max-width: 40ch; } .filters a { margin-left: auto; }
.overview { max-height: 70vh; overflow-y: auto; } .overview table { width: 100%; }
.overview th { position: sticky; top: 0; background: var(--page); white-space: normal; vertical-align: bottom; }
.overview th:nth-child(2) { min-width: 280px; width: 60%; } .overview td:nth-child(2) .soft { display: block; }
[id] { scroll-margin-top: 60px; }
.rotation > *:not(summary) { margin-left: 16px; }
.finding { border-left: 4px solid var(--bad); padding: 4px 12px; margin: 8px 0; background: var(--shade); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--soft); margin: 8px 0; }
.legend i { font-style: normal; }
.swatch { display: inline-block; width: 26px; height: 12px; border-radius: 3px; vertical-align: -1px; }
.chart { display: flex; margin: 6px 0; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.chart svg { display: block; flex: none; font: 11px ui-monospace, monospace; }
.names { margin: 0 0 0 8px; } .names text { fill: var(--text); font-weight: 600; }
.scroll { overflow-x: auto; flex: 1; border-left: 1px solid var(--line); }
text { fill: var(--text); } .even { fill: var(--page); } .odd { fill: var(--shade); }
.rule, .torn, .stored { stroke: var(--line); fill: none; } .torn { stroke: var(--warn); stroke-width: 1.5; }
.stored { stroke: var(--text); stroke-width: 2; }
.date { font-weight: 700; } .time, .number { fill: var(--soft); } .number { text-anchor: middle; font-size: 10px; }
.gap { fill: var(--soft); } .gap.far, .gap.back { fill: var(--warn); font-weight: 700; } .gap.back { fill: var(--bad); }
.mark { text-anchor: middle; font-size: 14px; fill: var(--soft); }
.mark.rejected, .mark.failed-step { fill: var(--bad); font-weight: 700; } .mark.fault { fill: var(--fault); }
.name { font-size: 10.5px; fill: var(--soft); } .name.rejected, .name.failed-step { fill: var(--bad); }
.name.fault { fill: var(--fault); }
.mark.step { fill: var(--good); } .mark.service { fill: var(--text); }
.quiet :not(.finding) > .is-bad { color: var(--soft); font-weight: 400; }
.quiet .mark:is(.rejected, .failed-step), .quiet .name:is(.rejected, .failed-step) { fill: var(--soft); font-weight: 400; }
.quiet .rotation .badge:is(.bad, .open), .quiet .bar:is(.bad, .open) { fill: var(--soft); background: var(--soft); }
.in { fill: var(--in); font-weight: 600; }
.awscurrent { fill: var(--current); background: var(--current); }
.awspending { fill: var(--pending); background: var(--pending); }
.awsprevious { fill: var(--previous); background: var(--previous); }
.own { fill: var(--own); background: var(--own); }
text.in { fill: var(--in); }
.bar.empty { fill: var(--page); stroke: var(--pending); stroke-width: 1.5; stroke-dasharray: 4 3; }
text.in.empty { fill: var(--text); }
.column { fill: transparent; } a:hover .column, a:focus .column { fill: var(--text); fill-opacity: .1; }
a:target { outline: none; }
"""
