from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_batch_backend.preflight.quotas import check_quotas
from miniwdl_aws_core.hosts.environments import ComputeEnvironment
from miniwdl_aws_hooks import Check, CheckState

STANDARD, STANDARD_SPOT, GPU, GPU_SPOT = "L-1216C47A", "L-34B43A08", "L-DB2E81BA", "L-3819A6DF"


class Quotas:
    """Service Quotas."""

    def __init__(self, refuses: str = "", **allowed: float) -> None:
        self.refuses = refuses
        self.allowed = {f"L-{name}": value for name, value in allowed.items()}

    def get_service_quota(self, **request: str) -> dict[str, Any]:
        assert request["ServiceCode"] == "ec2"
        code = self.refuses or "NoSuchResourceException"
        if self.refuses or request["QuotaCode"] not in self.allowed:
            raise ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {}}, "GetServiceQuota")
        return {"Quota": {"Value": self.allowed[request["QuotaCode"]]}}


def environment(*types: str, kind: str = "EC2", most: int = 64, **more: Any) -> ComputeEnvironment:
    return ComputeEnvironment("hosts", kind, instance_types=types, max_vcpus=most, **more)


def look(quotas: Quotas, *environments: ComputeEnvironment) -> list[Check]:
    return list(check_quotas(quotas, environments))


def test_what_environments_may_start_together_counts() -> None:
    (found,) = look(Quotas(**{"1216C47A": 100.0}), environment("m6i"), environment("optimal", most=36))
    assert found.state is CheckState.OK
    assert found.message == "EC2 lets the account have 100 vCPUs, compute environments may start 100"
    (found,) = look(Quotas(**{"1216C47A": 100.0}), environment("m6i"), environment("im4gn.large", most=37))
    assert (found.subject, found.state) == (
        "quota of on-demand hosts, standard (A, C, D, H, I, M, R, T, Z)", CheckState.WARNING,
    )  # fmt: skip
    assert (found.command or "").endswith(f"--service-code ec2 --quota-code {STANDARD} --desired-value 101")
    assert found.why == "what is beyond the quota waits in the queue"


def test_a_new_account_has_no_gpus() -> None:
    (found,) = look(Quotas(**{"3819A6DF": 0.0}), environment("g5", "g4dn.xlarge", kind="SPOT"))
    assert (found.subject, found.state) == ("quota of spot hosts, G and VT", CheckState.FAILED)
    assert found.why == "no such host can be started"


def test_spot_and_on_demand_and_groups_of_families_have_quotas_of_their_own() -> None:
    quotas = Quotas(**{"1216C47A": 64, "34B43A08": 8, "DB2E81BA": 64})
    found = look(quotas, environment("m6i", "g6"), environment("r6i", kind="SPOT"))
    assert [(item.subject.split(",")[0], item.state) for item in found] == [
        ("quota of on-demand hosts", CheckState.OK),
        ("quota of on-demand hosts", CheckState.OK),
        ("quota of spot hosts", CheckState.WARNING),
    ]


@pytest.mark.parametrize("more", [{"state": "DISABLED"}, {"status": "INVALID"}])
def test_environments_that_start_nothing_don_t_count(more: dict[str, str]) -> None:
    quotas = Quotas(**{"1216C47A": 1.0})
    assert look(quotas, environment("m6i", **more), environment("m6i", kind="UNMANAGED")) == []


def test_a_quota_that_is_not_there_says_nothing() -> None:
    assert look(Quotas(), environment("m6i")) == []


def test_quotas_that_may_not_be_looked_up() -> None:
    (found,) = look(Quotas("AccessDeniedException"), environment("m6i"))
    assert found.state is CheckState.UNKNOWN
    assert "GetServiceQuota" in (found.hint or "")
