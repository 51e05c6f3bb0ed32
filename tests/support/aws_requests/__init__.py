"""
Every request that the tests send to AWS, or to what stands for it, is counted and checked.

``plugin`` is the pytest plugin; the root's ``conftest.py`` loads it in all sessions. ``client`` sees what botocore
sends in the tests' own process, ``server`` what comes to moto and to the local cloud from anywhere: commands, workflow
jobs, transfers that don't go through botocore. ``model`` reads a request by botocore's own data, as far as botocore
itself doesn't, and ``recorder`` by the rules of ``miniwdl_aws_core.rules.table``.
"""
