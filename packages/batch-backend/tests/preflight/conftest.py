"""No test asks for quotas by chance."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


class NoQuotas:
    def get_service_quota(self, **_request: str) -> None:
        error = {"Error": {"Code": "NoSuchResourceException", "Message": "no"}, "ResponseMetadata": {}}
        raise ClientError(error, "GetServiceQuota")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(service: str, _region: str | None) -> Any:
        assert service == "service-quotas"
        return NoQuotas()

    monkeypatch.setattr("miniwdl_aws_batch_backend.preflight.quotas.connect", connect)
