"""README and guides: each Python block runs as pasted, each command is checked, each list is complete."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_fakesecrets import Assumptions, FakeSecrets, RotationContract
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.parser import service_model

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = sorted([*(ROOT / "examples").glob("README.md"), *(ROOT / "examples").glob("*/README.md")])
PACKAGE = ROOT / "pytest_fakesecrets"

#: Names of FakeSecrets that other parts of the package use, and no test.
INTERNAL = {"is_active", "recorded"}
#: What looks like the code of a finding, and is not one.
NOT_CODES = {"another-password", "somebody-elses-value"}
#: The scenarios of the contracts in the documents that the default run has; the long run has all of them.
QUICK = ("test_a_rotation_succeeds", "test_each_step_may_be_delivered_twice")
#: What blocks may import beside the plugin and boto3; a guide says which of them it needs.
OPTIONAL = "aiobotocore|aws_sdk_secrets_manager|aws_secretsmanager_caching|hypothesis|moto|psycopg|requests|responses"


class Block(NamedTuple):
    """A Python block of a document, and the file into which a reader pastes it."""

    document: Path
    number: int
    code: str

    @property
    def folder(self) -> str:
        """The files of a guide belong together; every other block has an empty folder of its own."""
        return self.document.parent.name if self.is_named else self.filename[:-3]

    @property
    def is_named(self) -> bool:
        return re.match(r"# [\w/]+\.py\n", self.code) is not None

    @property
    def is_test(self) -> bool:
        return Path(self.filename).name.startswith("test_")

    @property
    def filename(self) -> str:
        """The name in the comment of its first line, or else one that no other block has."""
        place = "readme" if self.document.parent == ROOT else self.document.parent.name
        return self.code[2:].partition("\n")[0] if self.is_named else f"test_{place}_{self.number}.py"

    @property
    def is_installed(self) -> bool:
        """Whether everything is there that it imports, or that the files of its guide import."""
        text = self.document.read_text(encoding="utf-8") if self.is_named else self.code
        needed = re.findall(rf"^(?:from|import) ({OPTIONAL})\b", text, re.MULTILINE)
        return all(find_spec(name) is not None for name in needed)


def blocks_of(document: Path) -> list[Block]:
    found = re.findall(
        r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [Block(document, number, code) for number, code in enumerate(found, 1)]


README_BLOCKS = blocks_of(ROOT / "README.md")
BLOCKS = [*README_BLOCKS, *(block for guide in GUIDES for block in blocks_of(guide))]


def paste(blocks: list[Block], folder: Path) -> int:
    """Write each block into its folder, and count the files with tests."""
    written = 0
    for block in blocks:
        if block.is_installed:
            path = folder / block.folder / block.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, encoding="utf-8")
            written += block.is_test
    return written


def passed_in(result, files):
    """Count the tests of each file that pass. None may fail, and no file may be without one."""
    passed = Counter(line.partition("::")[0] for line in result.outlines if " PASSED" in line)
    assert result.ret == 0
    assert len(passed) == files
    return passed


OPTIONS = ("-W", "error", "-v", "-p", "no:cacheprovider")


def test_each_python_block_of_the_readme_passes_as_pasted(pytester):
    slow = sorted({name for name in dir(RotationContract) if name.startswith("test_")} - {*QUICK})
    files = paste(README_BLOCKS, pytester.path)

    result = pytester.runpytest_inprocess(*OPTIONS, "-p", "no:xdist", "-k", f"not ({' or '.join(slow)})")

    passed = passed_in(result, files)
    assert all(passed[path] >= len(QUICK) for path in contracts(passed))


@pytest.mark.long
def test_each_python_block_and_each_contract_of_the_readme_and_the_guides_passes_as_pasted(pytester):
    files = paste(BLOCKS, pytester.path)

    passed = passed_in(pytester.runpytest_subprocess(*OPTIONS), files)

    assert len(contracts(passed)) >= 2
    assert all(passed[path] >= 24 for path in contracts(passed))  # of 27; a few do not apply


def contracts(paths):
    """The files with a contract. A scenario that is skipped would prove nothing about the code in them."""
    names = {block.filename for block in BLOCKS if "(RotationContract)" in block.code}
    found = [path for path in paths if Path(path).name in names]
    assert found
    return found


def test_no_python_block_depends_on_another_unless_it_has_the_name_of_a_file():
    for block in BLOCKS:
        defines_a_test = re.search(r"^ *(async )?def test_|^class Test", block.code, re.M)
        assert bool(defines_a_test) or not block.is_test, (block.document, block.number)
    assert not any(block.is_named for block in README_BLOCKS)


def test_the_first_example_stands_on_the_first_screen():
    assert README.splitlines().index("```python") < 20


def test_the_readme_shows_at_most_300_lines_beside_what_is_folded():
    folded = re.sub(r"<details.*?</summary>.*?</details>", "<summary>", README, flags=re.DOTALL)

    assert len(folded.splitlines()) <= 300


@pytest.mark.long
def test_the_broken_function_fails_its_contract_as_the_readme_shows(pytester):
    """The diff is applied to the first example, and the output is compared, whatever its lines are wrapped at."""
    diff = README.partition("```diff\n")[2].partition("```")[0].splitlines()
    before = "".join(f"{line[1:]}\n" for line in diff)
    after = "".join(f"{line[1:]}\n" for line in diff if not line.startswith("-"))
    example = README_BLOCKS[0].code
    assert example.count(before) == 1
    path = (
        pytester.mkdir("pasted") / "test_rotation.py"
    )  # tests/test_rotation.py may have been imported by that name
    path.write_text(example.replace(before, after), encoding="utf-8")
    shown = README[README.index("```text\nAssertionError") :].partition("\n")[2].partition("```")[0]
    expected = fnmatch.translate(f"*{' '.join(shown.split())}*".replace("...", "*").replace("[", "[[]"))

    result = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--import-mode=importlib", "-k", "crash", path
    )

    result.assert_outcomes(failed=1)
    output = " ".join(line.removeprefix("E ") for line in result.outlines)
    assert re.search(expected, " ".join(output.split()))


def test_the_timeline_in_the_readme_is_that_of_a_rotation(
    fakesecrets, fakesecrets_clock, fakesecrets_rotation
):
    fakesecrets_clock.move_to("2030-01-02 09:30")
    client = fakesecrets.client()
    client.create_secret(Name="app/db", SecretString="old")

    def handler(event, context):
        version = {"SecretId": event["SecretId"], "ClientRequestToken": event["ClientRequestToken"]}
        if event["Step"] == "createSecret":
            client.put_secret_value(**version, SecretString="new", VersionStages=["AWSPENDING"])
        elif event["Step"] == "finishSecret":
            (old,) = (
                version
                for version, labels in client.describe_secret(SecretId="app/db")["VersionIdsToStages"].items()
                if "AWSCURRENT" in labels
            )
            client.update_secret_version_stage(
                SecretId="app/db",
                VersionStage="AWSCURRENT",
                MoveToVersionId=event["ClientRequestToken"],
                RemoveFromVersionId=old,
            )

    client.rotate_secret(SecretId="app/db", RotationLambdaARN=fakesecrets.add_rotation_function(handler))
    fakesecrets_clock.tick(1)
    fakesecrets_rotation.run()

    shown = README.partition("```text\ntime (UTC)")[2].partition("```")[0]
    assert fakesecrets.timeline().partition("time (UTC)")[2] == shown.rstrip()


def test_the_commands_that_set_up_a_checkout_are_those_of_the_checks():
    commands = re.findall(r"^python -m venv .*$", README, re.M)
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert len(commands) == 2
    assert commands[1].endswith("-m pytest")
    assert commands[1] in lines


@pytest.mark.parametrize(
    "document",
    [ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *GUIDES],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_each_link_leads_to_a_file_or_an_anchor(document):
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), link


def anchors_of(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'\bid="([^"]+)"', text))


def test_the_table_of_operations_is_whole():
    table = README.partition("<!-- operations -->")[2].partition("\n\n")[0]
    cells = {cell.strip() for line in table.strip().splitlines()[2:] for cell in line.split("|")}

    assert cells - {""} == set(OPERATIONS)
    assert set(service_model().operation_names) <= set(OPERATIONS)


def test_every_assumption_is_listed_where_aws_has_not_been_observed():
    section = README.partition("## Where AWS has not been observed")[2].partition("\n## ")[0]

    for name in Assumptions.__dataclass_fields__:
        assert f"`{name}`" in section


def test_every_public_name_of_the_fake_is_in_the_table():
    table = README.partition("| `FakeSecrets` | |")[2].partition("\n\n")[0]

    for name in vars(FakeSecrets):
        if not name.startswith("_") and name not in INTERNAL:
            assert f"`{name}" in table, name


def test_every_attribute_of_a_contract_is_in_the_table():
    table = README.partition("| attribute | |")[2].partition("\n\n")[0]

    for name in vars(RotationContract):
        if not name.startswith("_"):
            assert f"`{name}" in table, name


def test_every_fixture_is_in_the_table():
    plugin = (PACKAGE / "plugin.py").read_text(encoding="utf-8")
    table = README.partition("| fixture | gives |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", table, re.M) == re.findall(r"@pytest.fixture\ndef (\w+)", plugin)


def test_every_scenario_has_its_anchor_and_its_row():
    scenarios = {name for name in dir(RotationContract) if name.startswith("test_")}
    rows = re.findall(r'^\| <a id="scenario-([a-z-]+)"></a>`(test_\w+)`', README, re.M)

    assert {test for _, test in rows} == scenarios
    assert len(rows) == len(scenarios)
    assert all(test == f"test_{anchor}".replace("-", "_") for anchor, test in rows)
    assert f"{len(scenarios)} tests" in README


def test_every_finding_has_its_anchor_and_its_row():
    rows = re.findall(r'^\| <a id="finding-([a-z-]+)"></a>`([a-z-]+)`', README, re.M)

    assert {code for _, code in rows} == codes()
    assert len(rows) == len(codes())
    assert all(anchor == code for anchor, code in rows)


def codes() -> set[str]:
    """The codes that the package writes: what its rules and scenarios pass on, in the spelling of a code."""
    modules = [PACKAGE / "_core/finding.py", PACKAGE / "_rotation/findings.py"]
    modules += (PACKAGE / "_contract/scenarios").glob("*.py")
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in modules]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    hyphened = {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    return hyphened - NOT_CODES | (texts & {"untested", "unchecked"})
