"""Every hook has a page, a caller, an implementation and a test; every page has a hook."""

import re

PAGES = "docs/reference/hooks"


def test_the_page_is_headed_by_the_signature(hook_name, facts, root):
    (signature,) = [hook.signature for hook in facts.hooks() if hook.name == hook_name]
    first_line = (root / PAGES / f"{hook_name}.md").read_text().splitlines()[0]
    assert first_line == f"# {signature}"


def test_the_page_has_the_slots(hook_name, root):
    page = (root / PAGES / f"{hook_name}.md").read_text()
    assert f"<!-- generated: hook {hook_name} -->" in page
    assert re.findall(r"(?m)^## (\w+)$", page) == ["Example", "Notes"]


def test_the_specification_fills_the_slots(hook_name, facts):
    (hook,) = [hook for hook in facts.hooks() if hook.name == hook_name]
    assert {"return", "Collection", "Raises", "Example", "versionadded"} <= set(hook.slots)
    assert hook.called.startswith("Called ")


def test_all_types_of_the_signature_are_on_the_page_of_types(hook_name, facts):
    (signature,) = [hook.signature for hook in facts.hooks() if hook.name == hook_name]
    named = set(re.findall(r"\b[A-Z]\w+", signature)) - {"None", "Iterable", "Iterator", "Sequence"}
    assert named <= {node.name for node in facts.type_definitions()}


def test_every_attribute_of_a_type_has_a_meaning(facts):
    for node in facts.type_definitions():
        for name, _, _, meaning in facts.members(node):
            assert meaning, f"say under {node.name}.{name} what it is"


def test_somebody_calls_it(hook_name, facts):
    assert facts.callers(hook_name), f"no code in packages/ calls {hook_name}"


def test_somebody_implements_it(hook_name, facts):
    found = [item for item in facts.implementations() if item.hook == hook_name]
    assert found, f"no plugin in packages/ or examples/plugins/ implements {hook_name}"
    assert all(item.summary for item in found), "a hook function lacks its docstring"


def test_a_test_mentions_it(hook_name, root):
    here = root / "tests/contract"
    tests = [*root.glob("packages/*/tests/**/*.py"), *root.glob("tests/**/*.py"), *root.glob("examples/**/tests/*.py")]
    assert any(hook_name in path.read_text() for path in tests if here not in path.parents), "no test mentions it"


def test_no_page_lacks_its_hook(facts, root):
    pages = {path.stem for path in (root / PAGES).glob("*.md")} - {"index"}
    assert pages == {hook.name for hook in facts.hooks()}


def test_no_plugin_implements_a_hook_that_does_not_exist(facts):
    assert {item.hook for item in facts.implementations()} <= {hook.name for hook in facts.hooks()}


TAKES_ITS_OWN_ALONE = {"miniwdl_aws_localize"}
"""Hooks for which no plugin of ours takes more than what is its own."""


def test_a_third_party_is_asked_before_whoever_of_ours_takes_everything(hook_name, facts):
    """Where the first answer counts, plugins are asked by their names, and ours would hide those after it."""
    (hook,) = [hook for hook in facts.hooks() if hook.name == hook_name]
    if facts.is_firstresult(hook) and hook_name not in TAKES_ITS_OWN_ALONE:
        assert any("trylast=True" in item.options for item in facts.implementations() if item.hook == hook_name)
