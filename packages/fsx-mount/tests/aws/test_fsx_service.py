import pytest

from miniwdl_aws_fsx_mount.aws.fsx_service import FsxService, make_client
from miniwdl_aws_fsx_mount.aws.objects import Objects
from miniwdl_aws_fsx_mount.aws.tasks import TaskType, watch
from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxAccessError, FsxBusyError, FsxError, FsxUnreachableError
from miniwdl_aws_fsx_mount.hosts.compute import Hosts
from miniwdl_aws_fsx_mount.hosts.launch_template import LaunchTemplates


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("FileSystemNotFound", 400, FileSystemError),
        ("DataRepositoryTaskExecuting", 400, FsxBusyError),
        ("ExpiredTokenException", 400, FsxAccessError),
        ("AccessDeniedException", 400, FsxAccessError),
        ("BadRequest", 400, FsxAccessError),
        ("InternalServerError", 500, FsxUnreachableError),
        ("ThrottlingException", 400, FsxUnreachableError),
    ],
)
def test_every_refusal_is_of_a_class_that_callers_know(fsx, fsid, code, status, expected):
    fsx.add_client_error("describe_file_systems", code, "no", http_status_code=status)
    with pytest.raises(FsxError, match="can't look up file system fs-") as caught:
        FsxService.connect().file_system(fsid)
    assert type(caught.value) is expected
    assert bool(caught.value.retryable) is (expected in {FsxBusyError, FsxUnreachableError})


def test_a_refusal_names_what_to_allow(fsx, s3, fsid):
    fsx.add_client_error("describe_file_systems", "AccessDeniedException")
    with pytest.raises(FsxAccessError) as caught:
        FsxService.connect().file_system(fsid)
    assert "allow fsx:DescribeFileSystems in" in caught.value.hint
    s3.add_client_error("get_object", "AccessDenied")
    with pytest.raises(FsxAccessError) as caught:
        Objects.connect().read("bucket", "k")
    assert "allow s3:GetObject in" in caught.value.hint


def test_looks_up_a_file_system(fsx, make_description, fsid):
    fsx.add_response("describe_file_systems", {"FileSystems": [make_description()]}, {"FileSystemIds": [fsid]})
    assert FsxService.connect().file_system(fsid).id == fsid


def test_errors_of_a_lookup(fsx, fsid):
    fsx.add_client_error("describe_file_systems", "FileSystemNotFound", "File system does not exist.")
    with pytest.raises(FileSystemError, match="does not exist"):
        FsxService.connect().file_system(fsid)


def test_the_instance_is_asked_for_its_region_when_nothing_names_one(monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setattr("botocore.utils.InstanceMetadataRegionFetcher.retrieve_region", lambda _self: "ap-south-1")
    assert make_client("fsx").meta.region_name == "ap-south-1"


ASSOCIATION = {
    "AssociationId": "dra-0123456789abcdef0",
    "FileSystemPath": "/refs",
    "DataRepositoryPath": "s3://bucket/v1",
    "Lifecycle": "AVAILABLE",
}


def test_all_pages_of_associations(fsx, fsid):
    wanted = {"Filters": [{"Name": "file-system-id", "Values": [fsid]}]}
    fsx.add_response("describe_data_repository_associations", {"Associations": [], "NextToken": "more"}, wanted)
    fsx.add_response(
        "describe_data_repository_associations", {"Associations": [ASSOCIATION]}, {**wanted, "NextToken": "more"}
    )
    (association,) = FsxService.connect().associations(fsid)
    assert association.uri == "s3://bucket/v1/"


def test_tasks(fsx, fsid):
    description = {
        "TaskId": "task-0123456789abcdef0",
        "Lifecycle": "PENDING",
        "Type": "IMPORT_METADATA_FROM_REPOSITORY",
        "CreationTime": 0,
    }
    fsx.add_response(
        "create_data_repository_task",
        {"DataRepositoryTask": description},
        {
            "FileSystemId": fsid,
            "Type": "IMPORT_METADATA_FROM_REPOSITORY",
            "Paths": ["s3://bucket/v1/x"],
            "Report": {"Enabled": False},
        },
    )
    fsx.add_response("describe_data_repository_tasks", {"DataRepositoryTasks": [description]})
    service = FsxService.connect()
    task_id = service.start_task(fsid, TaskType.IMPORT, ["s3://bucket/v1/x"])
    assert service.task(task_id).lifecycle == "PENDING"


def test_tasks_with_a_report(fsx, fsid):
    fsx.add_client_error(
        "create_data_repository_task",
        "BadRequest",
        "no repository is linked",
        expected_params={
            "FileSystemId": fsid,
            "Type": "EXPORT_TO_REPOSITORY",
            "Paths": ["refs/x"],
            "Report": {
                "Enabled": True,
                "Path": "s3://bucket/v1/reports",
                "Format": "REPORT_CSV_20191124",
                "Scope": "FAILED_FILES_ONLY",
            },
        },
    )
    with pytest.raises(FsxAccessError, match="no repository is linked"):
        FsxService.connect().start_task(fsid, TaskType.EXPORT, ["refs/x"], report="s3://bucket/v1/reports")


FSID = "fs-0123456789abcdef0"
PAGE = b"<html>Please log in to the guests' network.</html>"


@pytest.mark.parametrize(
    "ask",
    [
        lambda: FsxService.connect().file_system(FSID),
        lambda: FsxService.connect().associations(FSID),
        lambda: FsxService.connect().start_task(FSID, TaskType.EXPORT, ["x"]),
        lambda: FsxService.connect().task("task-0123456789abcdef0"),
        lambda: Hosts.connect().environments(["q"]),
        lambda: Hosts.connect().subnets(["subnet-1"]),
        lambda: Hosts.connect().groups_of(["eni-1"]),
        lambda: Hosts.connect().ingress(["sg-1"]),
        lambda: Hosts.connect().template({"launchTemplateName": "template"}),
        lambda: LaunchTemplates.connect().put_user_data("template", "x"),
        lambda: Objects.connect().sizes("bucket", "p/"),
    ],
)
def test_a_page_that_is_not_AWSs_counts_as_no_answer(portal, ask):  # noqa: N802
    portal()
    with pytest.raises(FsxUnreachableError, match="no usable answer") as caught:
        ask()
    assert "guests" not in caught.value.message
    assert "proxy" in caught.value.hint


@pytest.mark.parametrize("answer", [b"[]", b"null", b"\xff", b'{"FileSystems": [{}]}', (302, PAGE), (404, PAGE)])
def test_an_answer_that_is_not_AWSs_counts_as_none(portal, answer):  # noqa: N802
    portal(answer)
    with pytest.raises(FsxUnreachableError, match="no usable answer"):
        FsxService.connect().file_system(FSID)


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}'])
def test_who_waits_for_a_task_bears_a_portal_and_a_moody_credential_process(portal, credential_process, printed):
    ended = b'{"DataRepositoryTasks": [{"TaskId": "task-0123456789abcdef0", "Lifecycle": "SUCCEEDED"}]}'
    portal(PAGE, b"[]", ended)
    credential_process(None, printed, printed)
    told = []
    task = watch(FsxService.connect(), "task-0123456789abcdef0", told.append, sleep=lambda _seconds: None)
    assert task.ended


def test_what_a_credential_process_printed_is_not_told(portal, credential_process):
    portal()
    credential_process('{"Version": 2, "SecretAccessKey": "SECRET"}')
    with pytest.raises(FsxUnreachableError, match="no AWS credentials") as caught:
        FsxService.connect()
    assert "SECRET" not in caught.value.message
