"""
Sessions that are made while a fake is active read botocore's data files once for all of them.

Each session keeps a loader of its own, with its own search path and its own copy of the data, since botocore,
boto3 and applications change both. Shared is only what botocore has parsed, as long as the file is the same.
Most of the time of a new session and its client is botocore's parsing of the same files again.

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

#: What changes when a file or a directory is replaced by another one: None where there is none.
_Stamp = tuple[int, ...] | None


class _ParsedFiles(JSONFileLoader):
    """
    Parses a file again only after it has changed.

    Args:
        pack: makes what is kept from the parsed data.
        unpack: makes the data for a caller from what is kept.
    """

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self._pack = pack
        self._unpack = unpack
        self._kept: dict[str, tuple[tuple[_Stamp, ...], Any]] = {}

    def load_file(self, file_path: str) -> Any:
        stamps = tuple(_stamp(file_path + suffix) for suffix in (".json", ".json.gz"))
        known, packed = self._kept.get(file_path, (None, None))
        if stamps != known:
            data = super().load_file(file_path)
            if data is None:
                return None
            packed = self._pack(data)
            self._kept[file_path] = stamps, packed
        return self._unpack(packed)


class _ServiceLists:
    """
    The names of the services that installed packages bring, as botocore and boto3 do.

    Listing them takes a look into 400 directories. Those of the user are listed each time, since they may change.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[_Stamp, list[str]]] = {}

    def list(self, directory: str, type_name: str) -> list[str]:
        stamp = _stamp(directory) if _is_installed(directory) else None
        known, services = self._kept.get((directory, type_name), (None, []))
        if stamp is None or stamp != known:
            services = _loader_of([directory]).list_available_services(type_name)
            self._kept[directory, type_name] = stamp, services
        return services


#: A copy by pickle takes a tenth of the time of copy.deepcopy.
_COPIES = _ParsedFiles(pickle.dumps, pickle.loads)
_REFERENCES = _ParsedFiles(lambda data: data, lambda data: data)
_SERVICES = _ServiceLists()


class SharedDataLoader(Loader):
    """The loader of one session, over data that all such loaders share."""

    def __init__(self) -> None:
        super().__init__(file_loader=_COPIES)
        self._has_own_endpoints = False

    def list_available_services(self, type_name: str) -> list[str]:
        return sorted({name for path in self.search_paths for name in _SERVICES.list(path, type_name)})

    def load_data(self, name: str) -> Any:
        self._has_own_endpoints |= name == _ENDPOINTS
        data, _ = super().load_data_with_path(name)
        return data

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        # botocore's endpoint resolver reads the endpoints by this method, and does not change them. Another copy of
        # them would take as long as the rest of the client.
        if name == _ENDPOINTS and not self._has_own_endpoints:
            return _loader_of(self.search_paths, file_loader=_REFERENCES).load_data_with_path(name)
        return super().load_data_with_path(name)


def share_data(session: Any) -> None:
    """
    Let a session share its data with others, unless it has a data path or a loader of its own.

    It is decided when the loader is first used: the session may be configured until then.
    """
    deferred: Mapping[str, Any] = getattr(getattr(session, "_components", None), "_deferred", {})
    factory: Any = deferred.get(_COMPONENT)
    if _is_of_botocore(factory):
        session.lazy_register_component(_COMPONENT, lambda: _shared_or_own(factory()))


def _is_of_botocore(factory: Any) -> bool:
    module, name = getattr(factory, "__module__", None), getattr(factory, "__qualname__", "")
    return module == "botocore.session" and name.startswith("Session._register_data_loader.")


def _shared_or_own(loader: Any) -> Any:
    """The loader, or one that shares its data in the place of a plain one with the default search path."""
    shared = SharedDataLoader()
    is_plain = type(loader) is Loader and loader.search_paths == shared.search_paths
    return shared if is_plain else loader


def _is_installed(directory: str) -> bool:
    """Whether a directory is beside botocore, where packages are installed."""
    packages = os.path.dirname(os.path.dirname(Loader.BUILTIN_DATA_PATH))
    return directory.startswith(os.path.join(packages, ""))


def _loader_of(search_paths: list[str], **kwargs: Any) -> Loader:
    return Loader(list(search_paths), include_default_search_paths=False, **kwargs)


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
