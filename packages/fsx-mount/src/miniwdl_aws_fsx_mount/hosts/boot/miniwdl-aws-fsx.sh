#!/bin/bash
# usage: miniwdl-aws-fsx scratch | mount | late | watch-spot
# Each is the work of one unit beside this. What a person must know goes to the console, the rest to the journal.
set -uo pipefail
# shellcheck source=/dev/null
. /etc/miniwdl-aws-fsx.conf
LABEL=miniwdl-aws
DOCKER=/var/lib/docker
reason=

say() {
    echo "miniwdl-aws-fsx: $*" | tee /dev/console >&2
}

# Runs a command; when it fails, `reason` says why in one line.
try() {
    local what=$1 seconds=$2 output
    shift 2
    output=$(timeout --kill-after=10 "$seconds" "$@" 2>&1) && return
    case $? in 124 | 137) output="no end after $seconds s" ;; esac
    output=$(grep . <<<"$output" | tail -n 1 | tr -cd '[:print:]' | cut -c -200)
    reason="could not $what: ${output:-no reason given}"
    return 1
}

install_package() {
    case "$FSX_AMAZON_LINUX:$1" in
    2:lustre-client) try "install $1" 300 amazon-linux-extras install -y lustre ;;
    2:*) try "install $1" 300 yum install -y "$1" ;;
    *) try "install $1" 300 dnf install -y "$1" ;;
    esac
}

is_mounted() {
    [ "$(findmnt --noheadings --output FSTYPE --mountpoint "$FSX_MOUNT_POINT")" = lustre ]
}

mount_once() {
    is_mounted && return
    command -v mount.lustre >/dev/null || install_package lustre-client || return
    try "make $FSX_MOUNT_POINT" 10 mkdir -p "$FSX_MOUNT_POINT" || return
    try "mount $FSX_SOURCE" 100 mount -t lustre -o relatime,flock "$FSX_SOURCE" "$FSX_MOUNT_POINT" || return
    is_mounted || { reason="$FSX_MOUNT_POINT is not Lustre" && return 1; }
}

# The first host on a file system sets the layout that new files inherit, and the marker that jobs look for.
mark() {
    local marker=$FSX_MOUNT_POINT/$FSX_SENTINEL
    if [ -z "$FSX_SENTINEL" ] || [ -e "$marker" ]; then
        return
    fi
    if [ -n "$FSX_LAYOUT" ]; then
        # shellcheck disable=SC2086  # it is a list of options
        try "set the layout" 60 lfs setstripe $FSX_LAYOUT "$FSX_MOUNT_POINT" || say "$reason; files are striped as before"
    fi
    try "write $marker" 60 touch "$marker" ||
        say "$reason; jobs end with exit code 76 until someone who may has made this file (root squash? read-only?)"
}

# A label says that a disk is ready, so it comes last. Disks are empty after the instance was stopped.
scratch() {
    local disk disks name model
    if [ -n "$(findmnt --noheadings --mountpoint "$DOCKER")" ]; then
        return
    fi
    reason="docker runs already"
    ! systemctl is-active --quiet docker.service || return
    udevadm settle --timeout=30
    ! command -v mdadm >/dev/null || mdadm --assemble --scan
    if ! disk=$(blkid -L "$LABEL"); then
        disks=()
        while read -r name model; do
            case "$model" in "Amazon EC2 NVMe Instance Storage"*)
                [ -n "$(lsblk --noheadings --output MOUNTPOINT "$name" | tr -d '[:space:]')" ] || disks+=("$name")
                ;;
            esac
        done < <(lsblk --noheadings --paths --nodeps --output NAME,MODEL)
        reason="no free instance store here"
        [ "${#disks[@]}" -gt 0 ] || return
        disk=${disks[0]}
        if [ "${#disks[@]}" -gt 1 ]; then
            if { command -v mdadm >/dev/null || install_package mdadm; } && try "join ${disks[*]}" 60 \
                mdadm --create /dev/md/scratch --run --level=0 --raid-devices="${#disks[@]}" "${disks[@]}"; then
                disk=/dev/md/scratch
            else
                say "$reason; containers use $disk alone"
            fi
        fi
        try "format $disk" 120 mkfs.xfs -f -K "$disk" || return
        mkdir -p "$DOCKER" /run/miniwdl-aws-scratch
        try "mount $disk" 60 mount -o noatime "$disk" /run/miniwdl-aws-scratch || return
        try "copy $DOCKER" 120 cp -a "$DOCKER/." /run/miniwdl-aws-scratch/
        local copied=$?
        try "unmount $disk" 60 umount /run/miniwdl-aws-scratch || return
        [ "$copied" = 0 ] || return
        try "label $disk" 60 xfs_admin -L "$LABEL" "$disk" || return
    fi
    try "mount $disk" 60 mount -o noatime "$disk" "$DOCKER"
}

metadata() {
    local base=http://169.254.169.254/latest token
    token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$base/api/token") &&
        curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" "$base/meta-data/$1"
}

# A client that vanishes makes the servers and all other clients wait for it, so unmount before the host goes. The agent
# is stopped first: ECS shall see a lost host, which is tried again, and not the tasks that are killed here.
leave() {
    say "this host goes in two minutes; unmounting $FSX_MOUNT_POINT in 75 seconds"
    sleep 75
    systemctl stop miniwdl-aws-fsx-late.service ecs.service
    docker ps --quiet | xargs --no-run-if-empty docker kill
    is_mounted || return
    command -v fuser >/dev/null || install_package psmisc || say "$reason"
    fuser --kill --mount "$FSX_MOUNT_POINT"
    sleep 2
    try "unmount $FSX_MOUNT_POINT" 20 umount "$FSX_MOUNT_POINT" || say "$reason"
}

case "${1:-}" in
scratch)
    scratch || say "containers use the root disk: $reason"
    ;;
mount)
    waited=0 delay=5
    if ! is_mounted; then
        until mount_once; do
            if [ "$waited" -ge 600 ]; then
                say "$reason"
                exit 1
            fi
            say "$reason; trying again in $delay s"
            sleep "$delay"
            waited=$((waited + delay))
            delay=$((delay < 30 ? delay * 2 : 60))
        done
        say "mounted $FSX_SOURCE at $FSX_MOUNT_POINT"
    fi
    mark
    ;;
late)
    say "$FSX_MOUNT_POINT is not mounted after 10 minutes, so the agent joins without it, jobs here end with exit code" \
        "76 (mount-missing), and this goes on trying each minute"
    until mount_once; do
        echo "$reason" >&2
        sleep 60
    done
    say "mounted $FSX_SOURCE at $FSX_MOUNT_POINT at last: jobs that start from now on have it"
    systemctl start --no-block miniwdl-aws-fsx.service
    ;;
watch-spot)
    said=
    until life_cycle=$(metadata instance-life-cycle); do
        [ -n "$said" ] || say "no instance metadata, so a spot notice would not be seen; trying again each 5 s"
        said=yes
        sleep 5
    done
    [ "$life_cycle" = spot ] || exit 0
    until metadata spot/instance-action >/dev/null; do
        sleep 5
    done
    leave
    ;;
*)
    echo "usage: $0 scratch | mount | late | watch-spot" >&2
    exit 64
    ;;
esac
