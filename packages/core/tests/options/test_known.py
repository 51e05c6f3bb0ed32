from typing import ClassVar

import pytest

from miniwdl_aws_core.options import known
from miniwdl_aws_core.options.kinds import TEXT
from miniwdl_aws_core.options.known import refuse_unknown
from miniwdl_aws_core.options.shared import AwsOptions, UploadOptions
from miniwdl_aws_core.options.table import Option, Section
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings


class Backend(Section):
    section = "aws"
    gone: ClassVar[dict[str, str]] = {"old_retries": "retries belong to miniwdl"}
    submit_rate = Option(TEXT, None, "How fast.")


SECTIONS = [AwsOptions, Backend]
SETTINGS = EnvironSettings({})


def refused(*names: str, sections: list[type[Section]] = SECTIONS) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        refuse_unknown(SETTINGS, dict.fromkeys(names, "x"), sections)
    return caught.value


def test_what_is_known_passes() -> None:
    names = [option.variable for section in SECTIONS for option in section.options()]
    assert "MINIWDL__AWS__WORKFLOW_QUEUE" in names
    refuse_unknown(
        SETTINGS, dict.fromkeys([*names, "MINIWDL__FILE_IO__ROOT", "MINIWDL__EFS__X", "PATH"], "x"), SECTIONS
    )


def test_a_misspelled_variable_is_named_with_the_nearest_one() -> None:
    error = refused("MINIWDL__AWS__TASK_QUEU")
    assert error.message == "there is no option MINIWDL__AWS__TASK_QUEU"
    assert error.hint == "did you mean MINIWDL__AWS__TASK_QUEUE?"
    assert refused("MINIWDL__AWS__fs").hint == "did you mean MINIWDL__AWS__FS?"


def test_all_are_named_at_once() -> None:
    assert (
        "MINIWDL__AWS__QQ and MINIWDL__AWS__TASK_QUEU" in refused("MINIWDL__AWS__TASK_QUEU", "MINIWDL__AWS__QQ").message
    )


def test_an_option_that_there_was_has_advice() -> None:
    assert refused("MINIWDL__AWS__OLD_RETRIES").hint == "retries belong to miniwdl"
    assert "FSx for Lustre" in (refused("MINIWDL__AWS__FSAP").hint or "")


def test_without_the_part_that_owns_a_section_nobody_knows_it_all() -> None:
    refuse_unknown(SETTINGS, {"MINIWDL__AWS__SUBMIT_RATE": "5", "MINIWDL__FSX__X": "5"}, [AwsOptions])
    assert "miniwdl owns retries" in (refused("MINIWDL__AWS__BATCH_ATTEMPTS", sections=[AwsOptions]).hint or "")


def test_what_all_names_begin_with_makes_none_of_them_near() -> None:
    assert (refused("MINIWDL__AWS__EXTRA").hint or "").startswith("there are MINIWDL__AWS__TASK_QUEUE, ")


def test_an_empty_variable_sets_nothing() -> None:
    refuse_unknown(SETTINGS, {"MINIWDL__AWS__EXTRA": ""}, SECTIONS)


def test_options_that_cannot_be_loaded_leave_their_section_alone(monkeypatch, caplog) -> None:
    class Broken:
        value = "broken:Options"

        def load(self) -> None:
            raise ImportError("no such thing")

    monkeypatch.setattr(known, "find_points", lambda _group: [Broken()])
    assert known.installed_sections() == [AwsOptions, UploadOptions]
    assert "broken:Options" in caplog.text
