import json
import re

import pytest

from miniwdl_aws_core.aws.permissions import STATEMENTS, Role, policy, statements


def test_names_are_unique_within_a_role() -> None:
    names = [(item.role, item.sid) for item in STATEMENTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("item", STATEMENTS, ids=lambda item: f"{item.role.value}-{item.sid}")
def test_a_statement_is_one_that_iam_takes(item: object) -> None:
    document = item.document()  # type: ignore[attr-defined]
    assert re.fullmatch(r"[A-Za-z0-9]+", document["Sid"])
    assert document["Action"] == sorted(set(document["Action"]))
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", name) for name in document["Action"])
    assert all(name == "*" or name.startswith("arn:aws:") for name in document["Resource"])


def test_a_role_is_never_passed_to_just_anybody() -> None:
    for item in STATEMENTS:
        if "iam:PassRole" in item.actions:
            assert item.condition
            assert "*" not in item.resources


def test_a_policy_has_what_every_setup_needs_and_what_is_asked_for() -> None:
    plain = policy(Role.WORKFLOW)
    assert [item["Sid"] for item in plain["Statement"]] == [
        "LookAtJobs", "Jobs", "RunsDefinitions", "LinkedBuckets", "Lists", "Inputs", "Results", "OpenUploads",
    ]  # fmt: skip
    more = policy(Role.WORKFLOW, ["EncryptedInputs"])
    assert [item["Sid"] for item in more["Statement"]] == [
        "LookAtJobs", "Jobs", "RunsDefinitions", "LinkedBuckets", "Lists", "Inputs", "Results", "OpenUploads",
        "EncryptedInputs",
    ]  # fmt: skip
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 6,144 characters of a managed policy
    everything = policy(Role.WORKFLOW, [item.sid for item in statements(Role.WORKFLOW)])
    assert len(json.dumps(everything, separators=(",", ":"))) < 6144


LISTS = re.compile(r"[a-z0-9]+:(Describe|List|GetAuthorizationToken|DiscoverPollEndpoint)")
"""Actions of which AWS takes no resources, bar a few."""
PUBLIC = {"pricing:GetProducts"}
"""What tells everybody the same."""


@pytest.mark.parametrize("role", [Role.WORKFLOW, Role.SUBMITTER, Role.HOST])
def test_whoever_works_every_day_may_do_nothing_but_look_at_all_resources(role: Role) -> None:
    everywhere = {name for item in statements(role) if "*" in item.resources for name in item.actions}
    assert {name for name in everywhere if not LISTS.match(name)} - PUBLIC == set()
