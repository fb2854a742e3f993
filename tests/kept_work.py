"""What pytest works out anew for each failed inner run, kept for the run of the tests."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache, wraps

from _pytest._code import code


def keep():
    """Let tracebacks share the trees of the same source."""
    code.getstatementrange_ast = with_known_trees(code.getstatementrange_ast)


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
