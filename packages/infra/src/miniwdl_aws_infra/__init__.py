"""
The setup of an AWS account as a CloudFormation template, and the command that deploys it, looks at it and deletes it.

``miniwdl-aws-fsxl.yaml`` beside this module is the template. Parts of it are written by the repository's
``nox -s infra -- --write``, as other parts of this project own what stands there.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
