"""
The filters of the HTML page, by outcome and by secret, which need no script.

Each card has a class for its outcome and for each of its secrets. A rule of the style sheet hides the cards without the
class of the chosen option.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .records import ItemPart, SecretPart
from .svg_chart import html

#: The maximum number of secrets to choose from: those that most tests use.
SECRETS = 200


def secret_name(secret: SecretPart) -> str:
    """Return the name of a secret, or its id if it does not exist."""
    return secret.arn.partition(":secret:")[2].rpartition("-")[0] or secret.arn


class FilterClasses:
    """The classes of the cards, the form with the filters, and the rules that apply them."""

    def __init__(self, items: Sequence[ItemPart]) -> None:
        self._outcomes = Counter(item.outcome for item in items)
        self._secrets = Counter(name for item in items for name in _names(item))
        most_used = [name for name, _ in self._secrets.most_common(SECRETS)]
        self._outcome_classes = {outcome: f"o{number}" for number, outcome in enumerate(self._outcomes)}
        self._secret_classes = {name: f"s{number}" for number, name in enumerate(sorted(most_used))}

    def of(self, items: Iterable[ItemPart]) -> str:
        """Return the classes of a card that shows these tests."""
        names = dict.fromkeys(
            found
            for item in items
            for found in [
                self._outcome_classes[item.outcome],
                *(self._secret_classes[name] for name in _names(item) if name in self._secret_classes),
            ]
        )
        return " ".join(names)

    def form(self) -> str:
        """Return the form, or "" if there is nothing to choose."""
        filters = "".join(self._filters())
        return f'<form class="filters">{filters}<a href="#top">Back to top</a></form>' if filters else ""

    def _filters(self) -> Iterator[str]:
        if len(self._outcomes) > 1:
            yield _select("outcome", self._outcome_classes, self._outcomes)
        if len(self._secret_classes) > 1:
            yield _select("secret", self._secret_classes, self._secrets)

    def css(self) -> str:
        """Return the rules."""
        classes = [*self._outcome_classes.values(), *self._secret_classes.values()]
        return "".join(
            f"body:has(option.f-{name}:checked) :is(.test,.row):not(.{name}){{display:none}}\n"
            for name in classes
        )


def _names(item: ItemPart) -> Iterator[str]:
    return iter(dict.fromkeys(secret_name(secret) for secret in item.secrets if secret.arn))


def _select(label: str, classes: dict[str, str], counts: Counter[str]) -> str:
    options = "".join(
        f'<option class="f-{css_class}">{html(name)} ({counts[name]})</option>'
        for name, css_class in classes.items()
    )
    return f'<label>{label} <select autocomplete="off"><option>all</option>{options}</select></label>'
