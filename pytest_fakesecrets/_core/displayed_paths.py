"""Names of files as messages show them: with their path where several rotation functions have files of one name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence


class DisplayedPaths:
    """
    Shortens the paths of files.

    Attributes:
        directories: returns the directories to which paths are relative, the most important one first.
    """

    def __init__(self) -> None:
        self.directories: Callable[[], Sequence[str]] = tuple
        #: The folders out of which rotation functions were loaded, of each pytest run: by its directories.
        self._code_folders: dict[tuple[str, ...], set[str]] = {}

    def add_code_folder(self, folder: str) -> None:
        self._code_folders.setdefault(tuple(self.directories()), set()).add(folder)

    def shortened(self, file: str) -> str:
        """
        Return the name of a file, or its path.

        It is the path from the first directory that the file is in, if several functions were loaded out of folders and
        the file is in one of these folders: most of them have a lambda_function.py.
        """
        path = os.path.abspath(file)
        folders = self._code_folders.get(tuple(self.directories()), ())
        is_one_of_several = len(folders) > 1 and any(_is_inside(path, folder) for folder in folders)
        relative = self.relative(path) if is_one_of_several else path
        return os.path.basename(path) if relative == path else relative

    def relative(self, path: str) -> str:
        """The path from the first directory that it is in, or the whole path."""
        for directory in self.directories():
            if _is_inside(path, directory):
                return os.path.relpath(path, directory)
        return path


def _is_inside(path: str, directory: str) -> bool:
    return path.startswith(os.path.join(directory, ""))


#: The plugin is loaded before this module, and knows the directories of the pytest run: the fake connects both.
DISPLAYED_PATHS = DisplayedPaths()
