"""The example on each hook's page is code that works."""

import json
import re
import shutil
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from types import ModuleType

import pytest

from miniwdl_aws_hooks import ConfigurationError, FailurePolicy, PublishReport, StageResult, create_manager, get_manager

BLOCK = re.compile(r"(?ms)^```python\n(.*?)^```$")


@pytest.fixture
def example(root, tmp_path, monkeypatch):
    """Load the example of a hook's page as a plugin; returns its module and its hook relay."""
    for variable in ("LAB_STAGING", "ARCHIVE_SPOOL"):
        (tmp_path / variable).mkdir(exist_ok=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("LAB_LOGS", str(tmp_path))

    def load(hook_name):
        (source,) = BLOCK.findall((root / f"docs/reference/hooks/{hook_name}.md").read_text())
        module = ModuleType(hook_name)
        exec(compile(source, f"{hook_name}.md", "exec"), module.__dict__)
        manager = create_manager([], {})
        manager.register(module)
        return module, manager.hook

    return load


@pytest.fixture
def answer(example, samples):
    """Call the example of a hook's page with the sample; a list has the answers of its only plugin."""

    def call(hook_name):
        _, hook = example(hook_name)
        found = getattr(hook, hook_name)(**samples[hook_name])
        return found[0] if isinstance(found, list) and found else found

    return call


def test_the_example_has_an_answer(hook_name, answer):
    # A hook that is only told of something answers nothing: what it does is looked at further down.
    assert answer(hook_name) or hook_name in ("miniwdl_aws_job_changed", "miniwdl_aws_run_ended")


def test_the_example_says_what_it_does(hook_name, example):
    module, _ = example(hook_name)
    assert getattr(module, hook_name).__doc__


def test_submit_options(answer):
    (option,) = answer("miniwdl_aws_submit_options")
    with option.enter(Namespace(site="clinic")) as environment:
        assert environment.environ == {"MINIWDL__AWS__WORKFLOW_QUEUE": "clinic-workflows"}
    with pytest.raises(ConfigurationError, match="choose one of lab, clinic"), option.enter(Namespace(site="moon")):
        pass


def test_commands(answer, tmp_path, capsys):
    (command,) = answer("miniwdl_aws_commands")
    ours = {ours.name for answers in get_manager().hook.miniwdl_aws_commands() for ours in answers}
    assert ours
    assert command.name not in ours, "whoever copies the example is told that the name is taken"
    (tmp_path / "outputs.json").write_text('{"wf.table": "s3://b/table.tsv"}')
    parser = ArgumentParser()
    command.configure(parser)
    assert command.run(parser.parse_args([str(tmp_path / "outputs.json")])) == 0
    assert capsys.readouterr().out == "wf.table\ts3://b/table.tsv\n"


def test_preflight(answer):
    (check,) = answer("miniwdl_aws_preflight")
    assert (check.state.value, check.message) == ("ok", "jobs are tagged genomics")


def test_check_inputs(example, samples, tmp_path):
    _, hook = example("miniwdl_aws_check_inputs")
    ((finding,),) = hook.miniwdl_aws_check_inputs(**samples["miniwdl_aws_check_inputs"])
    assert finding.problem == "the mirror has no lab/a.fq"


def test_stage(answer, tmp_path):
    result = answer("miniwdl_aws_stage")
    assert isinstance(result, StageResult)
    (uri,) = result.uris.values()
    assert (tmp_path / "LAB_STAGING" / uri.removeprefix("s3://lab-staging/")).read_text() == "a\t1\n"


def test_mounts(answer):
    (mount,) = answer("miniwdl_aws_mounts")
    assert mount.volume["efsVolumeConfiguration"]["fileSystemId"] == "fs-0123"


def test_prepare_file_system(answer, example, samples, tmp_path):
    assert answer("miniwdl_aws_prepare_file_system") is True
    assert (tmp_path / "fsx/.miniwdl-aws-mounted").exists()
    (tmp_path / "fsx/references/lambda.fa").unlink()
    (tmp_path / "fsx/references").rmdir()
    _, hook = example("miniwdl_aws_prepare_file_system")
    assert hook.miniwdl_aws_prepare_file_system(**samples["miniwdl_aws_prepare_file_system"]) == [False]


def test_check_destination(example, samples, tmp_path):
    _, hook = example("miniwdl_aws_check_destination")
    assert hook.miniwdl_aws_check_destination(**samples["miniwdl_aws_check_destination"]) is True
    shutil.rmtree(tmp_path / "ARCHIVE_SPOOL")
    from_afar = replace(samples["miniwdl_aws_check_destination"]["context"], submitting=True)
    assert hook.miniwdl_aws_check_destination(context=from_afar) is None
    with pytest.raises(ConfigurationError, match="spool folder is full or missing"):
        hook.miniwdl_aws_check_destination(**samples["miniwdl_aws_check_destination"])


def test_prepare_job(answer):
    changes = answer("miniwdl_aws_prepare_job")
    assert changes.tags["Task"] == "sort_reads"
    assert changes.container_properties["ulimits"]


def test_select_queue(answer):
    assert answer("miniwdl_aws_select_queue") == "gpu-tasks"


def test_localize(answer, tmp_path):
    assert answer("miniwdl_aws_localize") == str(tmp_path / "fsx/references/lambda.fa")


def test_classify_failure(answer):
    assert answer("miniwdl_aws_classify_failure").policy is FailurePolicy.INFRASTRUCTURE


def test_job_changed(answer, tmp_path):
    answer("miniwdl_aws_job_changed")
    assert (tmp_path / "fsx/run/states.tsv").read_text() == "1.5\t1\tRUNNING\t0-1\n"


def test_publish(answer, tmp_path):
    report = answer("miniwdl_aws_publish")
    assert isinstance(report, PublishReport)
    assert (report.uploaded, report.size, dict(report.failed)) == (1, 4, {})
    assert (tmp_path / "ARCHIVE_SPOOL/archive/run-1/table.tsv").exists()


def test_fetch(example, samples, tmp_path):
    _, hook = example("miniwdl_aws_fetch")
    for fetched, present, differing in ((1, 0, []), (0, 1, [])):
        report = hook.miniwdl_aws_fetch(**samples["miniwdl_aws_fetch"])
        assert (report.fetched, report.present, list(report.differing)) == (fetched, present, differing)
    (tmp_path / "here/old.tsv").write_text("b")
    assert list(hook.miniwdl_aws_fetch(**samples["miniwdl_aws_fetch"]).differing) == ["old.tsv"]
    assert (tmp_path / "here/old.tsv").read_text() == "b"


def test_report_run(answer, tmp_path):
    report = answer("miniwdl_aws_report_run")
    assert json.loads(report.files["report.json"]) == {"run": "run", "exitCode": 0, "files": 1}


def test_run_ended(example, samples, monkeypatch):
    module, hook = example("miniwdl_aws_run_ended")
    posted = []
    monkeypatch.setattr(module, "WEBHOOK", "https://chat.example/hook")
    monkeypatch.setattr(module, "urlopen", lambda request, timeout: posted.append((request, timeout)))
    hook.miniwdl_aws_run_ended(**samples["miniwdl_aws_run_ended"])
    ((request, timeout),) = posted
    assert (request.full_url, timeout) == ("https://chat.example/hook", 5)
    assert json.loads(request.data) == {"text": "align failed: no seats left ($0.25)"}


def test_follow_logs(answer):
    assert [event.message for event in answer("miniwdl_aws_follow_logs")] == ["first"]
