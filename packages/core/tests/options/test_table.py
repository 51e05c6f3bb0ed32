import re

import pytest

from miniwdl_aws_core.options.kinds import SWITCH, TEXT, number
from miniwdl_aws_core.options.table import Option, Section
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings


class Lab(Section):
    section = "lab"
    rate = Option(number(1, 10), 5.0, "How fast.")
    cold = Option(SWITCH, False, "Whether it is cold.")
    owner = Option(TEXT, None, "Whose it is.", unset="nobody's")


def lab(**values: str) -> Lab:
    return Lab(EnvironSettings({f"MINIWDL__LAB__{key.upper()}": value for key, value in values.items()}))


def test_what_is_not_set_has_its_default() -> None:
    assert (lab().rate, lab().cold, lab().owner) == (5.0, False, None)
    assert lab(owner=" ").owner is None, "blanks count as unset"


def test_what_is_set_is_read() -> None:
    assert (lab(rate="7").rate, lab(cold=" yes ").cold, lab(owner="me").owner) == (7.0, True, "me")


def test_an_option_says_what_it_is() -> None:
    assert [option.name for option in Lab.options()] == ["rate", "cold", "owner"]
    assert (Lab.rate.label, Lab.rate.variable) == ("[lab] rate", "MINIWDL__LAB__RATE")
    assert [option.default_text for option in Lab.options()] == ["5", "false", ""]


def test_a_wrong_value_is_refused_by_name() -> None:
    options = lab(rate="11", cold="true")
    assert options.cold, "one that is right can be read"
    with pytest.raises(ConfigurationError, match=re.escape("[lab] rate must be a number between 1 and 10")) as caught:
        options.check()
    assert "MINIWDL__LAB__RATE" in (caught.value.hint or "")
