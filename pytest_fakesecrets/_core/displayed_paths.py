"""Paths of files as messages show them: relative to the rootdir of the pytest run."""

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

    def shortened(self, file: str) -> str:
        """
        Return the path of a file as messages show it.

        It is relative to the first directory that the file is in. Of a file outside of all, as in a temporary directory,
        it is the name.
        """
        path = os.path.abspath(file)
        for directory in self.directories():
            start = os.path.join(directory, "")
            if path.startswith(start):
                return path[len(start) :]
        return os.path.basename(path)


#: The plugin is loaded before this module, and knows the directories of the pytest run: the fake connects both.
DISPLAYED_PATHS = DisplayedPaths()
