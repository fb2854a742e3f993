"""What pytest, botocore and freezegun work out anew each time, kept for the run of the tests."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import warnings
from functools import cached_property, lru_cache, wraps
from importlib.metadata import PathDistribution

from _pytest._code import code
from botocore.loaders import JSONFileLoader, Loader
from freezegun import api

from pytest_fakesecrets import FakeSecrets, RotationContract

#: Imported here, or each inner run of a test module that imports less would import copies of its own, and drop them.
KEPT = (FakeSecrets, RotationContract)


#: Where botocore and boto3 are, with their data.
PACKAGES = os.path.dirname(os.path.dirname(Loader.BUILTIN_DATA_PATH))


def keep():
    """Let tracebacks share the trees of the same source, runs the metadata of distributions, and sessions the data."""
    code.getstatementrange_ast = with_known_trees(code.getstatementrange_ast)
    importlib.metadata.distributions = with_known_distributions(importlib.metadata.distributions)
    JSONFileLoader.load_file = with_known_files(JSONFileLoader.load_file)
    Loader.list_available_services = with_known_services(Loader.list_available_services)
    api._get_module_attributes_hash = module_key


def module_key(module):
    """freezegun lists and sorts the names in each loaded module at each freeze, to see whether they have changed."""
    return id(module), len(getattr(module, "__dict__", ()))


@lru_cache(maxsize=200)
def tree(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, "source", "exec")


def with_known_trees(find_statement):
    """pytest reads the source of each file of a traceback as a tree, once for each traceback."""

    @wraps(find_statement)
    def found(lineno, source, assertion=False, astnode=None):
        return find_statement(lineno, source, assertion, tree(str(source)) if astnode is None else astnode)

    return found


class KnownDistribution(PathDistribution):
    """A distribution whose metadata are read and parsed once."""

    metadata = cached_property(PathDistribution.metadata.fget)
    entry_points = cached_property(PathDistribution.entry_points.fget)
    files = cached_property(PathDistribution.files.fget)


def with_known_distributions(distributions):
    """pytest reads the metadata of all installed distributions three times in each run."""
    known = [
        KnownDistribution(found._path) if type(found) is PathDistribution else found
        for found in distributions()
    ]

    @wraps(distributions)
    def found(**context):
        return distributions(**context) if context else iter(known)

    return found


def with_known_files(load_file):
    """botocore parses its endpoints, its partitions and the model of a service for each session."""
    known = {}

    @wraps(load_file)
    def loaded(self, file_path):
        if not file_path.startswith(PACKAGES):
            return load_file(self, file_path)
        if file_path not in known:
            known[file_path] = load_file(self, file_path)
        return known[file_path]

    return loaded


def with_known_services(list_services):
    """botocore looks into each of its four hundred folders of services for each session."""
    known = {}

    @wraps(list_services)
    def listed(self, type_name):
        places = tuple(self._potential_locations())
        if not all(place.startswith(PACKAGES) for place in places):
            return list_services(self, type_name)
        if (places, type_name) not in known:
            known[places, type_name] = list_services(self, type_name)
        return list(known[places, type_name])

    return listed
