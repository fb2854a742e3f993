"""Of what pytest has captured, a failed scenario shows the lines of the run that failed."""

from __future__ import annotations

import io
import logging
import os
import sys

import pytest

from pytest_fakesecrets._contract.run_output import positions, without_other_runs, written_since


@pytest.fixture
def stream(monkeypatch):
    """An stdout like that of --capture=sys."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    return stream


def shown(captured, before="", run="", title="Captured stdout call"):
    """What remains of a captured text if these were written before a run and in it."""
    sys.stdout.write(before)
    begun = positions()
    sys.stdout.write(run)
    written = written_since(begun)
    sys.stdout.write("after")
    return without_other_runs(title, captured, written)


@pytest.mark.usefixtures("stream")
class TestOutput:
    def test_of_other_runs_is_left_out(self):
        assert (
            shown("a\nbé\nafter", "a\n", "bé\n")
            == "(2 lines of other runs of this scenario are left out.)\nbé"
        )

    def test_of_a_run_that_wrote_nothing_is_a_note(self):
        assert shown("a\n", "a\n") == "(1 line of other runs of this scenario is left out.)\n"

    @pytest.mark.parametrize(
        ("captured", "title"),
        [
            pytest.param("bé\n", "Captured stdout call", id="it is of this run alone"),
            pytest.param("other\nbé\nafter", "Captured stdout call", id="it is of another stream"),
            pytest.param("a\nbé\nafter", "Captured stdout setup", id="it is of another phase"),
            pytest.param("a\nbé\nafter", "Captured stderr call", id="it is of another output"),
        ],
    )
    def test_is_not_changed_where(self, captured, title):
        before = "" if captured == "bé\n" else "a\n"

        assert shown(captured, before, "bé\n", title) == captured

    def test_is_not_changed_where_nothing_was_written_before_the_end_of_the_run(self):
        assert shown("of a stream that replaces stdout\n") == "of a stream that replaces stdout\n"


def test_an_output_that_is_not_captured_is_left_alone(monkeypatch, tmp_path):
    with open(os.devnull, "w") as devnull, (tmp_path / "log").open("w") as file:
        handler = logging.StreamHandler(file)
        logging.getLogger().addHandler(handler)
        monkeypatch.setattr(sys, "stdout", devnull)
        monkeypatch.setattr(sys, "stderr", None)
        written = [each.output for each in written_since(positions())]
        logging.getLogger().removeHandler(handler)

    assert set(written) <= {"log"}
