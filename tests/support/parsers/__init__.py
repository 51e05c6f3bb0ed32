"""
Parsers of WDL that are made once: ``plugin`` for pytest's own processes, ``sitecustomize`` for those that these start.

miniwdl makes its parser in each process, which is a third of the processor time of a short run. lark can keep what it
works out of a grammar, by its option ``cache`` (https://lark-parser.readthedocs.io/en/stable/classes.html).
"""
