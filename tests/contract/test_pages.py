"""What the documentation repeats of the code is up to date, and its links lead somewhere."""

import re
import subprocess
import sys

import pytest

LINK = re.compile(r"(?<!!)\[[^\]^]+\]\(([^)\s]+)\)")
FENCED = re.compile(r"(?ms)^( *)(```+).*?^\1\2$")


def test_generated_blocks_are_up_to_date(root):
    done = subprocess.run([sys.executable, "docs/generate.py"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}bring it up to date: python docs/generate.py --write"


def test_every_picture_is_of_its_diagram(root):
    done = subprocess.run([sys.executable, "docs/diagrams.py"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_block_is_noticed(generate):
    stale = "# Exit codes\n\n<!-- generated: exit-codes -->\n\n| old |\n\n<!-- end -->\n"
    fresh = generate.rendered(stale)
    assert "`USAGE`" in fresh
    assert generate.rendered(fresh) == fresh


def test_options_in_a_table_are_code(generate):
    said = "with --local (--runner says how) | `a --b`, `<c | d>`, [more](#--d), x--y"
    cell = "with `--local` (`--runner` says how) \\| `a --b`, <code>&lt;c &#124; d&gt;</code>, [more](#--d), x--y"
    assert generate.table(("option",), [(said,)]) == f"| option |\n| --- |\n| {cell} |\n"


def test_no_page_shows_a_backslash_before_a_bar(root):
    """In code of a table the site does; there it is `<code>` with `&#124;`."""
    cell = re.compile(r"(?m)^\|(?:[^`\n]*`[^`\n]*`)*?[^`\n]*`[^`\n]*\\\|")
    assert [page for page in markdown(root) if cell.search(FENCED.sub("", page.read_text()))] == []


def markdown(root):
    """Every page for people, wherever it lies."""
    return [
        root / "README.md",
        root / "CONTRIBUTING.md",
        *root.glob("docs/**/*.md"),
        *root.glob("packages/*/README.md"),
        *root.glob("examples/**/README.md"),
        *root.glob("images/**/README.md"),
    ]


def prose(path):
    """A page without its code, where brackets mean something else."""
    return re.sub(r"`[^`\n]+`", "code", FENCED.sub("", path.read_text()))


def anchors(path):
    """Names of a page's headings, as Markdown renderers make them."""
    headings = re.findall(r"(?m)^#+ (.+)$", FENCED.sub("", path.read_text()))
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def test_links_lead_somewhere(root):
    broken = []
    for page in markdown(root):
        for target in LINK.findall(prose(page)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
                broken.append(f"{page.relative_to(root)}: {target}")
    assert broken == []


def test_every_page_is_in_the_navigation(root):
    navigation = set(re.findall(r"[\w./-]+\.md", (root / "mkdocs.yml").read_text()))
    assert navigation == {str(page.relative_to(root / "docs")) for page in root.glob("docs/**/*.md")}


def test_no_page_promises_what_no_index_has(root):
    """Until there is a release, whoever reads `pip install miniwdl-aws-...` gets somebody else's package, or none."""
    says_it = re.compile(r"pip install (?:-\S+ )*[\"']?miniwdl-aws-")
    explained = root / "docs/how-to/install.md"  # quotes what a command says, and what to do then
    assert [page for page in markdown(root) if page != explained and says_it.search(page.read_text())] == []


TRY_IT = (
    "pip install uv && uv run miniwdl-aws-submit --local examples/genome_stats/genome_stats.wdl "
    "-i examples/genome_stats/inputs.json --s3upload s3://demo/genome_stats/ --follow"
)


@pytest.mark.parametrize("command", [TRY_IT, "pip install nox && nox"])
def test_the_readme_begins_with_the_two_commands(root, command):
    top = (root / "README.md").read_text().splitlines()[:25]
    assert command in top
