from configparser import ConfigParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.options import kinds
from miniwdl_aws_core.options.check import FileSettings, check_options
from miniwdl_aws_core.options.kinds import PATH, TEXT, duration, whole
from miniwdl_aws_core.options.miniwdl_own import LIST, check_miniwdl, kind_of
from miniwdl_aws_core.options.table import Option, Section
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings


class LabOptions(Section):
    section = "lab"

    wait = Option(duration(0, 60), 1.0, "Seconds.")
    most = Option(whole(0, 9), 1, "Number.")

    def check(self):
        super().check()
        if self.most > self.wait:
            raise ConfigurationError(
                f"{LabOptions.most.label} is more than {LabOptions.wait.label}", hint="less is more"
            )


def check(environ, file=None, root=None):
    settings = FileSettings.read(environ, str(file)) if file else EnvironSettings(environ)
    check_options(settings, environ, root, [LabOptions])


def test_all_is_well():
    check({"MINIWDL__LAB__WAIT": "7", "MINIWDL__SCHEDULER__TASK_CONCURRENCY": "7", "MINIWDL__OTHER__X": "{bad"})


def test_the_variable_is_named_that_sets_it():
    with pytest.raises(ConfigurationError, match=r"^\[lab\] wait must be .*, not 'soon'$") as caught:
        check({"MINIWDL__LAB__WAIT": "soon"})
    assert caught.value.hint == "correct it in MINIWDL__LAB__WAIT"


def test_the_file_is_named_unless_a_variable_hides_it(tmp_path):
    file = tmp_path / "lab.cfg"
    file.write_text("[lab]\nwait = soon\n")
    with pytest.raises(ConfigurationError) as caught:
        check({}, file)
    assert caught.value.hint == f"correct it in {file}"
    check({"MINIWDL__LAB__WAIT": "7"}, file)


def test_what_does_not_go_together_is_named_with_where_it_is_set():
    with pytest.raises(ConfigurationError, match=r"^\[lab\] most is more than \[lab\] wait$") as caught:
        check({"MINIWDL__LAB__MOST": "9"})
    assert caught.value.hint == "correct it in MINIWDL__LAB__MOST; less is more"


def test_an_option_that_is_not_there_is_named_with_the_file(tmp_path):
    file = tmp_path / "lab.cfg"
    file.write_text("[lab]\nwiat = 1\n")
    with pytest.raises(ConfigurationError, match=f"there is no option .lab. wiat in {file}"):
        check({}, file)


def test_long_values_are_cut():
    with pytest.raises(ConfigurationError) as caught:
        check({"MINIWDL__LAB__WAIT": "9" * 5000})
    assert len(caught.value.message) < 300
    assert "(5000 characters)" in caught.value.message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCHEDULER__TASK_CONCURRENCY", "-1"),
        ("SCHEDULER__CONTAINER_BACKEND", "nope"),
        ("TASK_RUNTIME__DEFAULTS", "{bad"),
        ("DOCKER_SWARM__POLLING_PERIOD_SECONDS", "x"),
        ("DOWNLOAD_CACHE__ENABLE_PATTERNS", "*"),
        ("FILE_IO__DELETE_WORK", "sometimes"),
        ("TASK_RUNTIME__MEMORY_MAX", "64 apples"),
        ("CALL_CACHE__DIR", "/elsewhere"),
        ("CALL_CACHE__DIR", "/mnt/fsx-other"),
        ("CALL_CACHE__DIR", "~/cache"),
    ],
)
def test_miniwdls_own_options_are_checked(variable, value):
    pytest.importorskip("WDL")
    with pytest.raises(ConfigurationError) as caught:
        check({f"MINIWDL__{variable}": value}, root="/mnt/fsx")
    assert caught.value.hint == f"correct it in MINIWDL__{variable}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCHEDULER__TASK_CONCURRENCY", "$CORES"),
        ("TASK_RUNTIME__CPU_MAX", "-1"),
        ("TASK_RUNTIME__MEMORY_MAX", "-1"),
        ("TASK_RUNTIME__MEMORY_MAX", "64G"),
        ("FILE_IO__DELETE_WORK", "success"),
        ("FILE_IO__DELETE_WORK", "false"),
        ("CALL_CACHE__DIR", "cache"),
        ("CALL_CACHE__DIR", "/mnt/fsx/cache"),
        ("TASK_RUNTIME__COMMAND_SHELL", "whatever"),
    ],
)
def test_what_miniwdl_takes_passes(variable, value):
    check_miniwdl(EnvironSettings({f"MINIWDL__{variable}": value}), "/mnt/fsx")


@pytest.mark.parametrize(
    ("default", "expected"),
    [("true", kinds.SWITCH), ("{}", kinds.OBJECT), ('["*"]', LIST), ("ubuntu", None), ("", None), ("/", None)],
)
def test_a_default_says_what_an_option_takes(default, expected):
    assert kind_of(default) is expected


@pytest.mark.parametrize("default", ["0", "1", "16"])
def test_whole_numbers_stay_whole(default):
    assert "whole" in kind_of(default).expected


@given(st.text())
def test_every_kind_reads_a_text_or_refuses_it(text):
    found = [kind for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)]
    for kind in [*found, LIST, kinds.whole(0, 9), kinds.duration(0, 60), kinds.number(0), kinds.whole_seconds(60, 90)]:
        try:
            kind.parse(text)
        except (ValueError, OverflowError):
            continue


@given(st.text())
def test_what_is_a_path_or_a_text_can_be_shown_and_mounted(text):
    for kind in (TEXT, PATH):
        try:
            value = kind.parse(text)
        except ValueError:
            continue
        assert value.isprintable()
        assert kind is TEXT or (value.startswith("/") and ":" not in value and ".." not in value.split("/"))


@given(st.text())
def test_a_configuration_file_is_read_or_refused_in_one_sentence(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "any.cfg"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    said = ""
    try:
        assert isinstance(FileSettings.read({}, str(file)).parser, ConfigParser)
    except ConfigurationError as exc:
        said = exc.message
    assert "\n" not in said
