"""The strings on which two parts must agree: one writes them, another reads them."""

__all__ = [
    "BATCH_TAG",
    "END_OF_LOG",
    "CALL_TAG",
    "ENV_PAYLOAD",
    "ENV_PAYLOAD_NAME",
    "ENV_SENTINEL",
    "ENV_SUBMISSION",
    "ENV_TASK_ENV",
    "ENV_WHERE",
    "ERROR_JSON",
    "HINT_TAG",
    "JOB_CHANGED",
    "JOB_SUBMITTED",
    "OUTPUTS_JSON",
    "PARENT_JOB_TAG",
    "PAYLOAD_PLACEHOLDER",
    "REPORT_TAG",
    "RESULTS_TAG",
    "RESULTS_TO_TAG",
    "ROW_KEY_TAG",
    "ROW_TAG",
    "RUN_DIR_TAG",
    "RUN_PATH_TAG",
    "SENTINEL_NAME",
    "TASK_ENV_PLACEHOLDER",
    "TASK_TAG",
    "TRY_TAG",
    "UPLOADED",
    "UPLOADER",
    "UPLOADING",
    "USER_TAG",
    "WHY_TAG",
]

END_OF_LOG = "[miniwdl-aws] end of log"
"""The last line of a workflow job's log: a follower that has seen it has seen everything."""

JOB_SUBMITTED = "AWS Batch job submitted"
"""A task has become a job; the line's fields are ``jobId``, ``jobName`` and ``queue``."""

JOB_CHANGED = "AWS Batch job change"
"""A task's job has another status; the line's fields are ``status``, ``jobId`` and, once known, ``logStreamName``."""

UPLOADER = "[s3-rails]"
"""Stands before the message in the lines of whoever uploads a run's products."""

UPLOADING = "uploading %s to %s"
"""A line of the uploader's, as ``logging`` formats it: run directory and destination."""

UPLOADED = "uploaded %d objects to %s, %s in %.1f s (%s/s)%s"
"""The same once all is there: objects, destination, size, seconds, size per second, a remark or nothing."""

OUTPUTS_JSON, ERROR_JSON = "outputs.json", "error.json"
"""In an upload folder, the one stands for a whole publication, the other for a failed run; never both."""

PAYLOAD_PLACEHOLDER = "@payload"
"""The argument of a workflow job's command line that stands for the file submitted along with it."""

ENV_PAYLOAD = "WDL_PAYLOAD"
"""
The file itself (LZMA-compressed, URL-safe base64) or its ``s3://`` URI. The name does not begin with ``MINIWDL``
because miniwdl warns of such variables when it doesn't know them.
"""

ENV_PAYLOAD_NAME = "WDL_PAYLOAD_NAME"
"""The file name under which the payload is unpacked, for instance ``genome_stats.wdl.zip``."""

TASK_ENV_PLACEHOLDER = "@task-env"
"""
The argument of a workflow job's command line that stands for ``--env`` with values. Whoever may describe jobs reads
their commands and environments, so the values lie in S3.
"""

ENV_TASK_ENV = "WDL_TASK_ENV"
"""
Their ``s3://`` URI: a JSON object whose ``env`` has values by name; ``null`` is what the job itself has by that name.
Its ``variables`` are the job's own that may be secrets, such as ``MINIWDL__TASK_RUNTIME__ENV``, by name.
"""

ENV_SENTINEL = "WDL_MOUNT_SENTINEL"
"""Absolute path of the marker file that a workflow job must find before it starts, else its host lacks the mount."""

ENV_SUBMISSION = "WDL_SUBMISSION"
"""
A text that no other submission has. Of several workflow jobs that have the same one, since the answer to a submission
was lost, the first to claim it is the run; the others end with :attr:`ExitCode.ALREADY_BEGUN`.
"""

ENV_WHERE = "WDL_WHERE"
"""
Options that say where a job runs, as commands about its run want them: ``--local``. What stands for AWS gives it to its
jobs; on AWS itself no job has it.
"""

SENTINEL_NAME = ".miniwdl-aws-mounted"
"""
Name of the marker file in the root of a shared file system. Docker silently creates a missing host path, so a job on
a host without the mount would otherwise write to that host's root disk.
"""

PARENT_JOB_TAG = "AWS_BATCH_PARENT_JOB_ID"
"""Tag of a task job: the id of the workflow job that submitted it."""

RUN_DIR_TAG = "miniwdl-run-dir"
"""Tag of a task job: the last part of its run directory's path."""

CALL_TAG = "miniwdl-call"
"""
Tag of a task job: the path of its call within the run, ``call-sub-1/call-sort``; ``.`` when the run is a single task.
Of a path beyond AWS's 256 characters, the last folders, below one that stands for the others.
"""

TASK_TAG = "miniwdl-task"
"""Tag of a task job: the name of its task."""

TRY_TAG = "miniwdl-try"
"""Tag of a task job: which try of its call it is, from 1."""

USER_TAG = "miniwdl-user"
"""Tag of a workflow job: the name of whoever submitted it, as their machine knows them."""

WHY_TAG = "miniwdl-why"
"""
Tag of a workflow job that has ended: why the run failed, as :mod:`miniwdl_aws_core.batch.run_end` writes it. What is
too long goes on in ``miniwdl-why-2``, and so with those that follow.
"""

HINT_TAG = "miniwdl-hint"
"""The same: what to do about it."""

RUN_PATH_TAG = "miniwdl-run-path"
"""The same: the path of the run's directory; it is there as soon as miniwdl has begun."""

RESULTS_TAG = "miniwdl-results"
"""The same: the URI of the folder with the run's products."""

RESULTS_TO_TAG = "miniwdl-results-to"
"""The same, of a run that has begun: the URI of the folder that its products will go to."""

REPORT_TAG = "miniwdl-report"
"""The same: where its report is, and the biggest saving that it names."""

BATCH_TAG = "miniwdl-batch"
"""Tag of a workflow job that is one of many which a table submitted: the name that they have in common."""

ROW_TAG = "miniwdl-batch-row"
"""The same: which row of the table it is, from 1."""

ROW_KEY_TAG = "miniwdl-batch-key"
"""The same: a hash of what the row runs, by which it is known when the table is submitted again."""
