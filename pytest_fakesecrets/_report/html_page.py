"""Renders the report of a run as one HTML file, which loads no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from .records import FindingPart, ItemPart, RotationPart, Row, SecretPart, StepPart
from .stylesheet import CSS
from .svg_chart import chart, html, span

#: The maximum number of tests with details on the page. Failed tests come first.
TESTS = 400

#: The outcomes of tests, worst first.
_OUTCOMES = ("interrupted", "error", "failed", "xpassed", "passed", "xfailed", "skipped")
_FAILED = {"interrupted", "error", "failed"}

#: With this policy a browser loads and runs nothing, whatever the texts contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_LEGEND = """<div class="legend" aria-label="Legend">
<i><b class="swatch awspending"></b> AWSPENDING</i> <i><b class="swatch awscurrent"></b> AWSCURRENT</i>
<i><b class="swatch awsprevious"></b> AWSPREVIOUS</i> <i><b class="swatch own"></b> another label</i>
<i>dashed: the version has no value yet</i> <i>| a version gets its value</i>
<i>● call</i> <i class="is-bad">✕ refused call, or failed step</i> <i class="is-fault">⚡ fault that the test has
ordered</i> <i class="is-good">↩ step ended</i> <i>◆ Secrets Manager itself</i>
<i>One shade: events within a second of each other. A torn edge: a day or more goes by.</i></div>"""


def page(items: Sequence[ItemPart], *, notes: Iterable[str] = ()) -> str:
    """
    Return the whole page.

    Args:
        items: the tests that used the fake.
        notes: notes for the top of the page, such as that the run was interrupted.
    """
    body = "\n".join(_body(sorted(items, key=_sort_key), notes))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Secrets in this test run</title><style>{CSS}</style></head>\n<body>\n"
        f"{body}\n</body></html>\n"
    )


def _body(items: Sequence[ItemPart], notes: Iterable[str]) -> Iterator[str]:
    shown = list(zip(items, _anchors(items), strict=True))
    yield "<h1>Secrets in this test run</h1>"
    yield f'<p class="soft">{html(_start_text(items))}</p>'
    yield from (f'<p class="note">{html(note)}</p>' for note in notes)
    yield from _overview(shown) if shown else ["<p>No test used the fake: there is nothing to show.</p>"]
    if len(shown) > TESTS:
        yield f'<p class="note">What happened is drawn for {TESTS} of {len(shown)} tests.</p>'
    yield from (_test(item, anchor) for item, anchor in shown[:TESTS])


def _sort_key(item: ItemPart) -> tuple[int, bool, str, float]:
    rank = _OUTCOMES.index(item.outcome) if item.outcome in _OUTCOMES else 0
    return rank, not list(_findings(item)), item.nodeid, item.started


def _anchors(items: Iterable[ItemPart]) -> list[str]:
    """Return an id for each test, the same in every run. A test that ran twice gets two ids."""
    occurrences = Counter[str]()
    anchors = []
    for item in items:
        digest = blake2b(item.nodeid.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
        occurrences[digest] += 1
        anchors.append(f"t-{digest}" + (f"-{occurrences[digest]}" if occurrences[digest] > 1 else ""))
    return anchors


def _start_text(items: Sequence[ItemPart]) -> str:
    from datetime import datetime, timezone

    if not items:
        return ""
    first = datetime.fromtimestamp(min(item.started for item in items), timezone.utc)
    return (
        f"The first of these tests began at {first:%Y-%m-%d %H:%M:%S} UTC. No secret value is on this page."
    )


def _overview(shown: Sequence[tuple[ItemPart, str]]) -> Iterator[str]:
    items = [item for item, _ in shown]
    outcomes = Counter(item.outcome for item in items)
    rotations = Counter(rotation.status for item in items for rotation in _rotations(item))
    kinds = Counter(row.kind for item in items for row in _rows(item))
    yield '<ul class="counts">'
    yield _count(len(items), "test", " used the fake", parts=outcomes)
    yield _count(sum(rotations.values()), "rotation", parts=rotations)
    yield _count(kinds["refused"], "refused call")
    yield _count(kinds["fault"], "fault", " ordered")
    yield _count(sum(len(list(_findings(item))) for item in items), "finding")
    yield "</ul>"
    cells = ("outcome", "test", "secrets", "events", "rotations", "refused", "faults", "findings")
    yield f'<div class="wide"><table><tr>{_cells("th", cells)}</tr>'
    yield from (_summary(item, anchor, index < TESTS) for index, (item, anchor) in enumerate(shown))
    yield f"</table></div><h2>What happened</h2>{_LEGEND}"


def _count(number: int, noun: str, rest: str = "", *, parts: Counter[str] | None = None) -> str:
    details = ", ".join(f"{count} {html(name)}" for name, count in sorted((parts or {}).items()))
    return f'<li><b>{number}</b>{_plural(number, noun)}{rest}<br><span class="soft">{details}</span></li>'


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _cells(tag: str, cells: Iterable[str]) -> str:
    return "".join(f"<{tag}>{html(cell)}</{tag}>" for cell in cells)


def _summary(item: ItemPart, anchor: str, is_drawn: bool) -> str:
    kinds = Counter(row.kind for row in _rows(item))
    statuses = Counter(rotation.status for rotation in _rotations(item))
    rotation_text = ", ".join(f"{number} {html(status)}" for status, number in sorted(statuses.items()))
    name = f"<code>{html(item.nodeid)}</code>"
    events = sum(len(secret.rows) + secret.left_out for secret in item.secrets)
    link = f'<a href="#{anchor}">{name}</a>' if is_drawn else name
    numbers = (kinds["refused"], kinds["fault"], len(list(_findings(item))))
    return (
        f"<tr><td>{_badge(item.outcome)}</td><td>{link}</td>{_number(sum(1 for secret in item.secrets if secret.arn))}"
        f"{_number(events)}<td>{rotation_text}</td>{''.join(map(_number, numbers))}</tr>"
    )


def _number(number: int) -> str:
    return f'<td class="count">{number or ""}</td>'


def _badge(word: str) -> str:
    good, bad = {"passed", "succeeded", "returned"}, {*_FAILED, "xpassed", "abandoned"}
    style = "good" if word in good else "bad" if word in bad else "open" if word == "in progress" else ""
    return f'<span class="badge {style}">{html(word)}</span>'


def _test(item: ItemPart, anchor: str) -> str:
    is_open = " open" if item.outcome in _FAILED or any(_findings(item)) else ""
    notes = []
    if item.fakes_left_out:
        notes.append(
            f"It used {item.fake_count + item.fakes_left_out} fakes; these are the last {item.fake_count}."
        )
    if item.secrets_left_out:
        notes.append(f"{item.secrets_left_out} more secrets are left out.")
    body = [f'<p class="is-bad" id="{anchor}-error">{html(item.location)}</p>'] if item.location else []
    body += [f'<p class="note">{note}</p>' for note in notes]
    body += [
        _secret(secret, f"{anchor}-s{index}", item.fake_count) for index, secret in enumerate(item.secrets, 1)
    ]
    if not item.secrets:
        body.append("<p>Nothing has happened in its fake.</p>")
    # The id is inside <details>, because a browser opens that when it follows a link into it.
    return (
        f'<details class="test"{is_open}><summary>{_badge(item.outcome)}<h3>{html(item.nodeid)}</h3></summary>'
        f'<div id="{anchor}">{"".join(body)}</div></details>'
    )


def _secret(secret: SecretPart, anchor: str, fake_count: int) -> str:
    name = secret.arn.partition(":secret:")[2].rpartition("-")[0] or secret.arn
    heading = html(name) if secret.arn else "Calls that name no secret"
    where = f" in fake {secret.fake_number} of {fake_count}" if fake_count > 1 else ""
    left_out = f"{secret.left_out} earlier events are left out." if secret.left_out else ""
    failed = [(number, row) for number, row in enumerate(secret.rows, 1) if row.kind in ("refused", "fault")]
    return "".join(
        [
            f'<h4 id="{anchor}">{heading}<span class="soft">{where}</span></h4>',
            f'<p class="soft"><span class="mono">{html(secret.arn)}</span>{_extent(secret)}</p>',
            f'<p class="note">{left_out}</p>' if left_out else "",
            chart(secret, anchor) if secret.arn else "",
            *_rotations_of_secret(secret),
            _events("Refused calls and faults", failed, anchor, is_open=True) if failed else "",
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
    return (
        f"<br>{number} {_plural(number, 'event')} from {html(first)} to {html(last)} UTC, from left to right"
    )


def _rotations_of_secret(secret: SecretPart) -> Iterator[str]:
    if secret.rotations_left_out:
        yield f'<p class="note">{secret.rotations_left_out} earlier rotations are left out.</p>'
    for rotation in secret.rotations:
        yield _rotation(rotation)


def _rotation(rotation: RotationPart) -> str:
    kind = "Test run" if rotation.is_test else "Rotation"
    details = [f"began {rotation.started} UTC", f"attempt {rotation.attempt}", f"token {rotation.token}"]
    if rotation.window:
        details.insert(1, f"in the window that opened {rotation.window}")
    if rotation.status == "failed":
        details.append(f"due again {rotation.retry_at}" if rotation.retry_at else "not tried again")
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
            _steps(rotation.steps) if rotation.steps else "<p>No step has ended.</p>",
            "</details>",
        ]
    )


def _steps(steps: Iterable[StepPart]) -> str:
    head = _cells("th", ("step", "attempt", "began (UTC)", "ended (UTC)", "took", "outcome"))
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(map(_step, steps))}</table></div>'


def _step(step: StepPart) -> str:
    again = ", delivered again" if step.redelivered else ""
    result = '<span class="is-good">returned</span>'
    if step.error:
        location = f' <span class="soft">{html(step.location)}</span>' if step.location else ""
        result = f'<span class="is-bad">{html(step.error)}</span>{location}<pre class="detail">{html(step.text)}</pre>'
    times = "".join(f'<td class="time">{html(time)}</td>' for time in (step.start, step.end))
    return (
        f'<tr><td class="nowrap">{html(step.name)}{again}</td><td class="count">{step.attempt}</td>{times}'
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
    head = _cells("th", ("#", "time (UTC)", "event", "in step", "what came of it"))
    return (
        f"<details{' open' if is_open else ''}><summary>{html(heading)}</summary>"
        f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div></details>'
    )


def _event(number: int, row: Row, identity: str) -> str:
    style = {"refused": "is-bad", "failed step": "is-bad", "fault": "is-fault"}.get(row.kind, "")
    results = [f'<span class="{style}">{html(row.code)}</span> {html(row.message)}'] if row.code else []
    results += [f'<pre class="detail">{html(row.hint)}</pre>'] if row.hint else []
    results += [html(move) for move in row.moves]
    results += [f"{html(alias)} has got its value" for alias in row.stored]
    step = row.step if row.kind not in ("step", "failed step") else ""
    return (
        f'<tr{identity}><td class="count">{number}</td><td class="time">{html(row.at)}</td>'
        f'<td class="nowrap">{html(row.description)}</td><td class="nowrap">{html(step)}</td><td>{"<br>".join(results)}</td></tr>'
    )


def _rotations(item: ItemPart) -> Iterator[RotationPart]:
    return (rotation for secret in item.secrets for rotation in secret.rotations)


def _findings(item: ItemPart) -> Iterator[FindingPart]:
    return (finding for rotation in _rotations(item) for finding in rotation.findings)


def _rows(item: ItemPart) -> Iterator[Row]:
    return (row for secret in item.secrets for row in secret.rows)
