#!/bin/bash
# Mounts FSx for Lustre on a container instance of AWS Batch, before the ECS agent takes jobs.
# Written by `miniwdl-aws fsx user-data`; the settings above it come from there. Runs once, at the first boot; what it
# installs holds for later boots too. Its output is in /var/log/cloud-init-output.log and on the instance's console.
set -euo pipefail

say() {
    echo "miniwdl-aws-fsx: $*" | tee /dev/console >&2 || true
}
trap 'say "FAILED in line $LINENO: the ECS agent will not start, so this host takes no jobs"' ERR

# The agent starts after this script has ended, whatever came of it. Before each start it shall look for the mount, so
# that a host without it takes no jobs, neither now nor after a reboot. This comes first: nothing below may prevent it.
install -d /etc/systemd/system/ecs.service.d
cat >/etc/systemd/system/ecs.service.d/miniwdl-aws-fsx.conf <<EOF
[Unit]
After=miniwdl-aws-fsx.service
Wants=miniwdl-aws-fsx.service

[Service]
ExecStartPre=/usr/local/sbin/miniwdl-aws-fsx check
EOF

cat >/usr/local/sbin/miniwdl-aws-fsx <<EOF
#!/bin/bash
# usage: miniwdl-aws-fsx mount | check | watch-spot
SOURCE=$(printf %q "$FSX_SOURCE")
MOUNT_POINT=$(printf %q "$FSX_MOUNT_POINT")
SENTINEL=$(printf %q "$FSX_SENTINEL")
LAYOUT=$(printf %q "$FSX_LAYOUT")
EOF
cat >>/usr/local/sbin/miniwdl-aws-fsx <<'EOF'
set -euo pipefail

is_mounted() {
    [ "$(findmnt --noheadings --output FSTYPE --mountpoint "$MOUNT_POINT")" = lustre ]
}

metadata() {
    local base=http://169.254.169.254/latest token
    token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$base/api/token")
    curl -sf -H "X-aws-ec2-metadata-token: $token" "$base/meta-data/$1"
}

case "${1:-}" in
mount)
    mkdir -p "$MOUNT_POINT"
    for attempt in 1 2 3 4 5 6; do
        is_mounted && break
        mount -t lustre -o relatime,flock "$SOURCE" "$MOUNT_POINT" ||
            echo "attempt $attempt to mount $SOURCE failed" >&2
        is_mounted || sleep 10
    done
    is_mounted
    if [ -n "$SENTINEL" ] && [ ! -e "$MOUNT_POINT/$SENTINEL" ]; then
        # The first host on a file system. The layout is what new files and folders will inherit.
        if [ -n "$LAYOUT" ]; then
            # shellcheck disable=SC2086  # it is a list of options
            lfs setstripe $LAYOUT "$MOUNT_POINT"
        fi
        touch "$MOUNT_POINT/$SENTINEL"
    fi
    ;;
check)
    if ! is_mounted; then
        echo "no Lustre at $MOUNT_POINT: this host takes no jobs" >&2
        exit 1
    fi
    ;;
watch-spot)
    # A client that vanishes makes the servers and all other clients wait for it, so unmount before the host goes. The
    # agent is stopped first: ECS shall see a lost host, which is tried again, and not the tasks that are killed here.
    while true; do
        life_cycle=$(metadata instance-life-cycle || true)
        if [ -n "$life_cycle" ] && [ "$life_cycle" != spot ]; then
            exit 0
        fi
        if metadata spot/instance-action >/dev/null; then
            echo "this host goes in two minutes; unmounting $MOUNT_POINT in 75 seconds" | tee /dev/console
            sleep 75
            systemctl stop ecs.service || true
            docker ps --quiet | xargs --no-run-if-empty docker kill || true
            fuser --kill --mount "$MOUNT_POINT" || true
            sleep 2
            umount "$MOUNT_POINT"
            exit 0
        fi
        sleep 5
    done
    ;;
*)
    echo "usage: $0 mount | check | watch-spot" >&2
    exit 64
    ;;
esac
EOF
chmod 755 /usr/local/sbin/miniwdl-aws-fsx

cat >/etc/systemd/system/miniwdl-aws-fsx.service <<'EOF'
[Unit]
Description=FSx for Lustre for AWS Batch jobs
After=network-online.target
Wants=network-online.target
Before=ecs.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/miniwdl-aws-fsx mount

[Install]
WantedBy=multi-user.target
EOF

cat >/etc/systemd/system/miniwdl-aws-fsx-spot.service <<'EOF'
[Unit]
Description=Unmount FSx for Lustre when this spot host is about to go
After=miniwdl-aws-fsx.service

[Service]
ExecStart=/usr/local/sbin/miniwdl-aws-fsx watch-spot
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload

if [ -n "$FSX_SCRATCH" ]; then
    # Images, and the containers' own /tmp, on the instance's local disks, where it has any.
    mapfile -t disks < <(lsblk --noheadings --paths --nodeps --output NAME,MODEL |
        sed -n 's/^\([^ ]*\) *Amazon EC2 NVMe Instance Storage.*/\1/p')
    if [ "${#disks[@]}" -gt 0 ]; then
        systemctl stop docker.socket docker.service
        disk=${disks[0]}
        if [ "${#disks[@]}" -gt 1 ]; then
            command -v mdadm >/dev/null || yum install -y mdadm
            disk=/dev/md/scratch
            mdadm --create "$disk" --run --level=0 --raid-devices="${#disks[@]}" "${disks[@]}"
        fi
        mkfs.xfs -f -K "$disk"
        mount -o noatime "$disk" /mnt
        cp -a /var/lib/docker/. /mnt/
        umount /mnt
        mount -o noatime "$disk" /var/lib/docker
        systemctl start docker.service
    else
        say "no instance store here, so containers use the root disk"
    fi
fi

if ! command -v mount.lustre >/dev/null; then
    case "$FSX_AMAZON_LINUX" in
    2023) dnf install -y lustre-client ;;
    2) amazon-linux-extras install -y lustre ;;
    esac
fi
command -v fuser >/dev/null || yum install -y psmisc

systemctl enable miniwdl-aws-fsx.service miniwdl-aws-fsx-spot.service
systemctl start miniwdl-aws-fsx.service
systemctl start --no-block miniwdl-aws-fsx-spot.service
say "mounted $FSX_SOURCE at $FSX_MOUNT_POINT"
