"""
The few lines of shell that run a task's command inside its container.

They are the job's command, and everything that varies comes as arguments: the text is the same for all tasks, needs no
quoting, and stays far below AWS's 8192 bytes for overrides. The task's own command is a file.

The shell is process 1 of the container, which gets no default action for signals; so it forwards SIGTERM, which AWS
sends 30 seconds before SIGKILL.

Before it writes anything a job claims its place by a link to its own id, which the file system makes for one of several
only. So a task that was submitted twice, since the answer to the first request was lost, runs once all the same: the
other job ends with a reserved exit code.

A child of an array job has the same command as its siblings. It reads from the array's folder which job it is, by the
index that AWS Batch gives it, and is a job like others from there on; the command does not see the index.

Each program that it starts takes 0.7 ms of processor time. So a task has no more of them than the shell, ``ln``,
``tee`` and the command's own shell, unless something is amiss: what the shell can do by itself is left to it, and the
pipe for ``tee`` is there before the job, and goes with the place.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.workdir.array_folder import ARRAYS, PER_FILE
from miniwdl_aws_batch_backend.workdir.handover import JOBS
from miniwdl_aws_batch_backend.workdir.measuring import MEASURE_BEGIN, MEASURE_END, MEASURE_WHILE
from miniwdl_aws_batch_backend.workdir.paths import PIPE, JobPaths
from miniwdl_aws_hooks import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ALREADY_BEGUN", "MOUNT_MISSING", "array_command", "command_file", "job_command"]

MOUNT_MISSING = int(ExitCode.MOUNT_MISSING)
"""
Exit code of a job whose host lacks the file system. A tool's own exit code also stands in the exit file, this one never
does: there is nowhere to write it.
"""

ALREADY_BEGUN = int(ExitCode.ALREADY_BEGUN)
"""Exit code of a job in whose place another one has begun; it has written nothing."""

_NONE = "-"
"""Stands for an argument that isn't there: AWS refuses empty texts in a command."""

# A child of dash that gets SIGTERM before it has put the parent's trap off loses it; its standard output is there later
# than that. Without end it must not be waited for, since it may never be there, on a full disk for instance.
_STOP = """\
if [ -n "$m_c" ]; then
for m_k in 1 2 3 4 5; do [ -e "$3" ] && break; sleep 1; done
kill -TERM "$m_c" 2>/dev/null
fi"""
# With `set -C` a file is made or not: no link is followed, and what is there already is replaced by one that is whole.
# With `jobs`, dash takes note of children that have ended; before that, `kill` finds them. Mostly `tee` has ended by
# then, which it does as soon as nobody can write to it any more.
# The names of its variables don't occur in images' environments, so that none changes what a tool finds in its own.
# 1 work directory, 2 command, 3 stdout, 4 stderr, 5 exit code, 6 claim, 7 usage, 8 shell, 9 sentinel, 10 owner of what
# is written
_SCRIPT = f"""\
set -f
m_c= m_s= m_t= m_j=${{AWS_BATCH_JOB_ID:--}}
lost() {{ echo "miniwdl-aws: this host lacks the shared file system: no $1" >&2; exit {MOUNT_MISSING}; }}
[ "$9" = - ] || [ -e "$9" ] || lost "$9"
[ -d "$1" ] || lost "$1"
ln -sn -- "$m_j" "$6" 2>/dev/null || [ "$(readlink -- "$6")" = "$m_j" ] || {{
[ -L "$6" ] || lost "$6"
echo "miniwdl-aws: another job of this task has begun: $(readlink -- "$6")" >&2; exit {ALREADY_BEGUN}; }}
cd -- "$1" || lost "$1"
trap 'm_s=1
{_STOP}' TERM INT HUP
{MEASURE_BEGIN}
m_p=$4{PIPE}
if [ -p "$m_p" ] || mkfifo -- "$m_p"; then tee -- "$4" <"$m_p" >&2 & m_t=$!; else m_p=$4; fi
$8 "$2" >"$3" 2>"$m_p" & m_c=$!
[ -z "$m_s" ] || {_STOP}
{MEASURE_WHILE}
while :; do wait "$m_c"; m_r=$?; kill -0 "$m_c" 2>/dev/null || break; done
{MEASURE_END}
set -C
{{ [ ! -e "$5" ] && echo "$m_r" >"$5"; }} 2>/dev/null || {{ set +C; echo "$m_r" >"$5.tmp" && mv -f -- "$5.tmp" "$5"; }}
if [ -n "$m_t" ] && {{ jobs >/dev/null; kill -0 "$m_t"; }} 2>/dev/null; then
(sleep "${{m_s:-5}}"; kill "$m_t") >/dev/null 2>&1 & m_w=$!
wait "$m_t"; kill "$m_w" 2>/dev/null
fi
[ "${{10}}" = - ] || chown -RPh "${{10}}" . "$3" "$4" "$5" "$m_f"
exit "$m_r"
"""


def _files(paths: JobPaths, command: str) -> list[str]:
    return [paths.work, command, paths.stdout, paths.stderr, paths.exit_code, paths.claim, paths.usage]


_WORDS = " ".join(f'"{file}"' for file in _files(JobPaths("$m_p"), JobPaths("$m_d").command))
# 1 folder of the array, 2 shell, 3 sentinel, 4 owner. Without a line for it, the job says that the folder is missing.
# dash reads its lines with a call of the kernel for each letter, so what all begin with isn't in them.
_CHOICE = f"""\
m_f="$1/$((${{AWS_BATCH_JOB_ARRAY_INDEX:?}} / {PER_FILE}))" m_n=$((AWS_BATCH_JOB_ARRAY_INDEX % {PER_FILE})) m_d=
if [ -r "$m_f" ]; then {{
while [ "$m_n" -gt 0 ]; do read -r m_p; read -r m_p; m_n=$((m_n - 1)); done
IFS= read -r m_p; IFS= read -r m_d
}} <"$m_f"; fi
if [ "$m_d" ]; then m_p=${{1%/{ARRAYS}/*}}/{JOBS}/$m_p m_d=${{1%/{ARRAYS}/*}}/$m_d; else m_p=$1; fi
unset AWS_BATCH_JOB_ARRAY_INDEX AWS_BATCH_JOB_ARRAY_SIZE
set -- {_WORDS} "$2" "$3" "$4"
"""


def job_command(
    paths: JobPaths,
    command: str,
    *,
    shell: str,
    sentinel: str | None,
    owner: str | None = None,
) -> list[str]:
    """
    Write the command of a Batch job.

    :param paths: the files of its place.
    :param command: path of the task's own command.
    :param shell: miniwdl's ``[task_runtime] command_shell``, a program with its options.
    :param sentinel: file without which the job must not start.
    :param owner: ``uid:gid`` to give what the task wrote to, when it runs as somebody else.
    """
    common = [shell, sentinel or _NONE, owner or _NONE]
    return ["/bin/sh", "-c", _SCRIPT, "miniwdl-task", *_files(paths, command), *common]


def array_command(command: Sequence[str], folder: str) -> list[str]:
    """
    Write the command that all children of an array have.

    :param command: of a job that is to be a child, as :func:`job_command` gives it.
    :param folder: of the array.
    """
    common = command[-3:]
    return ["/bin/sh", "-c", _CHOICE + _SCRIPT, "miniwdl-task", folder, *common]


def command_file(command: str, environment: Mapping[str, str]) -> str:
    """
    Write the task's command with its environment in front, as miniwdl's other backends do.

    Not in the job's environment, which anybody who may describe jobs can read, and which AWS limits to 8192 bytes.
    """
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()) + command
