import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.options.json_text import DEEPEST, is_too_deep, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def depth_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(VALUES, st.booleans())
def test_what_is_json_is_read_and_its_depth_known(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text) == value
    depth = depth_of(value)
    assert not is_too_deep(text, depth)
    assert depth == 0 or is_too_deep(text, depth - 1)


@given(st.text(alphabet='[]{}"\\:,1a \n'))
def test_whatever_else_it_is_there_is_a_value_or_a_value_error(text):
    try:
        read_json(text)
    except ValueError:
        return


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"[": ['])
def test_what_nests_too_deeply_is_refused_at_once(opening):
    with pytest.raises(ValueError, match=f"more than {DEEPEST} levels"):
        read_json((opening * 100_000).encode())


def test_brackets_in_texts_do_not_count():
    assert read_json(json.dumps(["[" * 1000 + '"' + "[" * 1000])) == ["[" * 1000 + '"' + "[" * 1000]


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ValueError, match="utf-8"):
        read_json(b'"\xff"')
