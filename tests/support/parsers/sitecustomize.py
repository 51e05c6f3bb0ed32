"""
Have lark keep its parsers in the folder ``LARK_CACHE``, in this process.

Python imports a module of this name when it starts and finds it in ``PYTHONPATH``: it must import little itself.
"""

import os
import sys
from importlib.machinery import PathFinder

FOLDER = "LARK_CACHE"


class KeepingParsers:
    """Finds lark's module as others do, and changes it once it is imported."""

    def find_spec(self, name, path=None, target=None):
        if name != "lark.lark" or FOLDER not in os.environ:
            return None
        spec = PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            keep_parsers(module.Lark, os.environ[FOLDER])

        spec.loader.exec_module = exec_module
        return spec


def keep_parsers(cls, folder):
    """Let parsers of a class be found in a folder, or put there: by one process at a time, so that all are whole."""
    make = cls.__init__

    def find_or_make(self, grammar, **options):
        import fcntl
        from hashlib import sha256
        from pathlib import Path

        if options.get("parser") != "lalr" or not isinstance(grammar, str):  # all that lark can keep
            make(self, grammar, **options)
            return
        # lark itself looks whether the rest is the same, too: its version, and the other options.
        text = f"{sys.version} {options.get('start')} {grammar}"
        kept = Path(folder, sha256(text.encode()).hexdigest())
        with Path(folder, "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make(self, grammar, **{**options, "cache": str(kept)})

    cls.__init__ = find_or_make


sys.meta_path.insert(0, KeepingParsers())
