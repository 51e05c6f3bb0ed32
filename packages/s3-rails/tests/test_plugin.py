from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import (
    DestinationContext,
    EnvironSettings,
    MissingPartError,
    PreflightContext,
    PublishOptions,
    PublishRequest,
    StageItem,
    StageRequest,
)
from miniwdl_aws_hooks.testing import PluginConformance
from miniwdl_aws_s3_rails.errors import AccessError


class TestPlugin(PluginConformance):
    plugin_name = "s3-rails"

    def test_leaves_other_stores_to_others(self, hooks: Any) -> None:
        publish = PublishRequest("/run", "gs://bucket/x/", {}, EnvironSettings({}))
        assert hooks.miniwdl_aws_publish(request=publish) is None
        context = DestinationContext("gs://bucket/x/", EnvironSettings({}))
        assert hooks.miniwdl_aws_check_destination(context=context) is None
        assert hooks.miniwdl_aws_stage(request=StageRequest([], "gs://bucket/x/")) is None

    def test_checks_a_destination_and_changes_nothing(self, hooks: Any, bucket: Any) -> None:
        def check(folder: str, **options: Any) -> Any:
            context = DestinationContext(folder, EnvironSettings({}), PublishOptions(**options))
            return hooks.miniwdl_aws_check_destination(context=context)

        assert check(bucket.uri("out")) is check(bucket.uri("out/"), overwrite=False) is True
        assert bucket.keys() == []
        bucket["out/outputs.json"] = b"{}"
        with pytest.raises(AccessError, match="--no-overwrite protects the run"):
            check(bucket.uri("out/"), overwrite=False)
        with pytest.raises(AccessError, match="can't write to s3://no-such-bucket/x"):
            check("s3://no-such-bucket/x")

    def test_to_export_is_for_others(self, hooks: Any) -> None:
        options = PublishOptions(publisher="export")
        context = DestinationContext("s3://bucket/x", EnvironSettings({}), options)
        with pytest.raises(MissingPartError, match="--publish export needs miniwdl-aws-fsx-mount"):
            hooks.miniwdl_aws_check_destination(context=context)

    def test_stages_publishes_and_checks(self, hooks: Any, bucket: Any, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("data")
        staged = hooks.miniwdl_aws_stage(request=StageRequest([StageItem(str(tmp_path / "x"))], bucket.uri("staging")))
        assert bucket[staged.uris[str(tmp_path / "x")].removeprefix(bucket.uri())] == b"data"
        files = {"a/x": str(tmp_path / "x")}
        publish = PublishRequest(str(tmp_path), bucket.uri("out/"), files, EnvironSettings({}))
        assert hooks.miniwdl_aws_publish(request=publish).uploaded == 1
        assert bucket["out/a/x"] == b"data"
        settings = EnvironSettings({}, {("aws", "staging"): bucket.uri()})
        (checks,) = hooks.miniwdl_aws_preflight(context=PreflightContext(None, None, "/mnt/fsx", settings))
        assert len(checks) == 1
