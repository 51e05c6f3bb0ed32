#!/usr/bin/env bash
# Builds the image of workflow jobs from this clone, with podman or docker (ENGINE names one of several).
#
# Usage: images/workflow/build.sh [--vendor] TAG [BUILD OPTION...]
#
#   --vendor   download the requirements on this machine, with pip as it is configured here, and build without network;
#              the python3 of this machine and of the base image must be of the same version
#   Options such as `--build-arg BASE=IMAGE` go to the engine's build command.
set -euo pipefail

# The parts that work inside a workflow job; the rest of the project is for the submitting machine.
PARTS=(hooks core batch-backend cwlogs fsx-mount run-report s3-rails)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

vendor=0
if [ "${1-}" = --vendor ]; then
    vendor=1
    shift
fi
tag=${1?usage: images/workflow/build.sh [--vendor] TAG [BUILD OPTION...]}
shift

engine=${ENGINE-}
if [ -z "$engine" ]; then
    engine=$(command -v podman || command -v docker) || {
        echo "images/workflow/build.sh needs podman or docker" >&2
        exit 1
    }
fi
command -v uv >/dev/null || {
    echo "images/workflow/build.sh needs uv: pip install uv" >&2
    exit 1
}

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir "$context/parts" "$context/wheels"
cp "$here/Containerfile" "$here/miniwdl_aws.cfg" "$context/"

# Every file gets this time, so that the same inputs give the same layers: a registry or a host that has them already
# need not be sent them again. 2020-02-02 is what hatchling takes for wheels.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-1580601600}

packages=()
for part in "${PARTS[@]}"; do
    packages+=(--package "miniwdl-aws-$part")
    uv build --quiet --wheel --project "$root" --package "miniwdl-aws-$part" --out-dir "$context/parts" "$root"
done
rm -f "$context/parts/.gitignore"
# The lock file is resolved when there is none yet; what is in it stays as it is. Keep it to get the same image again.
uv lock --quiet --project "$root"
uv export --quiet --project "$root" --frozen "${packages[@]}" --no-default-groups --no-emit-workspace --no-annotate \
    --no-header --output-file "$context/requirements.txt"
if [ "$vendor" = 1 ]; then
    # The list is complete: no wheel is read for what else it needs. `pip check` in the image sees to it.
    uv tool run --quiet --python "$(command -v python3)" pip download --quiet --disable-pip-version-check \
        --only-binary :all: --no-deps --require-hashes --requirement "$context/requirements.txt" \
        --dest "$context/wheels"
fi

version=$(basename "$context"/parts/miniwdl_aws_hooks-*.whl | cut -d- -f2)
reproducible=()
case "$(basename "$engine")" in
podman*) reproducible=(--timestamp "$SOURCE_DATE_EPOCH") ;;
docker*) reproducible=(--build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH") ;;
esac
"$engine" build --file "$context/Containerfile" --tag "$tag" "${reproducible[@]}" \
    --build-arg "VERSION=$version" --build-arg "PIP_NO_INDEX=$vendor" "$@" "$context"
