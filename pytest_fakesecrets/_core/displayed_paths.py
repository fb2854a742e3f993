"""
Paths of files as messages show them: relative to the rootdir of the pytest run.

This module is imported with the plugin, even in projects that do not use it. It imports no slow modules.
"""

from __future__ import annotations

import os

#: The rootdir and the directory of invocation of each pytest run in this process, the outermost first: a test may start
#: an inner run.
run_directories: list[tuple[str, str]] = []


def displayed_path(file: str) -> str:
    """
    Return the path of a file as messages show it.

    It is relative to the rootdir of the pytest run, or else to the directory in which pytest was started. Of a file
    outside of both, as in a temporary directory, it is the name.
    """
    path = os.path.abspath(file)
    for directory in run_directories[-1] if run_directories else ():
        start = os.path.join(directory, "")
        if path.startswith(start):
            return path[len(start) :]
    return os.path.basename(path)
