"""
The lines of shell by which a task's wrapper measures what the task uses of its host.

The kernel counts for control groups: what it says at the end goes into a file beside the exit code, as it stands, and
:mod:`miniwdl_aws_core.records.usage` reads it. For memory a process samples besides, each second, what the task holds
without caches of files, of which no kernel keeps the peak. Nothing but a POSIX shell and ``sleep`` is needed, and all
of it may fail without a word: the exit code doesn't depend on it.

A group counts when it is the container's own. Its processes are the shell, and the first process of the container where
that is an init or an entrypoint; whoever is outside of the container shows up as process 0. A job that is a process of
some host, as in the local cloud, has no group of its own, and there the shell alone tells how much CPU time the command
took.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/index.html,
and for the order of lines in ``memory.stat``: ``mm/memcontrol.c`` and ``mm/memcontrol-v1.c`` of Linux
"""

from __future__ import annotations

from miniwdl_aws_core.records.usage import MAX_POINTS, SAMPLED_FROM

__all__ = ["MEASURE_BEGIN", "MEASURE_END", "MEASURE_WHILE"]

# m_f the file, m_b when it began, m_g the group's version, m_d its folder, m_h bytes held now, m_v CPU time,
# m_k the most bytes seen where the kernel doesn't keep a peak (before Linux 5.19)
MEASURE_BEGIN = """\
m_f=$7 m_b= m_g= m_d= m_k= m_u=
alone() {
m_h=
while read -r m_v; do case $m_v in 1 | $$) m_h=1 ;; *) return 1 ;; esac; done <"$1/cgroup.procs"
[ "$m_h" ]
}
group() {
read -r m_b m_x </proc/uptime
[ $$ = 1 ] || [ "$PPID" = 1 ] || return
while read -r m_x; do case $m_x in 0::/*) m_d=${m_x#0::} ;; esac; done </proc/self/cgroup
for m_d in /sys/fs/cgroup "/sys/fs/cgroup$m_d"; do
[ -r "$m_d/memory.current" ] && alone "$m_d" && m_g=2 && break
done
m_x=/sys/fs/cgroup/memory
[ "$m_g" ] || { alone "$m_x" && m_g=1 m_d=$m_x; }
[ "$m_g" != 2 ] || [ -e "$m_d/memory.peak" ] || m_k=0
}
held() {
m_h=0
while read -r m_x m_v; do case $m_x in
anon | rss | shmem | kernel_stack | pagetables) m_h=$((m_h + m_v)) ;;
file_mapped | mapped_file) break ;;
esac; done <"$m_d/memory.stat"
}
spent() {
if [ "$m_g" = 2 ]; then read -r m_x m_v <"$m_d/cpu.stat"
else read -r m_v <"${m_d%memory}cpuacct/cpuacct.usage"; fi
}
group 2>/dev/null"""
"""
Finds the container's group, while the shell has no child yet.

No arithmetic is done outside of the process that samples: dash ends where it finds no number.
"""

# m_u this process, m_z its pause, m_i seconds since the beginning, m_e the most bytes held, m_w points, m_n how many,
# m_q seconds between two of them, m_t when the next one is due
# The signal is one for which the shell has no trap: see the remark about dash in the wrapper. Where it was ignored from
# the beginning, the process sees within a second that the command has gone.
MEASURE_WHILE = f"""\
tell() {{
trap '' USR1
[ -z "$m_e" ] || echo "held $m_e"
[ -z "$m_k" ] || echo "peak $m_k"
[ $m_i -le {SAMPLED_FROM} ] || echo "$m_w"
}}
thin() {{
set -- $m_w
m_w= m_n=0 m_q=$((m_q * 2))
while [ $# -gt 7 ]; do m_w="$m_w
$5 $6 $7 $8" m_n=$((m_n + 1)); shift 8; done
}}
sample() {{
m_z= m_i=0 m_e= m_w= m_n=0 m_q=1 m_t=0
trap 'kill $m_z; tell >"$m_f"; exit' USR1
while kill -0 $m_c && {{ sleep 1 & m_z=$!; wait $m_z; }}; do
read -r m_i m_x </proc/uptime && m_i=$((${{m_i%.*}} - ${{m_b%.*}})) && held || break
[ $m_h -le ${{m_e:-0}} ] || m_e=$m_h
[ -z "$m_k" ] || {{ read -r m_x <"$m_d/memory.current" && [ $m_x -gt $m_k ] && m_k=$m_x; }}
[ $m_i -ge $m_t ] && spent || continue
m_w="$m_w
at $m_i $m_h $m_v" m_n=$((m_n + 1))
[ $m_n -lt {MAX_POINTS} ] || thin
m_t=$((m_i + m_q))
done
tell >"$m_f"
}}
[ -z "$m_g" ] || {{ sample </dev/null >/dev/null 2>&1 & m_u=$!; }}"""
"""Samples while the command runs, ``m_c``; without a group there is nothing to sample."""

# ``times`` tells of children only in the shell whose children they are: this must not become a subshell.
MEASURE_END = """\
{
read -r m_e m_x </proc/uptime
[ -z "$m_u" ] || { kill -USR1 $m_u; wait $m_u; }
{
echo "begun $m_b"
echo "ended $m_e"
times
for m_x in "$m_d/cpuset.cpus.effective" "${m_d%memory}cpuset/cpuset.effective_cpus" /sys/devices/system/cpu/online
do read -r m_v <"$m_x" && echo "processors $m_v" && break; done
if [ "$m_g" ]; then
echo "cgroup $m_g"
spent && echo "cpu $m_v"
for m_x in memory.peak memory.max_usage_in_bytes; do read -r m_v <"$m_d/$m_x" && echo "peak $m_v" && break; done
m_x=$m_d/io.stat
[ "$m_g" = 2 ] || m_x=${m_d%memory}blkio/blkio.throttle.io_service_bytes
while read -r m_v; do echo "io $m_v"; done <"$m_x"
fi
} >>"$m_f"
} 2>/dev/null"""
"""Writes it all down, before the exit code, which tells others that everything is there."""
