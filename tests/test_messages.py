"""The messages of the package: errors, warnings, findings, hints, skip reasons, reports, and the messages of AWS."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

import pytest_fakesecrets

pytestmark = pytest.mark.long

ROOT = Path(pytest_fakesecrets.__file__).parent

#: Words of jargon, and the words to use instead.
HOUSE_WORDS = {
    r"refuse[sd]?|refusal": "reject",
    r"ordered": "injected",
    r"told|tells?": "says",
    r"worlds?": "state",
    r"nobody|somebody|whoever|everybody": "the thing that acts",
    r"(?<!there )is no(?! longer)": "is not",
    r"is meant": "Did you mean",
    r"all the same": "without an error",
    r"ask(?:s|ed)? for": "request",
    r"blotted|be made of|takes that for|on its way|stands? the contract": "plain English",
}
FORBIDDEN = re.compile(rf"\b({'|'.join(HOUSE_WORDS)})\b", re.IGNORECASE)

#: A public name, and a quotation of the message of AWS about a missing resource.
ALLOWED = ("CredentialRefused", "resource that you asked for", "cannot tell whether")


def text_of(node):
    """Return the text of a string expression with "{}" for its variable parts, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (text_of(node.left) or "{}") + (text_of(node.right) or "{}")
    return None


def name_of(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def texts_in(tree):
    """Yield the strings of several words in a module with their lines, without docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    left_out = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            left_out |= {id(part) for part in ast.walk(node) if part is not node}
        text = None if id(node) in left_out else text_of(node)
        if (
            text
            and text.count(" ") >= 2
            and re.search("[a-z]", text)
            and not text.startswith(("<", "\n:root"))
        ):
            yield node.lineno, text


@cache
def trees():
    """Return the parsed modules of the package by their paths in it."""
    paths = sorted(ROOT.rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


@cache
def messages():
    """Return every message of the package with its module and its line."""
    return [
        (module, line, text)
        for module, tree in trees().items()
        if module != "_report/stylesheet.py"
        for line, text in texts_in(tree)
    ]


def shown(found):
    return "".join(f"\n{module}:{line}: {text}" for module, line, text in found)


def sentences(text):
    """Return the sentences of a message, without quotations and parentheses."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|\([^()]*\)", "x", text.removeprefix("hint: "))
    return [part for part in re.split(r"(?<=[.?!])\s+(?=[A-Z{x])", bare.strip()) if part]


def test_the_scan_of_the_source_finds_all_messages():
    sys.stdout.write(shown(messages()))

    texts = [text for _, _, text in messages()]
    assert len(texts) > 250
    for known in (
        "No Lambda rotation function ARN",
        "is neither rate(...) nor cron(...)",
        "fakesecrets_guard is on",
        "No call met the injected fault",
        "testSecret returned without reading the new value",
        "Request the fixture fakesecrets",
    ):
        assert any(known in text for text in texts), known


def test_no_message_contains_a_word_of_jargon():
    found = [message for message in messages() if FORBIDDEN.search(re.sub("|".join(ALLOWED), "", message[2]))]

    assert shown(found) == ""


def test_no_message_has_more_than_three_sentences():
    assert shown(message for message in messages() if len(sentences(message[2])) > 3) == ""


@pytest.mark.parametrize("end", [" ?", " .", ";"])
def test_no_message_has_odd_punctuation(end):
    assert shown(message for message in messages() if message[2].rstrip().endswith(end)) == ""


def test_errors_begin_with_a_capital_and_end_with_a_full_stop():
    texts = []
    for module, tree in trees().items():
        if module.startswith("_contract/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node) == "FakeSecretsError" and node.args:
                text = text_of(node.args[0])
                if text and not text.endswith("{}"):
                    texts.append((module, node.lineno, text))

    assert len(texts) > 40
    assert (
        shown(
            message
            for message in texts
            if not re.match(r"[A-Z{]|\w+_\w+|times|secret_id|tick\(|until=|check\(|attach\(", message[2])
        )
        == ""
    )
    assert shown(message for message in texts if not message[2].endswith((".", "?"))) == ""
