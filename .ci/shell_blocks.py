"""
Run the shell commands of README and guides, as a reader does.

Commands that name `.venv` run in the checkout. The others run in an empty folder, in a virtual environment of its own that
installs the wheel of this checkout; the Python blocks of the README are pasted there, and their tests run too.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from test_readme import README_BLOCKS, paste

    run_first = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    documents = [ROOT / "README.md", *sorted((ROOT / "examples").glob("*/README.md"))]
    commands = [command for document in documents for command in commands_of(document)]
    for command in commands:
        if ".venv" in command and command.strip() not in run_first:
            run(command, ROOT)
    with TemporaryDirectory() as name:
        folder = Path(name)
        environ = installable(folder)
        for command in commands:
            if ".venv" not in command:
                run(command, folder, environ)
        paste(README_BLOCKS, folder)
        run("pytest -q .", folder, environ)


def commands_of(document: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def installable(folder: Path) -> dict[str, str]:
    """Build the wheel and make a virtual environment whose pip takes it for the package of that name."""
    pip = [sys.executable, "-m", "pip", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder / "dist", ROOT], check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    (folder / "constraints.txt").write_text(f"pytest-fakesecrets @ {wheel.as_uri()}\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    path = f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**clean, "PATH": path, "PIP_CONSTRAINT": str(folder / "constraints.txt")}


def run(command: str, folder: Path, environ: dict[str, str] | None = None) -> None:
    print(f"+ {command.strip()}", flush=True)
    subprocess.run(["bash", "-euc", command], cwd=folder, env=environ, check=True)


if __name__ == "__main__":
    main()
