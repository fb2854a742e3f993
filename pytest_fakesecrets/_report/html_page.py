"""Renders the report of a run as one HTML file, which loads no other file and runs no script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from pytest_fakesecrets._core.finding import CODES

from .filters import FilterClasses, secret_name
from .records import FindingPart, ItemPart, RotationPart, Row, SecretPart, StepPart
from .stylesheet import CSS
from .svg_chart import chart, html, span

#: The maximum number of tests with details on the page. Failed tests come first.
TESTS = 400
#: Up to this number of tests all are open. Of more, this number of those that failed or have findings is open.
_OPEN = 5

#: The outcomes of tests, worst first.
_OUTCOMES = ("interrupted", "error", "failed", "xpassed", "passed", "xfailed", "skipped")
_FAILED = {"interrupted", "error", "failed"}
#: The outcomes of tests in which rotations and calls fail as the test expects, or without an effect on the run.
_QUIET = ("passed", "xfailed", "skipped")

_NUMBER = re.compile("([0-9]+)")

#: With this policy a browser loads and runs nothing, whatever the texts contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_ONE_OF_SEVERAL = (
    "This scenario runs the rotation several times, each time in a fresh state of the fake. The run that its message is "
    "about is shown."
)

_LEGEND = """<div class="legend" aria-label="Legend">
<i><b class="swatch awspending"></b> AWSPENDING</i> <i><b class="swatch awscurrent"></b> AWSCURRENT</i>
<i><b class="swatch awsprevious"></b> AWSPREVIOUS</i> <i><b class="swatch own"></b> another label</i>
<i>dashed: the version has no value yet</i> <i>| value stored in the version</i>
<i>● API call</i> <i class="is-bad">✕ failed API call or failed step</i> <i>✕ failed API call, and its error was
handled; or a call that the target rejected</i> <i class="is-fault">⚡ injected fault</i> <i class="is-good">↩ step ended</i> <i>◆ event of Secrets Manager</i>
<i>In tests that did not fail, what failed is grey.</i>
<i>Events on the same shade are less than a second apart. A torn edge marks a gap of a day or more.</i></div>"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A test, and the id of its details on the page."""

    item: ItemPart
    anchor: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Card:
    """A test by itself, or the scenarios of a contract. `contract` is the node id of its class, or ""."""

    contract: str = field(repr=False)
    tests: list[_Shown] = field(repr=False)

    @property
    def items(self) -> list[ItemPart]:
        return [test.item for test in self.tests]

    @property
    def anchor(self) -> str:
        return f"c-{_digest(self.contract)}" if self.contract else self.tests[0].anchor

    @property
    def verdict(self) -> str:
        """The worst outcome. A contract whose scenarios passed or were skipped has passed."""
        return min((item.outcome for item in self.items), key=_rank)


def page(items: Sequence[ItemPart], *, notes: Iterable[str] = ()) -> str:
    """
    Return the whole page.

    Args:
        items: the tests that used the fake.
        notes: notes for the top of the page, such as that the run was interrupted.
    """
    ordered = sorted(items, key=_sort_key)
    classes = FilterClasses(ordered)
    body = "\n".join(_body(ordered, notes, classes))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Secrets in this test run</title><style>{CSS}{classes.css()}</style></head>\n<body>\n"
        f"{body}\n</body></html>\n"
    )


def _body(items: Sequence[ItemPart], notes: Iterable[str], classes: FilterClasses) -> Iterator[str]:
    tests = [_Shown(item, anchor) for item, anchor in zip(items, _anchors(items), strict=True)]
    yield '<h1 id="top">Secrets in this test run</h1>'
    yield f'<p class="soft">{html(_start_text(items))}</p>'
    yield from (f'<p class="note">{html(note)}</p>' for note in notes)
    if not tests:
        yield "<p>No test used the fake: there is nothing to show.</p>"
        return
    yield from _counts(items)
    yield classes.form()
    yield from _overview(_cards(tests), classes, {test.anchor for test in tests[:TESTS]})
    yield f"<h2>Details</h2>{_LEGEND}"
    if len(tests) > TESTS:
        yield f'<p class="note">Details are shown for {TESTS} of {len(tests)} tests.</p>'
    opened = _opened(tests)
    yield from (_card(card, classes, opened) for card in _cards(tests[:TESTS]))


def _rank(outcome: str) -> int:
    return _OUTCOMES.index(outcome) if outcome in _OUTCOMES else 0


def _sort_key(item: ItemPart) -> tuple[int, bool, list[str], float]:
    name = [part.zfill(9) if part.isdecimal() else part for part in _NUMBER.split(item.nodeid)]
    return _rank(item.outcome), not any(_findings(item)), name, item.started


def _anchors(items: Iterable[ItemPart]) -> list[str]:
    """Return an id for each test, the same in every run. A test that ran twice gets two ids."""
    occurrences = Counter[str]()
    anchors = []
    for item in items:
        digest = _digest(item.nodeid)
        occurrences[digest] += 1
        anchors.append(f"t-{digest}" + (f"-{occurrences[digest]}" if occurrences[digest] > 1 else ""))
    return anchors


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def _cards(tests: Iterable[_Shown]) -> list[_Card]:
    """Group the scenarios of each contract. A card stands where its first test stands."""
    cards: dict[str, _Card] = {}
    for test in tests:
        key = f"c-{test.item.contract}" if test.item.contract else test.anchor
        cards.setdefault(key, _Card(test.item.contract, [])).tests.append(test)
    return list(cards.values())


def _opened(tests: Sequence[_Shown]) -> set[str]:
    """Return the anchors of the tests whose details are open at first."""
    if len(tests) > _OPEN:
        tests = [test for test in tests if test.item.outcome in _FAILED or any(_findings(test.item))]
    return {test.anchor for test in tests[:_OPEN]}


def _start_text(items: Sequence[ItemPart]) -> str:
    from datetime import datetime, timezone

    if not items:
        return ""
    first = datetime.fromtimestamp(min(item.started for item in items), timezone.utc)
    return f"Run started {first:%Y-%m-%d %H:%M:%S} UTC. This page contains no secret values."


def _counts(items: Sequence[ItemPart]) -> Iterator[str]:
    outcomes = Counter(item.outcome for item in items)
    rotations, calls = _statuses(items), _failed_calls(items)
    kinds = Counter(row.kind for item in items for row in _rows(item))
    handled = [f"{kinds['handled']} handled, not counted"] if kinds["handled"] else []
    quiet = [f"{calls[outcome]} in {outcome} tests" for outcome in _QUIET if calls[outcome]]
    yield '<ul class="counts">'
    yield _count(len(items), "test", [_listed(outcomes)], rest=" with a fake")
    yield _count(sum(map(Counter.total, rotations.values())), "rotation", _status_lines(rotations))
    yield _count(calls[""], "failed API call", [*quiet, *handled])
    yield _count(kinds["fault"], "injected fault")
    yield _count(sum(map(_finding_count, items)), "finding")
    yield "</ul>"


def _statuses(items: Iterable[ItemPart]) -> Mapping[str, Counter[str]]:
    """
    Return the number of rotations of each status.

    Those that did not succeed in a test that did not fail are under the outcome of the test, and all others under "".
    """
    found: dict[str, Counter[str]] = {group: Counter() for group in ("", *_QUIET)}
    for item in items:
        for rotation in _rotations(item):
            group = "" if rotation.status == "succeeded" or item.outcome not in _QUIET else item.outcome
            found[group][rotation.status] += 1
    return found


def _status_lines(statuses: Mapping[str, Counter[str]]) -> list[str]:
    """Return the numbers of `_statuses` as text: "2 succeeded", "in passed tests: 1 cancelled, 3 failed"."""
    return [
        f"in {group} tests: {_listed(counts)}" if group else _listed(counts)
        for group, counts in statuses.items()
        if counts
    ]


def _failed_calls(items: Iterable[ItemPart]) -> Counter[str]:
    """Return the number of failed API calls: those in tests that did not fail under their outcomes, the others under ""."""
    return Counter(
        item.outcome if item.outcome in _QUIET else ""
        for item in items
        for row in _rows(item)
        if row.kind == "rejected"
    )


def _parts(counts: Counter[str]) -> list[str]:
    return [f"{number} {name}" for name, number in sorted(counts.items())]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(_parts(counts))


def _count(number: int, noun: str, lines: Iterable[str] = (), *, rest: str = "") -> str:
    text = "<br>".join(map(html, lines))
    return f'<li><b>{number}</b>{_plural(number, noun)}{rest}<br><span class="soft">{text}</span></li>'


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _overview(cards: Sequence[_Card], classes: FilterClasses, linked: set[str]) -> Iterator[str]:
    cells = (
        "outcome",
        "test",
        "secrets",
        "events",
        "rotations",
        "failed API calls",
        "injected faults",
        "findings",
    )
    yield f'<div class="wide overview"><table><tr>{_cells("th", cells)}</tr>'
    yield from (_summary(card, classes, card.tests[0].anchor in linked) for card in cards)
    yield "</table></div>"


def _cells(tag: str, cells: Iterable[str]) -> str:
    return "".join(f"<{tag}>{html(cell)}</{tag}>" for cell in cells)


def _summary(card: _Card, classes: FilterClasses, is_linked: bool) -> str:
    rows = [row for item in card.items for row in _rows(item)]
    kinds = Counter(row.kind for row in rows)
    secrets = [secret for item in card.items for secret in item.secrets]
    name = f"<code>{html(card.contract or card.items[0].nodeid)}</code>"
    link = f'<a href="#{card.anchor}">{name}</a>' if is_linked else name
    findings = sum(map(_finding_count, card.items))
    numbers = (
        len(
            {secret.arn for secret in secrets if secret.arn}
            if card.contract
            else [s for s in secrets if s.arn]
        ),
        len(rows) + sum(secret.left_out for secret in secrets),
    )
    return (
        f'<tr class="row {classes.of(card.items)}"><td>{_badge(card.verdict)}</td><td>{link}{_scenario_counts(card)}</td>'
        f"{''.join(map(_number, numbers))}<td>{_statuses_text(card)}</td>"
        f'<td class="count">{_failed_calls_text(card)}</td>'
        f"{''.join(map(_number, (kinds['fault'], findings)))}</tr>"
    )


def _statuses_text(card: _Card) -> str:
    statuses = _statuses(card.items)
    if _is_one_quiet_test(card):
        return f'<span class="soft">{_unbroken(sum(statuses.values(), Counter[str]()))}</span>'
    lines = [
        f'<span class="soft">in {group} tests: {_unbroken(counts)}</span>' if group else _unbroken(counts)
        for group, counts in statuses.items()
        if counts
    ]
    return "<br>".join(lines)


def _unbroken(counts: Counter[str]) -> str:
    return ", ".join(f'<span class="nowrap">{html(part)}</span>' for part in _parts(counts))


def _failed_calls_text(card: _Card) -> str:
    calls = _failed_calls(card.items)
    if _is_one_quiet_test(card):
        return f'<span class="soft">{calls.total() or ""}</span>'
    quiet = [f'<span class="soft">{calls[group]} in {group} tests</span>' for group in _QUIET if calls[group]]
    return "<br>".join([*([str(calls[""])] if calls[""] else []), *quiet])


def _is_one_quiet_test(card: _Card) -> bool:
    return not card.contract and card.verdict in _QUIET


def _scenario_counts(card: _Card) -> str:
    if not card.contract:
        return ""
    names = {item.nodeid for item in card.items}
    total = max(len(names), *(item.scenario_count for item in card.items))
    ran = f"{total} scenarios" if len(names) == total else f"{len(names)} of {total} scenarios ran"
    counts = ", ".join(_parts(Counter(item.outcome for item in card.items)))
    return f' <span class="soft">{ran}: {html(counts)}</span>'


def _number(number: int) -> str:
    return f'<td class="count">{number or ""}</td>'


def _badge(word: str) -> str:
    good, bad = {"passed", "succeeded", "returned"}, {*_FAILED, "xpassed", "abandoned"}
    style = "good" if word in good else "bad" if word in bad else "open" if word == "in progress" else ""
    return f'<span class="badge {style}">{html(word)}</span>'


def _card(card: _Card, classes: FilterClasses, opened: set[str]) -> str:
    if not card.contract:
        return _test(card.tests[0], classes, opened)
    tests = "".join(_test(test, classes, opened) for test in card.tests)
    is_open = " open" if any(test.anchor in opened for test in card.tests) else ""
    return (
        f'<details class="test contract {classes.of(card.items)}"{is_open}><summary>{_badge(card.verdict)}'
        f"<div><h3>{html(card.contract)}</h3>{_scenario_counts(card)}</div></summary>"
        f'<div id="{card.anchor}">{tests}</div></details>'
    )


def _test(test: _Shown, classes: FilterClasses, opened: set[str]) -> str:
    item, anchor = test.item, test.anchor
    notes = []
    if item.is_one_of_several:
        notes.append(_ONE_OF_SEVERAL)
    if item.fakes_left_out:
        notes.append(
            f"It used {item.fake_count + item.fakes_left_out} fakes; these are the last {item.fake_count}."
        )
    if item.secrets_left_out:
        notes.append(f"{item.secrets_left_out} more secrets are left out.")
    body = [_error(item, anchor), *(f'<p class="note">{note}</p>' for note in notes)]
    body += [
        _secret(secret, f"{anchor}-s{index}", item.fake_count) for index, secret in enumerate(item.secrets, 1)
    ]
    if not item.secrets:
        body.append("<p>The test made no call to its fake.</p>")
    body.append('<p class="soft"><a href="#top">Back to top</a></p>')
    name = item.nodeid.removeprefix(f"{item.contract}::") if item.contract else item.nodeid
    quiet = " quiet" if item.outcome in _QUIET else ""
    # The id is inside <details>, because a browser opens that when it follows a link into it.
    return (
        f'<details class="test{quiet} {classes.of([item])}"{" open" if anchor in opened else ""}><summary>{_badge(item.outcome)}'
        f"<div><h3>{html(name)}</h3>{_headline(item)}</div></summary>"
        f'<div id="{anchor}">{"".join(body)}</div></details>'
    )


def _headline(item: ItemPart) -> str:
    """Return the first line of the error's message, or the line of code that failed, and where that is."""
    style = "" if item.outcome not in _FAILED else "is-bad"
    text = item.message.partition("\n")[0] or item.source
    location = f'<p class="soft mono">{html(item.location)}</p>' if item.location else ""
    return (f'<p class="{style}">{html(text)}</p>' if text else "") + location


def _error(item: ItemPart, anchor: str) -> str:
    """Return what the headline leaves out: the source line, and the other lines of the message."""
    texts = [item.source if item.message else "", item.message.partition("\n")[2]]
    shown = "".join(f'<pre class="detail error">{html(text)}</pre>' for text in texts if text)
    return f'<div id="{anchor}-error">{shown}</div>' if shown else ""


def _secret(secret: SecretPart, anchor: str, fake_count: int) -> str:
    heading = html(secret_name(secret)) if secret.arn else "Calls without a secret"
    where = f" in fake {secret.fake_number} of {fake_count}" if fake_count > 1 else ""
    left_out = f"{secret.left_out} earlier events are left out." if secret.left_out else ""
    failed = [(number, row) for number, row in enumerate(secret.rows, 1) if row.kind in ("rejected", "fault")]
    return "".join(
        [
            f'<h4 id="{anchor}">{heading}<span class="soft">{where}</span></h4>',
            f'<p class="soft"><span class="mono">{html(secret.arn)}</span>{_extent(secret)}</p>',
            f'<p class="note">{left_out}</p>' if left_out else "",
            chart(secret, anchor) if secret.arn else "",
            *_rotations_of_secret(secret),
            _events("Failed API calls and injected faults", failed, anchor, is_open=True) if failed else "",
            _events(
                f"{len(secret.rows)} {_plural(len(secret.rows), 'event')}",
                list(enumerate(secret.rows, 1)),
                anchor,
                with_ids=True,
            ),
            f"<details><summary>As text, to copy</summary><pre>{html(secret.timeline_text)}</pre></details>",
        ]
    )


def _extent(secret: SecretPart) -> str:
    number, first, last = len(secret.rows), secret.rows[0].at, secret.rows[-1].at
    if number == 1:
        return f"<br>1 event at {html(first)} UTC"
    order = ", from left to right" if secret.arn else ""
    return f"<br>{number} events from {html(first)} to {html(last)} UTC{order}"


def _rotations_of_secret(secret: SecretPart) -> Iterator[str]:
    if secret.rotations_left_out:
        yield f'<p class="note">{secret.rotations_left_out} earlier rotations are left out.</p>'
    for rotation in secret.rotations:
        yield _rotation(rotation)
    if secret.other_steps:
        heading = "<summary><h5>Events outside of a rotation</h5></summary>"
        yield f'<details class="rotation" open>{heading}{_steps(secret.other_steps)}</details>'


def _rotation(rotation: RotationPart) -> str:
    kind = "Test run" if rotation.is_test else "Rotation"
    details = [f"started {rotation.started} UTC", f"attempt {rotation.attempt}", f"token {rotation.token}"]
    if rotation.window:
        details.insert(1, f"in the window that opened {rotation.window}")
    if rotation.status == "failed":
        details.append(f"retry at {rotation.retry_at}" if rotation.retry_at else "no retry")
    if rotation.steps_left_out:
        details.append(f"{rotation.steps_left_out} earlier steps are left out")
    version = f" to {html(rotation.version)}" if rotation.version else ""
    has_no_problem = rotation.status == "succeeded" and not any(
        [*rotation.findings, *(s.error for s in rotation.steps)]
    )
    return "".join(
        [
            f'<details class="rotation"{"" if has_no_problem else " open"}><summary><h5>{kind}{version} '
            f'{_badge(rotation.status)} <span class="soft">{html(", ".join(details))}</span></h5></summary>',
            *(_finding(finding) for finding in rotation.findings),
            _steps(rotation.steps) if rotation.steps else "<p>No step has ended yet.</p>",
            "</details>",
        ]
    )


def _steps(steps: Iterable[StepPart]) -> str:
    head = _cells("th", ("step", "attempt", "started (UTC)", "duration", "result"))
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(map(_step, steps))}</table></div>'


def _step(step: StepPart) -> str:
    again = ", delivered again" if step.redelivered else ""
    result = '<span class="is-good">returned</span>'
    if step.error:
        location = f' <span class="soft">{html(step.location)}</span>' if step.location else ""
        result = f'<span class="is-bad">{html(step.error)}</span>{location}<pre class="detail">{html(step.text)}</pre>'
    return (
        f'<tr><td class="nowrap">{html(step.name)}{again}</td><td class="count">{step.attempt}</td>'
        f'<td class="time">{html(step.start)}</td>'
        f'<td class="nowrap">{html(span(step.seconds))}</td><td>{result}</td></tr>'
    )


def _finding(finding: FindingPart) -> str:
    where = ", ".join(part for part in (finding.step, finding.call) if part)
    return (
        f'<div class="finding"><b class="is-bad">{html(finding.code)}</b> <span class="soft">{html(where)}</span>'
        f"<p>{html(finding.text)}</p><p>{html(finding.advice)}</p></div>"
    )


def _events(
    heading: str,
    rows: Sequence[tuple[int, Row]],
    anchor: str,
    *,
    is_open: bool = False,
    with_ids: bool = False,
) -> str:
    lines = [_event(number, row, f' id="{anchor}-{number}"' if with_ids else "") for number, row in rows]
    head = _cells("th", ("#", "time (UTC)", "event", "in step", "result"))
    return (
        f"<details{' open' if is_open else ''}><summary>{html(heading)}</summary>"
        f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div></details>'
    )


def _event(number: int, row: Row, identity: str) -> str:
    styles = {
        "rejected": "is-bad",
        "failed step": "is-bad",
        "fault": "is-fault",
        "handled": "soft",
        "target": "soft",
    }
    style = styles.get(row.kind, "")
    results = [f'<span class="{style}">{html(row.code)}</span> {html(row.message)}'] if row.code else []
    results += [f'<pre class="detail">{html(row.hint)}</pre>'] if row.hint else []
    results += [html(move) for move in row.moves]
    results += [f"value stored in {html(alias)}" for alias in row.stored]
    step = row.step if row.kind not in ("step", "failed step") else ""
    return (
        f'<tr{identity}><td class="count">{number}</td><td class="time">{html(row.at)}</td>'
        f'<td class="nowrap">{html(row.description)}</td><td class="nowrap">{html(step)}</td><td>{"<br>".join(results)}</td></tr>'
    )


def _rotations(item: ItemPart) -> Iterator[RotationPart]:
    return (rotation for secret in item.secrets for rotation in secret.rotations)


def _findings(item: ItemPart) -> Iterator[FindingPart]:
    return (finding for rotation in _rotations(item) for finding in rotation.findings)


def _finding_count(item: ItemPart) -> int:
    """The number of the findings of a test. That of a failed scenario, with which its message begins, is one of them."""
    codes = [finding.code for finding in _findings(item)]
    of_scenario = item.message.partition(":")[0] if item.contract and item.outcome in _FAILED else ""
    return len(codes) + (of_scenario in CODES and of_scenario not in codes)


def _rows(item: ItemPart) -> Iterator[Row]:
    return (row for secret in item.secrets for row in secret.rows)
