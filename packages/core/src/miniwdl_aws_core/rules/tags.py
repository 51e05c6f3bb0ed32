"""Rules for tags, of services that take them as a map (AWS Batch) and as a list (Amazon FSx). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.limits import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS
from miniwdl_aws_core.rules.checks import at_most, matches
from miniwdl_aws_core.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RULES"]

_PAGE = "https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html"
_TAGGED = tuple(
    f"batch:{name}"
    for name in (
        "SubmitJob", "RegisterJobDefinition", "TagResource", "CreateJobQueue", "CreateComputeEnvironment",
        "CreateSchedulingPolicy",
    )
)  # fmt: skip
_FSX = (
    "fsx:CreateFileSystem",
    "fsx:CreateDataRepositoryTask",
    "fsx:CreateDataRepositoryAssociation",
    "fsx:TagResource",
)
_TEXT = r"[\w\s+\-=.:/@]"


def _key(holds: Callable[[str], bool]) -> Callable[[tuple[str, str]], bool]:
    return lambda pair: holds(pair[0])


def _value(holds: Callable[[str], bool]) -> Callable[[tuple[str, str]], bool]:
    return lambda pair: holds(pair[1])


def _free(name: str) -> bool:
    return not name.lower().startswith("aws:")


RULES = (
    Rule(
        "tags-count", _TAGGED + _FSX, ("tags", "Tags"), at_most(MAX_TAGS),
        f"A resource has at most {MAX_TAGS} tags; those of a job go to its ECS task, too.", _PAGE,
    ),
    Rule(
        "tags-key", _TAGGED, ("tags{}",), _key(matches(rf"{_TEXT}{{1,{MAX_TAG_KEY}}}")),
        f"The name of a tag has 1 to {MAX_TAG_KEY} letters, digits, spaces and + - = . _ : / @.", _PAGE,
    ),
    Rule(
        "tags-value", _TAGGED, ("tags{}",), _value(matches(rf"{_TEXT}{{0,{MAX_TAG_VALUE}}}")),
        f"The value of a tag has at most {MAX_TAG_VALUE} letters, digits, spaces and + - = . _ : / @.", _PAGE,
    ),
    Rule(
        "tags-reserved", _TAGGED, ("tags{}",), _key(_free), "The name of a tag doesn't begin with aws:.", _PAGE,
    ),
    Rule(
        "tags-reserved-fsx", _FSX, ("Tags[].Key",), _free, "The name of a tag doesn't begin with aws:.",
        "https://docs.aws.amazon.com/fsx/latest/APIReference/API_Tag.html",
    ),
)  # fmt: skip
