"""The pages of the Python interface show links, not the roles that docstrings are written with."""

import re

import griffe
import pytest

from .conftest import docs_module

RAW = re.compile(r":[a-z]+:`")
SHOWN = re.compile(r"(?m)^::: ([\w.]+)$")


def read(name, *, search_paths=None):
    extensions = griffe.load_extensions(docs_module("roles").Roles())
    return griffe.load(name, search_paths=search_paths, extensions=extensions)


@pytest.fixture
def package(tmp_path):
    """Write a package of one module, and read it as the site does."""

    def write(source):
        (tmp_path / "shown").mkdir()
        (tmp_path / "shown" / "__init__.py").write_text("")
        (tmp_path / "shown" / "a.py").write_text(source)
        return read("shown", search_paths=[tmp_path])["a"]

    return write


def reference(path, text):
    return f'<autoref identifier="{path}" optional><code>{text}</code></autoref>'


def test_a_role_becomes_a_link_to_what_code_means_there(package):
    module = package(
        '''
"""See :mod:`~shown.b` and :func:`look`."""
def look():
    """Not :meth:`unknown`."""
class Tool:
    """See :meth:`Tool.use`."""
    def use(self):
        """Before :meth:`drop`, see :class:`.Tool`."""
    def drop(self): ...
    look: int
    """As :func:`look` gives it."""
'''
    )
    assert module.docstring.value == f"See {reference('shown.b', 'b')} and {reference('shown.a.look', 'look')}."
    assert module["look"].docstring.value == f"Not {reference('unknown', 'unknown')}."
    tool = module["Tool"]
    assert tool.docstring.value == f"See {reference('shown.a.Tool.use', 'Tool.use')}."
    drop, itself = reference("shown.a.Tool.drop", "drop"), reference("shown.a.Tool", "Tool")
    assert tool["use"].docstring.value == f"Before {drop}, see {itself}."
    assert tool["look"].docstring.value == f"As {reference('shown.a.look', 'look')} gives it."


def test_fields_and_code_stay_as_they_are(package):
    text = "Count.\n\n:param size: bytes; ``:keyword:`` is no role.\n:return: how many."
    assert package(f'def count(size):\n    """{text}"""')["count"].docstring.value == text


def docstrings(item):
    if item.docstring:
        yield item.path, item.docstring.value
    for member in item.members.values():
        if isinstance(member, griffe.Object):
            yield from docstrings(member)


def test_no_page_shows_a_role(root):
    assert "extensions: [docs/roles.py]" in (root / "mkdocs.yml").read_text()
    shown = {name for page in root.glob("docs/reference/api/*.md") for name in SHOWN.findall(page.read_text())}
    packages = {name: read(name) for name in {module.partition(".")[0] for module in shown}}
    raw = []
    for name in shown:
        package, _, rest = name.partition(".")
        raw += [
            path
            for path, text in docstrings(packages[package][rest] if rest else packages[package])
            if RAW.search(text)
        ]
    assert raw == []


def test_generated_pages_show_no_role(root):
    pages = [page for page in root.glob("docs/**/*.md") if RAW.search(page.read_text())]
    assert pages == []
