"""
Sessions that are made while a fake is active read botocore's data files once for all of them.

Each session keeps a loader of its own, with its own search path and its own copy of the data, since botocore,
boto3 and applications change both. What is shared is the parsed form of a file, until the file changes.
Without this, botocore parses the same files for each session: most of the time that a session and a client take.

This module imports botocore, so it is imported when the first such session is made.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from botocore.loaders import JSONFileLoader, Loader

_COMPONENT = "data_loader"
_ENDPOINTS = "endpoints"

#: The device, the inode, the time and the size of a file or a directory, which differ after a change. None: it does not exist.
_Stamp = tuple[int, ...] | None


class _ParsedFiles(JSONFileLoader):
    """
    Parses a file again only after it has changed.

    Args:
        pack: converts parsed data to the form that is kept.
        unpack: converts the kept form to the data that a caller gets.
    """

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self._pack = pack
        self._unpack = unpack
        self._kept: dict[str, tuple[tuple[_Stamp, ...], Any]] = {}

    def load_file(self, file_path: str) -> Any:
        stamps = tuple(_stamp(file_path + suffix) for suffix in (".json", ".json.gz"))
        kept_stamps, packed = self._kept.get(file_path, (None, None))
        if kept_stamps != stamps:
            data = super().load_file(file_path)
            if data is None:
                return None
            packed = self._pack(data)
            self._kept[file_path] = stamps, packed
        return self._unpack(packed)


class _ServiceLists:
    """
    The names of the services that installed packages bring, as botocore and boto3 do.

    Listing them opens 400 directories. The directories of the user are listed each time, since they may change.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[_Stamp, list[str]]] = {}

    def list(self, directory: str, type_name: str) -> list[str]:
        stamp = _stamp(directory) if _is_installed(directory) else None
        if stamp is None:
            return _list_services(directory, type_name)
        kept_stamp, services = self._kept.get((directory, type_name), (None, []))
        if kept_stamp != stamp:
            services = _list_services(directory, type_name)
            self._kept[directory, type_name] = stamp, services
        return services


#: Files of which each caller gets a copy. A copy by pickle takes a tenth of the time of copy.deepcopy.
_COPIED_FILES = _ParsedFiles(pickle.dumps, pickle.loads)
#: Files of which all callers get the same data, which they must not change.
_SHARED_FILES = _ParsedFiles(lambda data: data, lambda data: data)
_SERVICE_LISTS = _ServiceLists()


class SharedDataLoader(Loader):
    """The loader of one session, over data that all such loaders share."""

    def __init__(self) -> None:
        super().__init__(file_loader=_COPIED_FILES)
        #: Whether the session has asked for the endpoints, and so has a copy that it may have changed.
        self._has_own_endpoints = False

    def list_available_services(self, type_name: str) -> list[str]:
        return sorted({name for path in self.search_paths for name in _SERVICE_LISTS.list(path, type_name)})

    def load_data(self, name: str) -> Any:
        if name == _ENDPOINTS:
            self._has_own_endpoints = True
        # By botocore's method, and not by that of this class, which may return shared data.
        data, _ = super().load_data_with_path(name)
        return data

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        # botocore's endpoint resolver reads the endpoints by this method, and does not change them. Another copy of
        # them would take as long as the rest of the client.
        if name == _ENDPOINTS and not self._has_own_endpoints:
            return _loader_of(self.search_paths, file_loader=_SHARED_FILES).load_data_with_path(name)
        return super().load_data_with_path(name)


def share_data(session: Any) -> None:
    """
    Let a session share its data with others, unless it has a data path or a loader of its own.

    This is decided when the loader is first used, since the session may be configured until then.
    """
    # Private attributes, since get_component() would make the loader now.
    deferred: Mapping[str, Any] = getattr(getattr(session, "_components", None), "_deferred", {})
    factory: Any = deferred.get(_COMPONENT)
    if _is_default_of_botocore(factory):
        session.lazy_register_component(_COMPONENT, lambda: _shared_or_own(factory()))


def _is_default_of_botocore(factory: Any) -> bool:
    """Whether a factory makes botocore's own loader: a session may have another one registered."""
    module, name = getattr(factory, "__module__", None), getattr(factory, "__qualname__", "")
    return module == "botocore.session" and name.startswith("Session._register_data_loader.")


def _shared_or_own(loader: Any) -> Any:
    """The loader, or one that shares its data in the place of a plain one with the default search path."""
    shared = SharedDataLoader()
    is_plain = type(loader) is Loader and loader.search_paths == shared.search_paths
    return shared if is_plain else loader


def _list_services(directory: str, type_name: str) -> list[str]:
    return _loader_of([directory]).list_available_services(type_name)


def _is_installed(directory: str) -> bool:
    """Whether a directory is beside botocore, where packages are installed."""
    packages = os.path.dirname(os.path.dirname(Loader.BUILTIN_DATA_PATH))
    return directory.startswith(os.path.join(packages, ""))


def _loader_of(search_paths: list[str], **kwargs: Any) -> Loader:
    return Loader(search_paths, include_default_search_paths=False, **kwargs)


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
