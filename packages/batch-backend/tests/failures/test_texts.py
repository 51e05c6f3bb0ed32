"""What was really written of failed and waiting jobs, and names that mean harm."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_batch_backend.failures.classify import RULES, classify
from miniwdl_aws_batch_backend.failures.waiting import EXPLANATIONS, explain
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict, JobFailure

TEXTS = tomllib.loads((Path(__file__).parents[1] / "failure_texts.toml").read_text())["text"]
FAILURES = [item for item in TEXTS if item["where"] != "waiting"]
WAITING = [item for item in TEXTS if item["where"] == "waiting"]
POLICIES = {rule.failure_class: rule.policy for rule in RULES}


def failed(text: str, where: str = "container.reason", code: int | None = None, image: str = "") -> FailureVerdict:
    """Judge a job as DescribeJobs tells of it."""
    status, reason = (text, None) if where == "statusReason" else ("Task failed to start", text)
    if where == "docker":
        reason = f"CannotPullContainerError: {text}"
    if code is not None and where != "statusReason":
        status = "Essential container in task exited"
    told = {"image": image, "exitCode": code, "reason": reason}
    container = {key: value for key, value in told.items() if value not in (None, "")}
    job: dict[str, Any] = {"jobId": "j", "status": "FAILED", "statusReason": status, "container": container}
    return classify(JobFailure(job=job, exit_file=None, stderr_tail=""))


def names(item: dict[str, Any]) -> str:
    return f"{item['expected']}-{item['text'][:60]}"


@pytest.mark.parametrize("item", FAILURES, ids=names)
def test_what_was_seen_is_recognized(item: dict[str, Any]) -> None:
    verdict = failed(item["text"], item["where"], item.get("exit_code"))
    assert verdict.failure_class == item["expected"], item["source"]
    assert verdict.policy is POLICIES[verdict.failure_class]


@pytest.mark.parametrize("item", WAITING, ids=names)
def test_why_a_job_waits_is_explained(item: dict[str, Any]) -> None:
    assert explain(item["text"]) == dict(EXPLANATIONS)[item["expected"]], item["source"]


def test_every_text_has_its_source() -> None:
    assert len(TEXTS) >= 80
    assert all(item["source"].startswith("https://") and item["text"].strip() for item in TEXTS)
    places = {"statusReason", "container.reason", "docker", "waiting"}
    assert {item["where"] for item in TEXTS} == places
    assert len({json.dumps(item, sort_keys=True) for item in TEXTS}) == len(TEXTS)


def test_the_examples_of_the_documentation_are_what_they_are_said_to_be() -> None:
    shown = [(rule.failure_class, text) for rule in RULES for _kind, text in rule.examples]
    assert len(shown) >= 8
    for expected, text in shown:
        assert failed(text, "docker").failure_class is expected
        # Each begins as one that was seen, or is a part of it.
        assert any(text[:25] in item["text"] or text[-25:] in item["text"] for item in FAILURES), text


WORDS = (
    "denied", "unauthorized", "not-found", "notfound", "toomanyrequests", "timeout", "eof", "outofmemory",
    "outofmemoryerror", "cannotpullcontainererror", "cannotstartcontainererror", "no-space-left-on-device", "429",
    "exec-format-error", "expired", "expiredtoken", "manifest-unknown", "does-not-exist", "accessdenied", "forbidden",
    "no_basic_auth_credentials", "no-matching-manifest-for", "403", "rate.exceeded", "failed.to.start", "tags.exceed",
)  # fmt: skip
part = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from("-._").map(lambda between: between.join(words))
)
tag = st.one_of(part, part.map(str.upper), st.sampled_from(["OutOfMemoryError", "ExpiredTokenException", "EOF"]))
image = st.builds(
    lambda host, path, tag: f"{host}{'/'.join(path)}:{tag}",
    st.sampled_from(
        [
            "",
            "quay.io/",
            "docker.io/library/",
            "OutOfMemoryError.example/",
            "ExpiredToken.example:5000/",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/",
        ]
    ),
    st.lists(part, min_size=1, max_size=3),
    tag,
)
ABOUT_IMAGES = {
    "manifest for {image} not found: manifest unknown": FailureClass.IMAGE_FORBIDDEN,
    "pull access denied for {name}, repository does not exist or may require 'docker login'":
        FailureClass.IMAGE_FORBIDDEN,
    "pull access denied for {name}, repository does not exist or may require 'docker login': denied: Your "
    "authorization token has expired. Reauthenticate and try again.": FailureClass.IMAGE_TRANSIENT,
    "failed to resolve ref {image}: failed to do request: Head \"https://r.io/v2/{name}/manifests/{tag}\": dial tcp "
    "1.2.3.4:443: i/o timeout": FailureClass.IMAGE_TRANSIENT,
    "failed to resolve ref {image}: {image}: not found": FailureClass.IMAGE_FORBIDDEN,
    "ref pull has been retried 1 time(s): failed to unpack {image}: wrong checksum": FailureClass.IMAGE_TRANSIENT,
    "failed to register layer of {image}: no space left on device": FailureClass.IMAGE_NO_SPACE,
    "no matching manifest for linux/arm64/v8 in the manifest list entries of {image}": FailureClass.IMAGE_PLATFORM,
}  # fmt: skip


@pytest.mark.parametrize("known", [True, False], ids=["image-known", "image-unknown"])
@pytest.mark.parametrize("template", ABOUT_IMAGES)
@given(image=image)
def test_the_name_of_an_image_says_nothing(template: str, known: bool, image: str) -> None:
    name, _, tag = image.rpartition(":")
    text = template.format(image=image, name=name, tag=tag)
    verdict = failed(text, "docker", image=image if known else "")
    assert verdict.failure_class is ABOUT_IMAGES[template], text


@given(image=image, code=st.integers(1, 255).filter(lambda code: code not in (73, 76)))
def test_a_tool_in_an_image_of_any_name_just_failed(image: str, code: int) -> None:
    told = {"jobId": "j", "status": "FAILED", "container": {"image": image, "exitCode": code}}
    verdict = classify(JobFailure(job={**told, "statusReason": "Essential container in task exited"},
                                  exit_file=code, stderr_tail="denied: no space left on device"))  # fmt: skip
    assert verdict.failure_class is FailureClass.TOOL_ERROR


@given(text=st.text(alphabet="abcdefghij {}%\\\x1b\n0123456789", max_size=80), image=image)
def test_what_nobody_has_seen_yet_is_a_fault_of_the_infrastructure(text: str, image: str) -> None:
    for where in ("statusReason", "container.reason"):
        job = {"jobId": "j", "status": "FAILED", "container": {"image": image}}
        job |= {"statusReason": text} if where == "statusReason" else {"attempts": [{"container": {"reason": text}}]}
        verdict = classify(JobFailure(job=job, exit_file=None, stderr_tail=""))
        assert verdict.failure_class is FailureClass.UNKNOWN
        assert verdict.policy is FailurePolicy.INFRASTRUCTURE
        assert (text or "AWS gives no reason") in verdict.message


@given(item=st.sampled_from(FAILURES), keep=st.integers(0, 400))
def test_a_text_cut_off_anywhere_is_judged_all_the_same(item: dict[str, Any], keep: int) -> None:
    verdict = failed(item["text"][:keep], item["where"], item.get("exit_code"))
    assert verdict.policy in FailurePolicy
    assert verdict.message
