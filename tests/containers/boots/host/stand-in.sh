#!/bin/bash
# Stands for commands of a host, by the name that it is called by. Tests write into /faults what is to go wrong. A call
# is noted in /var/log/calls. Disks and the file system are folders in /var/lib/stand-in, so that they outlive a reboot.
name=${0##*/}
last=${!#}
store=/var/lib/stand-in
echo "$name $*" >>/var/log/calls

# Seconds that `miniwdl-aws-fsx mount` has slept since the boot.
clock() { cat /run/clock 2>/dev/null || echo 0; }

# Whether the clock has not yet reached the second that the test gave for this.
before() { [ -e "/faults/$1" ] && [ "$(clock)" -lt "$(cat "/faults/$1")" ]; }

case "$name" in
sleep)
    case "$(tr '\0' ' ' <"/proc/$PPID/cmdline")" in
    *"miniwdl-aws-fsx mount "*)
        echo $(($(clock) + $1)) >/run/clock
        exec /usr/bin/sleep 0.02
        ;;
    esac
    exec /usr/bin/sleep 0.2
    ;;
mount)
    case "$*" in
    "-t lustre "*)
        [ ! -e /faults/mount-hangs ] || exec /usr/bin/sleep infinity
        if before mount-until; then
            echo "mount.lustre: mount at $last failed: Connection timed out" >&2
            exit 110
        fi
        exec /usr/bin/mount --bind "$store/fsx" "$last"
        ;;
    *" /dev/"*)
        disk=${*: -2:1}
        exec /usr/bin/mount --bind "$store/${disk##*/}" "$last"
        ;;
    esac
    exec "/usr/bin/$name" "$@"
    ;;
umount)
    exec "/usr/bin/$name" "$@"
    ;;
findmnt)
    /usr/bin/findmnt --mountpoint "$last" >/dev/null && echo lustre
    ;;
touch)
    if [ -e /faults/root-squash ]; then
        echo "touch: cannot touch '$last': Permission denied" >&2
        exit 1
    fi
    exec "/usr/bin/$name" "$@"
    ;;
lfs)
    if [ -e /faults/root-squash ]; then
        echo "lfs setstripe: setstripe error for '$last': Operation not permitted" >&2
        exit 1
    fi
    ;;
lsblk)
    case "$*" in
    *MODEL*)
        echo "/dev/nvme0n1 Amazon Elastic Block Store"
        for number in $(seq "$(cat /faults/disks 2>/dev/null || echo 0)"); do
            echo "/dev/nvme${number}n1 Amazon EC2 NVMe Instance Storage"
        done
        ;;
    esac
    ;;
blkid)
    for file in "$store"/*.label; do
        if [ -e "$file" ] && [ "$(cat "$file")" = "$last" ]; then
            disk=${file##*/}
            echo "/dev/${disk%.label}"
            exit 0
        fi
    done
    exit 2
    ;;
mkfs.xfs)
    if [ -e /faults/mkfs ]; then
        echo "mkfs.xfs: cannot open $last: Device or resource busy" >&2
        exit 1
    fi
    rm -rf "${store:?}/${last##*/}" "$store/${last##*/}.label"
    mkdir -p "$store/${last##*/}"
    ;;
xfs_admin)
    echo "$2" >"$store/${last##*/}.label"
    ;;
dnf | yum | amazon-linux-extras)
    if before dnf-until; then
        echo "Error: Failed to download metadata for repo 'amazonlinux': Cannot download repomd.xml" >&2
        exit 1
    fi
    case "$*" in *lustre*) ln -sf /usr/bin/true /usr/local/bin/mount.lustre ;; esac
    ;;
curl)
    [ ! -e /faults/no-metadata ] || exit 7
    case "$last" in
    */api/token) echo token ;;
    */instance-life-cycle) cat /faults/life-cycle 2>/dev/null || echo on-demand ;;
    */spot/instance-action) cat /faults/spot-notice 2>/dev/null || exit 22 ;;
    *) exit 22 ;;
    esac
    ;;
docker)
    [ "$1" != ps ] || echo container-1
    ;;
esac
