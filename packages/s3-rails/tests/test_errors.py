from miniwdl_aws_hooks import ExitCode, MiniwdlAwsError
from miniwdl_aws_s3_rails import errors


def test_upload_error_spells_out_the_first_few() -> None:
    error = errors.UploadError({f"f{i}": "it broke" for i in range(7)}, folder="s3://b/f/", run_dir="/r")
    assert error.message.startswith("7 of the run's products could not be uploaded to s3://b/f/: f0 (it broke); f1")
    assert error.message.endswith("and 2 more")
    assert len(error.more_info["failed"]) == 7


def test_exit_codes() -> None:
    codes = {
        name: getattr(errors, name).exit_code
        for name in errors.__all__
        if issubclass(getattr(errors, name), MiniwdlAwsError)
    }
    assert codes == {
        "RailsError": ExitCode.REFUSED,
        "AccessError": ExitCode.REFUSED,
        "AlreadyBegunError": ExitCode.ALREADY_BEGUN,
        "ArchivedError": ExitCode.REFUSED,
        "CredentialsError": ExitCode.REFUSED,
        "LineError": ExitCode.REFUSED,
        "TransferError": ExitCode.REFUSED,
        "StoppedError": ExitCode.TERMINATED,
        "OptionError": ExitCode.USAGE,
        "OutageError": ExitCode.REFUSED,
        "PayloadError": ExitCode.USAGE,
        "FileSystemError": ExitCode.UPLOAD_FAILED,
        "MountMissingError": ExitCode.MOUNT_MISSING,
        "UploadError": ExitCode.UPLOAD_FAILED,
    }
