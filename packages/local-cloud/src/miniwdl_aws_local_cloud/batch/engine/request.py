"""How a job's container properties become options of the Docker API. Pure."""

from __future__ import annotations

import resource
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import docker.types  # type: ignore[import-untyped]  # its stubs are a distribution of their own

from miniwdl_aws_local_cloud.batch.runner import StartError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_local_cloud.batch.jobs import JobSpec

__all__ = ["HOST_MOUNT", "container_options", "host_path"]

HOST_MOUNT = PurePosixPath("/mnt/fsx")
"""Where the pretended host of the containers has mounted the file system."""
CPU_SHARES = 1024
"""Docker's CPU shares of one vCPU, as ECS counts them."""
_PODMAN_LIMITS = {"nproc": resource.RLIMIT_NPROC, "nofile": resource.RLIMIT_NOFILE}
_PODMAN_MOST = {"nproc": 4096, "nofile": 65536}


def host_path(source: str, state: Path) -> Path:
    """
    Find the folder that stands for a path of the pretended host.

    :raises StartError: when the path isn't absolute, or tries to leave the host.
    """
    path = PurePosixPath(source)
    if not path.is_absolute() or ".." in path.parts:
        raise StartError(f"CannotCreateContainerError: invalid mount path {source!r}")
    file_system = state / "fsx"
    if path.is_relative_to(file_system):
        found = Path(path)
    elif path.is_relative_to(HOST_MOUNT):
        found = file_system / path.relative_to(HOST_MOUNT)
    else:
        found = state / "host" / path.relative_to("/")
    # A job can write there, and the engine follows a link that one has planted.
    if not found.resolve().is_relative_to(state.resolve()):
        raise StartError(f"CannotCreateContainerError: mount path {source!r} leads out of the host")
    return found


def container_options(
    spec: JobSpec, task_id: str, *, state: Path, environment: Mapping[str, str], is_podman: bool
) -> dict[str, Any]:
    """
    Make the options of ``containers.create``, besides image, command and labels.

    :param environment: variables that win over the job's own where the cloud says so (``AWS_BATCH_*``).
    :raises StartError: when a volume is of a kind that only AWS has.
    """
    container = spec.container
    linux = container.get("linuxParameters") or {}
    options: dict[str, Any] = {
        "environment": {**environment, **spec.environment, **_reserved(environment)},
        # The SDK would add the proxies of the user's ~/.docker/config.json, which may hold a password.
        "use_config_proxy": False,
        "mounts": _mounts(container, task_id, state),
        "network_mode": "host",
        "cpu_shares": max(2, int(spec.vcpus * CPU_SHARES)),
        "mem_limit": f"{spec.memory_mib}m",
        # No swap, so that the limit is one.
        "memswap_limit": f"{spec.memory_mib}m",
        "privileged": bool(container.get("privileged")),
        "read_only": bool(container.get("readonlyRootFilesystem")),
        "init": linux.get("initProcessEnabled"),
        "user": container.get("user"),
        "ulimits": _ulimits(container.get("ulimits") or (), is_podman=is_podman),
        "shm_size": f"{linux['sharedMemorySize']}m" if linux.get("sharedMemorySize") else None,
        "tmpfs": _tmpfs(linux.get("tmpfs") or ()),
        "devices": [_device(item) for item in linux.get("devices") or ()],
        "device_requests": _gpus(container),
    }
    if container.get("secrets"):
        raise StartError("ResourceInitializationError: the local cloud provides no secrets")
    return {name: value for name, value in options.items() if value not in (None, "")}


def _reserved(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("AWS_BATCH_")}


def _mounts(container: Mapping[str, Any], task_id: str, state: Path) -> list[docker.types.Mount]:
    volumes = {volume["name"]: volume for volume in container.get("volumes") or ()}
    mounts = []
    for point in container.get("mountPoints") or ():
        name = point.get("sourceVolume", "")
        volume = volumes.get(name) or {}
        if set(volume) - {"name", "host"}:
            raise StartError(f"ResourceInitializationError: the local cloud has no volumes such as {name}")
        source = (volume.get("host") or {}).get("sourcePath")
        folder = host_path(source, state) if source else state / "host" / "volumes" / task_id / name
        mounts.append(
            docker.types.Mount(point["containerPath"], str(folder), type="bind", read_only=bool(point.get("readOnly")))
        )
    return mounts


def _ulimits(wanted: Sequence[Mapping[str, Any]], *, is_podman: bool) -> list[docker.types.Ulimit] | None:
    """
    Make the resource limits.

    Where some are given, Podman's service raises those that aren't to its defaults, which may be beyond what its own
    process may hand on; the container would not start then.
    """
    if not wanted:
        return None
    found = {item["name"]: (int(item["softLimit"]), int(item["hardLimit"])) for item in wanted}
    for name, number in _PODMAN_LIMITS.items() if is_podman else ():
        hard = resource.getrlimit(number)[1]
        most = _PODMAN_MOST[name] if hard == resource.RLIM_INFINITY else min(hard, _PODMAN_MOST[name])
        found.setdefault(name, (most, most))
    return [docker.types.Ulimit(name=name, soft=soft, hard=hard) for name, (soft, hard) in found.items()]


def _tmpfs(wanted: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    return {
        item["containerPath"]: ",".join([f"size={item['size']}m", *(item.get("mountOptions") or ())]) for item in wanted
    } or None


def _device(item: Mapping[str, Any]) -> str:
    rights = "".join(word[0].lower() for word in item.get("permissions") or ("READ", "WRITE", "MKNOD"))
    return f"{item['hostPath']}:{item.get('containerPath') or item['hostPath']}:{rights}"


def _gpus(container: Mapping[str, Any]) -> list[docker.types.DeviceRequest] | None:
    for item in container.get("resourceRequirements") or ():
        if item["type"] == "GPU":
            return [docker.types.DeviceRequest(count=int(item["value"]), capabilities=[["gpu"]])]
    return None
