import json
import os
import subprocess
import sys

import pytest

from miniwdl_aws_hooks import CheckState, EnvironSettings, FollowRequest, JobChange, PreflightContext
from miniwdl_aws_hooks.protocol import END_OF_LOG
from miniwdl_aws_hooks.testing import PluginConformance


def change(run_dir, status, stream, **details):
    fields = {
        "job_id": "j-1",
        "job_name": "align",
        "run_id": "call-align",
        "task_name": "align",
        "try_number": 1,
        "queue": "task",
        "status": status,
        "previous": None,
        "log_stream": stream,
        "status_reason": None,
        "run_dir": str(run_dir),
        "at": 1_700_000_000.5,
    }
    return JobChange(**{**fields, **details})


class TestPlugin(PluginConformance):
    plugin_name = "cwlogs"

    def test_follows_a_log_to_its_end(self, hooks, aws, logs):
        logs.write("s", "one", "two", END_OF_LOG)
        request = FollowRequest("/aws/batch/job", "s", job_ended=lambda: False, end_marker=END_OF_LOG)
        events = hooks.miniwdl_aws_follow_logs(request=request)
        assert [event.message for event in events] == ["one", "two"]

    def test_notes_each_stream_once(self, hooks, tmp_path):
        hooks.miniwdl_aws_job_changed(change=change(tmp_path, "RUNNABLE", None))
        hooks.miniwdl_aws_job_changed(change=change(tmp_path, "RUNNING", "s1"))
        hooks.miniwdl_aws_job_changed(change=change(tmp_path, "FAILED", "s1"))
        hooks.miniwdl_aws_job_changed(change=change(tmp_path, "RUNNING", "s2", job_id="j-2", try_number=2))
        lines = (tmp_path / "cloudwatch_logs.jsonl").read_text().splitlines()
        first, second = map(json.loads, lines)
        assert (first["stream"], first["job_id"], first["try"]) == ("s1", "j-1", 1)
        assert first["noticed"] == "2023-11-14T22:13:20.500Z"
        assert (second["stream"], second["try"]) == ("s2", 2)

    def test_a_note_that_cannot_be_written_harms_nobody(self, hooks, tmp_path):
        hooks.miniwdl_aws_job_changed(change=change(tmp_path / "gone", "RUNNING", "s1"))

    @pytest.mark.parametrize(
        "line", ["not JSON", "[]", "1", "{}", '{"stream": ["s1"]}', "\udcff", "[" * 50_000, "x" * 200_000], ids=range(8)
    )
    def test_lines_that_a_task_adds_stand_in_no_notes_way(self, hooks, tmp_path, line):
        notes = tmp_path / "cloudwatch_logs.jsonl"
        notes.write_text(line + "\n", errors="surrogateescape")
        for _ in range(2):
            hooks.miniwdl_aws_job_changed(change=change(tmp_path, "RUNNING", "s1"))
        added = notes.read_bytes().removeprefix(line.encode(errors="surrogateescape")).splitlines()
        assert [json.loads(note)["stream"] for note in added if note] == ["s1"]

    @pytest.mark.parametrize("plant", ["link", "dangling", "hard link", "pipe", "folder"])
    def test_a_planted_file_is_neither_read_nor_written(self, hooks, tmp_path, plant):
        run_dir, victim = tmp_path / "run", tmp_path / "victim"
        run_dir.mkdir()
        notes = run_dir / "cloudwatch_logs.jsonl"
        if plant != "dangling":
            victim.write_text('{"stream": "other"}\n')
        if plant in {"link", "dangling"}:
            notes.symlink_to(victim)
        elif plant == "hard link":
            notes.hardlink_to(victim)
        elif plant == "pipe":
            os.mkfifo(notes)
        else:
            notes.mkdir()
        hooks.miniwdl_aws_job_changed(change=change(run_dir, "RUNNING", "s1"))
        assert victim.read_text() == '{"stream": "other"}\n' if plant != "dangling" else not victim.exists()

    def test_preflight(self, hooks, aws):
        context = PreflightContext(None, None, "/mnt/fsx", EnvironSettings())

        def check():
            ((answer,),) = hooks.miniwdl_aws_preflight(context=context)
            return answer

        assert check().state is CheckState.OK
        aws.refuse = (400, "ResourceNotFoundException", "The specified log group does not exist.")
        assert check().state is CheckState.WARNING
        aws.refuse = (400, "ThrottlingException", "Rate exceeded")
        assert check().state is CheckState.WARNING
        aws.refuse = (400, "AccessDeniedException", "User: alice is not authorized to perform: logs:GetLogEvents")
        denied = check()
        assert denied.state is CheckState.FAILED
        assert "alice" in denied.message
        assert denied.hint


def test_loading_the_plugin_loads_nothing_heavy():
    code = "import sys, miniwdl_aws_cwlogs.plugin; print('botocore' in sys.modules, 'json' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False False\n"
