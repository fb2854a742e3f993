"""
Make the pictures of the README: `python examples/make_pictures.py`.

It runs two test modules with pytest, and renders the report of the first and the output of the second with the
Chromium on the PATH, each in a light and a dark color scheme.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / ".github" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 900

#: A rotation whose second step fails, and whose retry succeeds a minute later.
RECOVERY = """
import json
from datetime import timedelta

import boto3
import pytest

from pytest_fakesecrets import CredentialTarget, TargetDown

database = CredentialTarget({"app": "old-password"})


def lambda_handler(event, context):
    client = boto3.client("secretsmanager")
    arn, token = event["SecretId"], event["ClientRequestToken"]

    def secret(label):
        return json.loads(client.get_secret_value(SecretId=arn, VersionStage=label)["SecretString"])

    if event["Step"] == "createSecret":
        try:
            secret("AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            password = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
            client.put_secret_value(
                SecretId=arn,
                ClientRequestToken=token,
                SecretString=json.dumps({"username": "app", "password": password}),
                VersionStages=["AWSPENDING"],
            )
    elif event["Step"] == "setSecret":
        database.change_password("app", secret("AWSPENDING")["password"])
    elif event["Step"] == "testSecret":
        database.log_in("app", secret("AWSPENDING")["password"])
    elif event["Step"] == "finishSecret":
        versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", RemoveFromVersionId=current, MoveToVersionId=token
        )


@pytest.mark.filterwarnings("ignore")
def test_the_rotation_recovers_after_an_outage(fakesecrets, fakesecrets_client, fakesecrets_clock):
    fakesecrets_clock.move_to("2030-01-01 09:00")
    value = {"username": "app", "password": "old-password"}
    fakesecrets_client.create_secret(Name="app/db", SecretString=json.dumps(value))
    database.is_down = True
    fakesecrets.rotate("app/db", lambda_handler, RotationRules={"AutomaticallyAfterDays": 30})

    database.is_down = False
    fakesecrets_clock.tick(timedelta(minutes=5))

    assert fakesecrets.rotations("app/db")[0].status == "succeeded"
"""

#: A function that stores a new password whenever createSecret is delivered.
BROKEN = """
import json

import boto3

from pytest_fakesecrets import CredentialTarget, RotationContract

database = CredentialTarget({"app": "old-password"})


def lambda_handler(event, context):
    client = boto3.client("secretsmanager")
    arn, token = event["SecretId"], event["ClientRequestToken"]
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    if event["Step"] not in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        raise ValueError("unknown step")
    if "AWSCURRENT" in versions[token]:
        return
    if event["Step"] == "createSecret":
        password = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
        client.put_secret_value(
            SecretId=arn,
            ClientRequestToken=token,
            SecretString=json.dumps({"username": "app", "password": password}),
            VersionStages=["AWSPENDING"],
        )
        return
    pending = client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    password = json.loads(pending["SecretString"])["password"]
    if event["Step"] == "setSecret":
        database.change_password("app", password)
    elif event["Step"] == "testSecret":
        database.log_in("app", password)
    else:
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", RemoveFromVersionId=current, MoveToVersionId=token
        )


class TestRotation(RotationContract):
    rotation_function = staticmethod(lambda_handler)
    secret_value = {"username": "app", "password": "old-password"}
    target = database
"""

COMMAND = ("test_rotation.py", "-k", "crash")

#: Hides the parts of the report that the picture omits.
REPORT_STYLE = (
    ".overview, .legend, h1 + p, h2, .test > div > details, .test > div > p:last-child,"
    " h4:nth-of-type(n + 2), h4:nth-of-type(n + 2) ~ * { display: none }"
)

TERMINAL_STYLE = """
:root { --page: #fff; --text: #1f2328; --bar: #f6f8fa; --line: #d1d9e0;
  --c31: #cf222e; --c32: #1a7f37; --c33: #9a6700; --c34: #0550ae; --c35: #8250df; --c36: #1b7c83; }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --text: #e6edf3; --bar: #161b22; --line: #3d444d;
  --c31: #ff7b72; --c32: #3fb950; --c33: #d29922; --c34: #79c0ff; --c35: #d2a8ff; --c36: #39c5cf; } }
body { margin: 0; background: var(--page); color: var(--text); }
.bar { height: 30px; background: var(--bar); border-bottom: 1px solid var(--line); padding-left: 14px; }
.bar i { display: inline-block; width: 11px; height: 11px; border-radius: 6px; margin: 9px 6px 0 0; }
pre { margin: 0; padding: 12px 16px; font: 13px/18px ui-monospace, "DejaVu Sans Mono", monospace;
  white-space: pre; }
.b { font-weight: 700 }
""" + "".join(f".c{code} {{ color: var(--c{code}) }}\n" for code in range(31, 37))

_CODE = re.compile("\x1b\\[([0-9;]*)m")
_COLUMNS = 110


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        report, output = folder / "report.html", folder / "contract.html"
        run_pytest(folder, RECOVERY, "test_rotation.py", f"--fakesecrets-report={report}")
        page = report.read_text(encoding="utf-8")
        report.write_text(page.replace("</style>", f"{REPORT_STYLE}</style>"), encoding="utf-8")
        lines = list(wrapped(run_pytest(folder, BROKEN, *COMMAND)))
        output.write_text(terminal_page(lines), encoding="utf-8")
        for scheme, suffix in (("light", ""), ("dark", "-dark")):
            take_picture(report, PICTURES / f"report{suffix}.png", 640, scheme)
            take_picture(output, PICTURES / f"contract{suffix}.png", 31 + 24 + 18 * len(lines), scheme)


def run_pytest(folder: Path, source: str, *arguments: str) -> str:
    """Run a test module in a separate folder, and return the output."""
    (folder / "test_rotation.py").write_text(source, encoding="utf-8")
    options = (
        "--color=yes",
        "-q",
        "--no-header",
        "--show-capture=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(_COLUMNS), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode > 1:
        raise SystemExit(ran.stdout + ran.stderr)
    return ran.stdout


def wrapped(output: str) -> Iterator[str]:
    """Yield the command line and the lines of the output, wrapped as a terminal wraps them."""
    yield f"\x1b[1m$ pytest {' '.join(COMMAND)}\x1b[0m"
    for line in output.strip().splitlines():
        while len(_CODE.sub("", line)) > _COLUMNS:
            place = folding_place(line)
            yield line[:place] + "\x1b[0m"
            line = (
                "".join(f"\x1b[{code}m" for code in _CODE.findall(line[:place])[-2:])
                + "      "
                + line[place:].lstrip()
            )
        yield line


def folding_place(line: str) -> int:
    """Return the index of the last space within the width of the terminal."""
    best, width, index = 0, 0, 0
    while width < _COLUMNS:
        code = _CODE.match(line, index)
        if code is not None:
            index = code.end()
            continue
        if line[index] == " " and line[:index].strip():
            best = index
        width, index = width + 1, index + 1
    return best or index


def terminal_page(lines: list[str]) -> str:
    colors = "".join(f'<i style="background: {color}"></i>' for color in ("#ff5f57", "#febc2e", "#28c840"))
    text = "\n".join(colored(line) for line in lines)
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><style>{TERMINAL_STYLE}</style></head>'
        f'<body><div class="bar">{colors}</div><pre>{text}</pre></body></html>'
    )


def colored(line: str) -> str:
    """Return a line of a terminal as HTML."""
    parts, style, place = [], set[str](), 0
    for code in _CODE.finditer(line):
        parts.append(span(line[place : code.start()], style))
        place = code.end()
        for number in (code[1] or "0").split(";"):
            if number in ("", "0"):
                style = set()
            elif number == "1":
                style = {*style, "b"}
            elif number == "39" or 31 <= int(number) <= 36:
                style = {each for each in style if not each.startswith("c")} | ({f"c{number}"} - {"c39"})
    parts.append(span(line[place:], style))
    return "".join(parts)


def span(text: str, style: set[str]) -> str:
    return f'<span class="{" ".join(sorted(style))}">{html.escape(text)}</span>' if text else ""


def take_picture(page: Path, picture: Path, height: int, scheme: str) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"None of {', '.join(BROWSERS)} is on the PATH.")
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={page.parent / 'profile'}",
            f"--blink-settings=preferredColorScheme={1 if scheme == 'light' else 0}",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    picture.write_bytes(with_palette(picture.read_bytes()))


def with_palette(png: bytes) -> bytes:
    """Return a PNG of 8 bits per channel with a palette of 256 colors, which is much smaller."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    rows = [
        [row[index : index + 3] for index in range(0, len(row), size)]
        for row in unfiltered(
            zlib.decompress(b"".join(data for name, data in chunks(png) if name == b"IDAT")),
            width * size,
            size,
        )
    ]
    counts = Counter(color for row in rows for color in row)
    similar: dict[tuple[int, ...], bytes] = {}
    for color, _ in counts.most_common():
        similar.setdefault(tuple(channel >> 4 for channel in color), color)
    palette = list(similar.values())[:256]
    index_of = {
        color: min(range(len(palette)), key=lambda index: distance(palette[index], color)) for color in counts
    }
    data = b"".join(b"\0" + bytes(index_of[color] for color in row) for row in rows)
    return png[:8] + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", b"".join(palette)),
            (b"IDAT", zlib.compress(data, 9)),
            (b"IEND", b""),
        )
    )


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def unfiltered(data: bytes, length: int, size: int) -> Iterator[bytes]:
    """Yield the rows of the pixels, without the filters of the PNG specification."""
    above = bytearray(length)
    for start in range(0, len(data), length + 1):
        row = bytearray(data[start + 1 : start + 1 + length])
        for index in range(length):
            left = row[index - size] if index >= size else 0
            corner = above[index - size] if index >= size else 0
            up = above[index]
            row[index] = (
                row[index] + (0, left, up, (left + up) // 2, paeth(left, up, corner))[data[start]]
            ) % 256
        above = row
        yield bytes(row)


def paeth(left: int, up: int, corner: int) -> int:
    return min((left, up, corner), key=lambda value: abs(left + up - corner - value))


def distance(color: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(color, other, strict=True))


if __name__ == "__main__":
    main()
