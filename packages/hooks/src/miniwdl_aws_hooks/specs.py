"""
The hooks of miniwdl-aws-fsxl: one method each, and nothing that acts.

A plugin is a module with functions of these names, marked by ``hookimpl``, and an entry point of the group
``miniwdl_aws``. It may take fewer arguments than the specification has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.guarding.guard import failed_check, go_on, lose_contact, on_error
from miniwdl_aws_hooks.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from miniwdl_aws_hooks.types import (
        Check,
        Command,
        DestinationContext,
        EndedRun,
        FailureVerdict,
        FetchReport,
        FetchRequest,
        FileSystemContext,
        FollowRequest,
        InputFinding,
        InputsContext,
        JobChange,
        JobChanges,
        JobContext,
        JobFailure,
        LocalizeRequest,
        LogEvent,
        Mount,
        MountContext,
        PreflightContext,
        PublishReport,
        PublishRequest,
        QueueContext,
        RunEnded,
        RunReport,
        StageRequest,
        StageResult,
        SubmitOption,
    )

__all__ = ["Specs"]


class Specs:
    """Every hook, in the order in which a run meets them."""

    @hookspec
    def miniwdl_aws_submit_options(self) -> Iterable[SubmitOption]:  # type: ignore[empty-body]
        """
        Add options to ``miniwdl-aws-submit`` that say where a run goes.

        Called once at start-up, also for ``--help``: import nothing heavy.

        :return: the options, or an empty sequence.
        Collection: all plugins' options; two of one name are an error.
        Raises: nothing; an error stops the command: without the option, the run might go elsewhere.
        Example: ``--local`` of miniwdl-aws-local-cloud.

        .. versionadded:: 0.1
        """

    @hookspec
    @on_error(go_on)
    def miniwdl_aws_commands(self) -> Iterable[Command]:  # type: ignore[empty-body]
        """
        Add subcommands to ``miniwdl-aws``.

        Called once at start-up, also for ``--help``: import nothing heavy.

        :return: the commands, or an empty sequence.
        Collection: all plugins' commands; two of one name are an error.
        Raises: nothing; a command itself may raise ``MiniwdlAwsError`` when it runs.
        Example: ``miniwdl-aws local`` of miniwdl-aws-local-cloud.

        .. versionadded:: 0.1
        """

    @hookspec
    @on_error(failed_check)
    def miniwdl_aws_preflight(self, context: PreflightContext) -> Iterable[Check]:  # type: ignore[empty-body]
        """
        Check before a run what the plugin owns.

        Called by ``miniwdl-aws doctor``.

        :param context: the queues, the mount point and the configuration to look at.
        :return: one entry per thing looked at, or an empty sequence where there is nothing to check.
        Collection: all plugins' checks, shown as one table.
        Raises: ``MiniwdlAwsError``, shown as a failed check.
        Example: miniwdl-aws-fsx-mount looks at the file system's state.

        .. versionadded:: 0.1
        """

    @hookspec
    def miniwdl_aws_check_inputs(self, context: InputsContext) -> Sequence[InputFinding] | None:
        """
        Look, before a run is submitted, at the files that its inputs name by URI.

        Called once on the submitting machine, with its credentials, before anything is staged; not with ``--no-check``.
        The job may have other rights: what these credentials may not see is a doubt, and no problem.

        :param context: the inputs.
        :return: one finding per input that this plugin knows how to look at; ``None`` when it knows none of them.
        Collection: all plugins' findings; an input that nobody has looked at is named in a note.
        Raises: ``MiniwdlAwsError``; nothing is submitted then.
        Example: miniwdl-aws-s3-rails looks whether objects exist, and whether they are archived.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    def miniwdl_aws_stage(self, request: StageRequest) -> StageResult | None:
        """
        Bring files of the submitting machine where the workflow job can read them.

        Called before submission when the WDL or an input lies on the submitting machine.

        :param request: the files, and the folder to keep them in.
        :return: where they are now; ``None`` when the folder isn't one that this plugin serves.
        Collection: the first plugin with an answer.
        Raises: ``MiniwdlAwsError``; nothing is submitted then.
        Example: miniwdl-aws-s3-rails keeps them in S3 by content.

        .. versionadded:: 0.1
        """

    @hookspec
    def miniwdl_aws_mounts(self, context: MountContext) -> Sequence[Mount] | None:
        """
        Say which volumes jobs get.

        Called once per process and role, before the first job is submitted.

        :param context: for which kind of job, and where the shared file system is to appear.
        :return: the volumes; ``None`` or nothing when this plugin isn't configured.
        Collection: all plugins' volumes; one of them must appear at the mount point.
        Raises: ``MiniwdlAwsError`` when it is configured, but wrongly.
        Example: miniwdl-aws-fsx-mount gives the host's mount of FSx for Lustre.

        .. versionadded:: 0.1
        """

    @hookspec
    def miniwdl_aws_prepare_job(self, context: JobContext) -> JobChanges | None:
        """
        Add tags, environment variables or container properties to a job.

        Called for each workflow job and each try of a task, just before it is submitted.

        :param context: the job as it stands.
        :return: what to add; ``None`` for nothing.
        Collection: all plugins' additions together; two that contradict each other are an error.
        Raises: ``MiniwdlAwsError``; the job is not submitted then.
        Example: a tag that cost reports know.

        .. versionadded:: 0.1
        """

    @hookspec
    def miniwdl_aws_prepare_file_system(self, context: FileSystemContext) -> bool | None:
        """
        Make the shared file system ready for task jobs.

        Called inside the workflow job when it misses the sentinel, before anything else, and by the task backend before
        its first job is submitted. Nobody writes the sentinel on a file system that hosts mount by means of their own:
        the plugin may do so, where it sees that its file system is really mounted.

        :param context: where the shared file system is.
        :return: whether it is ready; ``None`` when this plugin isn't configured, or has nothing to do here.
        Collection: every plugin is asked; jobs then look for the sentinel themselves.
        Raises: ``MiniwdlAwsError`` when the plugin is configured, but wrongly; the run does not begin then.
        Example: miniwdl-aws-fsx-mount writes the sentinel where it sees Lustre.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    def miniwdl_aws_check_destination(self, context: DestinationContext) -> bool | None:
        """
        Make sure, before a run begins, that its products could be published.

        Called once inside the workflow job, before miniwdl starts; and on the submitting machine before anything is
        staged, not with ``--no-check``. Nothing may change at the destination. A plugin that publishes has this hook,
        too.

        :param context: the destination, what the user asks for, and who asks.
        :return: ``True`` when nothing stands in the way; ``None`` when the destination isn't this plugin's, or can't be
            seen from the submitting machine.
        Collection: the first plugin with an answer; without one, the run does not begin, but is submitted.
        Raises: ``MiniwdlAwsError`` saying what stands in the way; the run does not begin then, nor is it submitted.
        Example: miniwdl-aws-s3-rails tries whether the S3 folder can be written.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    def miniwdl_aws_select_queue(self, context: QueueContext) -> str | None:
        """
        Choose the job queue of a try of a task.

        Called before each try is submitted.

        :param context: the task, its try and what was lost so far.
        :return: name or ARN of a job queue; ``None`` to leave the choice to others.
        Collection: the first plugin with an answer; last of all comes miniwdl-aws-batch-backend's own.
        Raises: ``MiniwdlAwsError``; the task fails then.
        Example: tasks with ``gpu: true`` go to a queue of their own.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    def miniwdl_aws_localize(self, request: LocalizeRequest) -> str | None:
        """
        Say where an input given by URI lies on the shared file system.

        Called inside the workflow job for each such input, before it is downloaded.

        :param request: the URI and the mount point.
        :return: absolute path of the file or folder; ``None`` when this plugin doesn't know it.
        Collection: the first plugin with an answer; without one, the input is downloaded.
        Raises: ``MiniwdlAwsError``; the call that needs the input fails then.
        Example: miniwdl-aws-fsx-mount knows the paths of data repository associations.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    @on_error(go_on)
    def miniwdl_aws_classify_failure(self, failure: JobFailure) -> FailureVerdict | None:
        """
        Say why a task's job failed and what follows.

        Called once per failed job.

        :param failure: what Batch says of it, and what it left behind.
        :return: the verdict; ``None`` to leave it to others.
        Collection: the first plugin with an answer; last of all comes miniwdl-aws-batch-backend's own.
        Raises: nothing; after an error, the next plugin is asked.
        Example: a licence server's "no seats left" is worth another try.

        .. versionadded:: 0.1
        """

    @hookspec
    @on_error(go_on)
    def miniwdl_aws_job_changed(self, change: JobChange) -> None:
        """
        Hear of a task's job that entered another state.

        Called from the thread of the task, at submission and for each state noticed; return quickly.

        :param change: the job and its new state.
        :return: nothing.
        Collection: every plugin is told.
        Raises: nothing; an error is logged and the run goes on.
        Example: miniwdl-aws-cwlogs notes the log streams in the run directory.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    @on_error(go_on)
    def miniwdl_aws_report_run(self, run: EndedRun) -> RunReport | None:
        """
        Report what a run did.

        Called inside the workflow job when miniwdl has ended, before anything is published, and for
        ``miniwdl-run-s3upload --upload-only``; not when the job is told to end. The files go into the run's directory,
        and with its logs to where its products go.

        :param run: the run.
        :return: the report; ``None`` when this plugin has none for it.
        Collection: the first plugin with an answer.
        Raises: nothing; an error is told, and the run goes on without a report.
        Example: miniwdl-aws-run-report writes a page, a table and a document.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    def miniwdl_aws_publish(self, request: PublishRequest) -> PublishReport | None:
        """
        Bring the products of a finished run to their destination.

        Called once per group of files, in order: data, then logs and error.json, then outputs.json.

        :param request: which files go where.
        :return: how it went; ``None`` when the destination isn't one that this plugin serves.
        Collection: the first plugin with an answer.
        Raises: ``MiniwdlAwsError`` when nothing could be written at all.
        Example: miniwdl-aws-s3-rails uploads to S3.

        .. versionadded:: 0.1
        """

    @hookspec
    @on_error(go_on)
    def miniwdl_aws_run_ended(self, ended: RunEnded) -> None:
        """
        Hear of a run that is over.

        Called inside the workflow job as the last thing, when products have been published, or could not be; not when
        the job is told to end. AWS Batch may end the job soon: return quickly.

        :param ended: how it ended, what it took, and where its products and reports are.
        :return: nothing.
        Collection: every plugin is told.
        Raises: nothing; an error is told, and changes nothing of the run's end.
        Example: a message to an SNS topic, with the outcome and the cost.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    def miniwdl_aws_fetch(self, request: FetchRequest) -> FetchReport | None:
        """
        Bring files from where runs read and write to this machine.

        Called on the machine of whoever looks at a run: by ``miniwdl-aws outputs``, and with its ``outputs.json`` alone
        wherever the outputs are told. And on the submitting machine, with one file at a time, where a WDL, what it
        imports, a source zip or a file of inputs is named by a URI that is not of the web.

        :param request: what to bring, and where to.
        :return: what was brought; ``None`` when they don't lie where this plugin knows.
        Collection: the first plugin with an answer.
        Raises: ``MiniwdlAwsError`` when one of them can't be had; what has come before stays.
        Example: miniwdl-aws-s3-rails downloads from S3.

        .. versionadded:: 0.1
        """

    @hookspec(firstresult=True)
    @on_error(lose_contact)
    def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent] | None:
        """
        Follow a job's log to its end.

        Called by ``miniwdl-aws-submit --follow`` and by ``miniwdl-aws logs``, for each log stream that is known.

        :param request: the stream, and how to know its end.
        :return: the events in order, as they come; ``None`` when this plugin doesn't keep that log.
        Collection: the first plugin with an answer.
        Raises: ``MiniwdlAwsError`` from the iterator when contact is lost for good.
        Example: miniwdl-aws-cwlogs reads CloudWatch Logs.

        .. versionadded:: 0.1
        """
