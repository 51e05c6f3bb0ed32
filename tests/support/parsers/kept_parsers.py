"""
Has lark keep the parsers that it makes, in whatever process imports this.

miniwdl makes its parser of WDL in each process, which is two fifths of the processor time of a submission, and tests
start hundreds. lark can keep what it works out of a grammar, by its option ``cache``
(https://lark-parser.readthedocs.io/en/stable/classes.html). noxfile.py has each Python of an environment for tests
import this as it starts (https://docs.python.org/3/library/site.html), so it must import little itself.
"""

import sys
from importlib.machinery import PathFinder

FOLDER = f"{sys.prefix}/kept-parsers"
"""Where parsers are kept: in the environment that has made them."""


class KeepingParsers:
    """Finds lark's module as others do, and changes it once it is imported."""

    def __init__(self, folder):
        self._folder = folder

    def find_spec(self, name, path=None, target=None):
        if name != "lark.lark":
            return None
        spec = PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _keep_parsers_of(module.Lark, self._folder)

        spec.loader.exec_module = exec_module
        return spec


def _keep_parsers_of(cls, folder):
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
        kept.parent.mkdir(exist_ok=True)
        with Path(folder, "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make(self, grammar, **{**options, "cache": str(kept)})

    cls.__init__ = find_or_make


def keep_in(folder):
    """Keep the parsers of this process in a folder, whatever has been said before."""
    sys.meta_path[:] = [
        KeepingParsers(folder),
        *(finder for finder in sys.meta_path if type(finder).__name__ != KeepingParsers.__name__),
    ]


keep_in(FOLDER)
