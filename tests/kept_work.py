"""What botocore and pytest work out anew for each session and each failed inner run, kept for the run of the tests."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache, wraps

from _pytest._code import code
from botocore.loaders import Loader


def keep():
    """Let sessions share what they read from botocore's own files, and tracebacks the trees of the same source."""
    Loader.__init__ = with_one_cache(Loader.__init__)
    code.getstatementrange_ast = with_known_trees(code.getstatementrange_ast)


#: What loaders of botocore's own data have read, by method and arguments.
SHARED = {}


def changed():
    """The names of the data of Secrets Manager and of the endpoints that lack something of what botocore's files have."""
    loader = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
    return [
        name
        for (method, name, *_), data in SHARED.items()
        if method in ("load_data", "load_data_with_path")
        and name.startswith(("endpoints", "partitions", "secretsmanager/"))
        and not holds(data[0] if isinstance(data, tuple) else data, loader.load_data(name))
    ]


def holds(kept, read):
    """Whether nothing of what was read is gone. botocore itself adds defaults to endpoints, and expands host names."""
    if isinstance(read, dict):
        return all(name in kept and holds(kept[name], value) for name, value in read.items())
    if isinstance(read, list):
        return len(kept) == len(read) and all(map(holds, kept, read))
    return type(kept) is type(read)


def with_one_cache(make):
    """
    Loaders of botocore's own data have one cache.

    Those with a path of a test (AWS_DATA_PATH, extra_search_paths) have their own, as always.
    """

    @wraps(make)
    def made(loader, *arguments, **settings):
        make(loader, *arguments, **settings)
        if loader.search_paths == [loader.CUSTOMER_DATA_PATH, loader.BUILTIN_DATA_PATH]:
            loader._cache = SHARED

    return made


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
