import pytest

from miniwdl_aws_core.records.remedies import remedy_for
from miniwdl_aws_hooks import FailureClass


@pytest.mark.parametrize("kind", FailureClass)
def test_each_class_has_one_sentence_that_fits_behind_others(kind):
    remedy = remedy_for(kind.value)
    assert remedy[:1].islower()
    assert not remedy.endswith(".")
    assert ". " not in remedy
    assert "`" not in remedy, "it is shown in terminals, too"


def test_nothing_is_said_of_a_class_of_others():
    assert remedy_for("a-plugins-own") == remedy_for("") == ""
