from pathlib import Path
from typing import Any

from miniwdl_aws_hooks import EnvironSettings, PreflightContext, PublishRequest, StageItem, StageRequest
from miniwdl_aws_hooks.testing import PluginConformance


class TestPlugin(PluginConformance):
    plugin_name = "s3-rails"

    def test_leaves_other_stores_to_others(self, hooks: Any) -> None:
        publish = PublishRequest("/run", "gs://bucket/x/", {}, EnvironSettings({}))
        assert hooks.miniwdl_aws_publish(request=publish) is None
        assert hooks.miniwdl_aws_stage(request=StageRequest([], "gs://bucket/x/")) is None

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
