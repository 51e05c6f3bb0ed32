#!/usr/bin/env bash
# Sets up a container engine, and a base image without a registry, on a Debian machine such as a CI runner, as root.
#
# Usage: images/ci-engine.sh [BASE IMAGE]
#
# The base image is localhost/debian-python:SUITE, of this machine's own Debian suite unless it is given; so its Python is
# of this machine's version, as images/workflow/build.sh --vendor needs.
#
# Needs nothing but Debian's packages, from wherever this machine's apt has them. What is there already stays as it is,
# so running it again is quick.
set -euo pipefail
# shellcheck source=/dev/null
base=${1-localhost/debian-python:$(. /etc/os-release && echo "${VERSION_CODENAME-bookworm}")}
suite=${base##*:}

# runc and not crun: crun 1.8 asks for more of the cgroup file system than a nested machine offers. buildah is part of
# podman; fuse-overlayfs serves where the kernel has no overlay on overlay.
missing=()
for command in podman runc debootstrap fuse-overlayfs; do
    command -v "$command" >/dev/null || missing+=("$command")
done
if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The settings are a drop-in of this name, so that a machine's own configuration stays.
# - The network is the host's: a nested machine may create no bridges, and tests reach the local cloud on loopback.
# - Limits are explicit: podman's defaults may be higher than what this process may hand on, and runc then refuses to
#   start a container ("error setting rlimit").
# - Events and logs are files: there may be no journal.
mkdir -p /etc/containers/containers.conf.d
open_files=$(ulimit -Hn)
if [ "$open_files" = unlimited ] || [ "$open_files" -gt 65536 ]; then
    open_files=65536
fi
cat >/etc/containers/containers.conf.d/miniwdl-aws-ci.conf <<CONF
[containers]
netns = "host"
default_ulimits = ["nofile=$open_files:$open_files", "nproc=4096:4096"]
log_driver = "k8s-file"

[engine]
runtime = "runc"
events_logger = "file"
CONF

if ! podman image exists "$base"; then
    root=$(mktemp -d)
    # Should debootstrap be stopped halfway, /proc may still be mounted there.
    trap 'rm -rf --one-file-system "$root"' EXIT
    # A debootstrap that is older than the suite has no script of its name; sid's is right for it.
    script=()
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=("" sid)
    # As small as a slim image: nothing but the essential packages, Python with venv, and the certificates.
    debootstrap --variant=minbase --include=python3-venv,ca-certificates "$suite" "$root" "${script[@]}" \
        >"$root.log" 2>&1 || {
        tail -20 "$root.log" >&2
        exit 1
    }
    rm -f "$root.log"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
        "$root"/usr/share/{doc,man,locale,info}/*
    tar --directory "$root" --create . | podman import --quiet --change 'CMD ["bash"]' - "$base"
fi
podman run --rm "$base" python3 -c 'import sys; print("containers run; Python in the base image is", sys.version.split()[0])'
