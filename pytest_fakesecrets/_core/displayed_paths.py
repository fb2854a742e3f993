"""
Names of files as messages show them: with their directory where several rotation functions have files of one name.

This module is imported with the plugin, even in projects that do not use it. It imports no slow modules.
"""

from __future__ import annotations

import os


class Run:
    """
    A run of pytest.

    Attributes:
        config: its configuration.
        directories: its rootdir, and the directory in which pytest was started.
        code_folders: the folders out of which rotation functions were loaded.
    """

    def __init__(self, config: object, *directories: str) -> None:
        self.config = config
        self.directories = directories
        self.code_folders: set[str] = set()


#: The runs in this process, the outermost first: a test may start an inner run.
runs: list[Run] = []


def note_code_folder(folder: str) -> None:
    if runs:
        runs[-1].code_folders.add(folder)


def displayed_path(file: str) -> str:
    """
    Return the name of a file, or its path from a directory of the run.

    It is the path if the file is in one of several folders of rotation functions: most of them have a lambda_function.py.
    """
    path = os.path.abspath(file)
    folders = runs[-1].code_folders if runs else ()
    if len(folders) > 1 and any(_is_inside(path, folder) for folder in folders):
        for directory in runs[-1].directories:
            if _is_inside(path, directory):
                return os.path.relpath(path, directory)
    return os.path.basename(path)


def _is_inside(path: str, directory: str) -> bool:
    return path.startswith(os.path.join(directory, ""))
