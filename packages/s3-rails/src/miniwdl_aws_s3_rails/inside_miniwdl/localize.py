"""
Replaces inputs that lie on the shared file system already by their paths there, before miniwdl would download them.

These are miniwdl task and workflow plugins, and not part of the download itself, because miniwdl moves whatever a
download yields into its download cache: it would move a data repository's own file, and so delete it in S3.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from WDL import Error, Expr, Type, Value

from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_core.s3uri import SCHEME
from miniwdl_aws_core.wdl_log import message
from miniwdl_aws_hooks import LocalizeRequest, MiniwdlAwsError, get_manager
from miniwdl_aws_s3_rails.inside_miniwdl.cache import refuse_shared_place
from miniwdl_aws_s3_rails.products.boundary import is_within

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator

    from WDL import Env, Tree
    from WDL.runtime.config import Loader

__all__ = ["localize_inputs"]


def localize_inputs(
    cfg: Loader,
    logger: logging.Logger,
    _run_id_stack: list[str],
    _run_dir: str,
    target: Tree.Task | Tree.Workflow,
    **recv: Any,
) -> Generator[dict[str, Any], dict[str, Any], None]:
    """Plug into miniwdl's tasks and workflows: inputs change, everything else passes."""
    recv["inputs"] = _localize(cfg, logger, target.available_inputs, recv["inputs"])
    while True:
        recv = yield recv


def _localize(
    cfg: Loader,
    logger: logging.Logger,
    available: Env.Bindings[Tree.Decl],
    inputs: Env.Bindings[Value.Base],
) -> Env.Bindings[Value.Base]:
    root = cfg["file_io"]["root"]
    settings = LoaderSettings(cfg)

    def rewrite(value: Value.File | Value.Directory) -> str:
        uri: str = value.value
        if "://" not in uri:
            return uri
        request = LocalizeRequest(uri, isinstance(value, Value.Directory), root, settings)
        try:
            path: str | None = get_manager().hook.miniwdl_aws_localize(request=request)
            if path is None:
                if uri.startswith(SCHEME):
                    refuse_shared_place(cfg, logger, uri, directory=request.directory)
                return uri
        except MiniwdlAwsError as exc:
            raise Error.RuntimeError(exc.told, more_info={**exc.more_info, "uri": uri}) from exc
        if not is_within(path, root) or not Path(path).exists():
            raise Error.RuntimeError(f"{uri} should lie at {path}, which is not on the shared file system {root}")
        logger.info(message("input is on the shared file system", uri=uri, path=path))
        return path

    rewritten = Value.rewrite_env_paths(inputs, rewrite)
    for binding in available:
        # Defaults that are plain URIs would be downloaded too; computed ones come by as inputs of the next call.
        default = _default_path(binding.value) if binding.name not in inputs else None
        if default is not None and (path := rewrite(default)) != default.value:
            rewritten = rewritten.bind(binding.name, type(default)(path, default.expr))
    return rewritten


def _default_path(declaration: Tree.Decl) -> Value.File | Value.Directory | None:
    if isinstance(declaration.type, (Type.File, Type.Directory)) and isinstance(declaration.expr, Expr.String):
        literal = declaration.expr.literal
        kind = Value.Directory if isinstance(declaration.type, Type.Directory) else Value.File
        return kind(literal.value, declaration.expr) if literal else None
    return None
