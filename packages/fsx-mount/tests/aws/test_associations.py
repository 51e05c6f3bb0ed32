import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_fsx_mount.aws.associations import Association, PathMap, read_associations

REFS = Association("dra-1", "refs", "bucket", "genomes/v1")
ALL = Association("dra-2", "data", "other", "")


def path_map(*associations):
    return PathMap(associations or (REFS, ALL))


def relative(located):
    return located and located.relative


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://bucket/genomes/v1/hg38.fa", "refs/hg38.fa"),
        ("s3://bucket/genomes/v1/a/b/c.fa", "refs/a/b/c.fa"),
        ("s3://other/x", "data/x"),
        ("s3://other/a b%20c+d?e#f&g=h*[i].txt", "data/a b%20c+d?e#f&g=h*[i].txt"),
        ("s3://other/größe/日本.txt", "data/größe/日本.txt"),
        ("s3://other/...", "data/..."),
        ("s3://bucket/genomes/v10/hg38.fa", None),
        ("s3://bucket/genomes/v1", None),
        ("s3://bucket/genomes/v1/", None),
        ("s3://bucket/other", None),
        ("s3://elsewhere/genomes/v1/hg38.fa", None),
        ("s3://other", None),
        ("s3://other/", None),
        ("s3://other/folder/", None),
        ("s3://other//x", None),
        ("s3://other/a//x", None),
        ("s3://other/../x", None),
        ("s3://other/a/../../x", None),
        ("s3://other/a/./x", None),
        ("s3://other/a/..", None),
        ("s3://bucket//genomes/v1/x", None),
        ("s3://bucket/genomes//v1/x", None),
        ("s3://bucket/genomes/v1//x", None),
        ("s3://bucket/genomes/v1/x/../../v1/y", None),
        ("s3://other/f?versionId=x", "data/f?versionId=x"),
        ("s3://other/e\u0301", "data/e\u0301"),
        ("s3://other/\u00e9", "data/\u00e9"),
        ("s3://other/a\0b", None),
        ("s3://other/\ud800", None),
        ("s3://other/" + "x" * 256, None),
        ("s3://other/" + "ä" * 128, None),
        ("s3://other/" + "/".join(["x" * 255] * 17), None),
    ],
)
def test_files(uri, expected):
    assert relative(path_map().locate_file(uri)) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://bucket/genomes/v1", "refs"),
        ("s3://bucket/genomes/v1/", "refs"),
        ("s3://bucket/genomes/v1/idx", "refs/idx"),
        ("s3://bucket/genomes/v1/idx/", "refs/idx"),
        ("s3://other", "data"),
        ("s3://other/", "data"),
        ("s3://bucket/genomes", None),
        ("s3://bucket/genomes/v1//", None),
        ("s3://other/a/../", None),
    ],
)
def test_folders(uri, expected):
    assert relative(path_map().locate_folder(uri)) == expected


def test_the_root_of_the_file_system():
    whole = path_map(Association("dra-1", "", "bucket", ""))
    assert relative(whole.locate_file("s3://bucket/a/b")) == "a/b"
    assert relative(whole.locate_folder("s3://bucket")) == ""
    assert whole.uri_of("a/b") == "s3://bucket/a/b"
    assert whole.uri_of("") == "s3://bucket/"


def test_the_longest_prefix_wins():
    inner = Association("dra-3", "inner", "other", "a/b")
    both = path_map(ALL, inner)
    assert relative(both.locate_file("s3://other/a/b/c")) == "inner/c"
    assert relative(both.locate_file("s3://other/a/c")) == "data/a/c"
    assert relative(both.locate_file("s3://other/a/b")) == "data/a/b"


def test_associations_that_do_not_work_are_left_out():
    broken = Association("dra-1", "refs", "bucket", "", lifecycle="MISCONFIGURED")
    assert path_map(broken).locate_file("s3://bucket/x") is None
    assert path_map(broken).uri_of("refs/x") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("refs/hg38.fa", "s3://bucket/genomes/v1/hg38.fa"),
        ("refs", "s3://bucket/genomes/v1"),
        ("refs/", "s3://bucket/genomes/v1/"),
        ("refs/idx/", "s3://bucket/genomes/v1/idx/"),
        ("data", "s3://other/"),
        ("refs2/x", None),
        ("", None),
        ("data/../refs/x", None),
        ("/data/x", None),
    ],
)
def test_from_paths(path, expected):
    assert path_map().uri_of(path) == expected


@pytest.mark.parametrize("uri", ["gs://bucket/x", "s3://", "s3:///x", "/mnt/fsx/x", "bucket/x"])
def test_what_is_no_uri(uri):
    assert path_map().locate_file(uri) is path_map().locate_folder(uri) is None


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)
paths = st.lists(names, min_size=1, max_size=5).map("/".join)


@st.composite
def linked(draw):
    """An association with a few others that don't overlap with it on either side."""
    folders = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    items = [
        Association(f"dra-{number}", "/".join([name, *draw(st.lists(names, max_size=2))]), f"bucket-{number}", prefix)
        for number, (name, prefix) in enumerate((name, draw(st.one_of(st.just(""), paths))) for name in folders)
    ]
    return draw(st.permutations(items)), draw(st.sampled_from(items))


@given(linked(), paths)
def test_there_and_back(linked, rest):
    items, item = linked
    mapping = PathMap(items)
    uri = item.uri + rest
    located = mapping.locate_file(uri)
    assert located.relative == f"{item.folder}/{rest}"
    assert located.association is item
    assert mapping.uri_of(located.relative) == uri
    assert mapping.locate_folder(uri + "/").relative == located.relative
    assert mapping.uri_of(located.relative + "/") == uri + "/"


@given(linked(), st.text(max_size=30))
def test_no_key_escapes_its_folder(linked, key):
    items, item = linked
    located = PathMap(items).locate_file(f"s3://{item.bucket}/{key}")
    if located:
        assert located.relative.startswith(item.folder + "/")
        assert not {"", ".", ".."} & set(located.relative.split("/"))


HOSTILE = ["a", "b", "A", "_", "/", ".", "..", "//", "%2F", "?", "#", "\t", "\n", "\0", "é", "e\u0301", "😀", "x" * 256]
hostile = st.lists(st.sampled_from(HOSTILE), max_size=8).map("".join)


@st.composite
def overlapping(draw):
    """Associations whose folders and prefixes lie within each other's, as FSx forbids them."""
    few = st.lists(st.sampled_from(["a", "b"]), max_size=3).map("/".join)
    numbers = range(draw(st.integers(1, 4)))
    return [Association(f"dra-{i}", draw(few), draw(st.sampled_from(["b1", "b2"])), draw(few)) for i in numbers]


@given(overlapping(), st.sampled_from(["b1", "b2"]), hostile)
def test_what_has_a_path_is_what_the_path_leads_back_to(items, bucket, key):
    mapping = PathMap(items)
    uri = f"s3://{bucket}/{key}"
    if located := mapping.locate_file(uri):
        assert mapping.uri_of(located.relative) == uri
    if located := mapping.locate_folder(uri):
        assert mapping.uri_of(located.relative + "/") == (uri if uri.endswith("/") else uri + "/")


@pytest.mark.parametrize("prefix", ["/v1", "v1/", "a//b", "a/../b", "."])
def test_prefixes_that_are_no_path_link_nothing(prefix):
    """Taken for ``v1``, the first two would give other objects' paths."""
    (item,) = read_associations(
        [
            {
                "AssociationId": "dra-1",
                "FileSystemPath": "/refs",
                "DataRepositoryPath": f"s3://bucket/{prefix}/",
                "Lifecycle": "AVAILABLE",
            }
        ]
    )
    mapping = PathMap([item])
    for key in (f"{prefix}/x", "v1/x", "b/x"):
        assert mapping.locate_file(f"s3://bucket/{key}") is None
    assert mapping.uri_of("refs/x") is None


def test_reads_the_api():
    items = read_associations(
        [
            {
                "AssociationId": "dra-0123",
                "FileSystemPath": "/refs/",
                "DataRepositoryPath": "s3://bucket/genomes/v1/",
                "Lifecycle": "AVAILABLE",
                "S3": {"AutoImportPolicy": {"Events": ["NEW"]}, "AutoExportPolicy": {"Events": ["NEW", "CHANGED"]}},
            },
            {
                "AssociationId": "dra-4567",
                "FileSystemPath": "/",
                "DataRepositoryPath": "s3://bucket",
                "Lifecycle": "MISCONFIGURED",
                "FailureDetails": {"Message": "The bucket is gone."},
            },
            {"AssociationId": "dra-89ab", "DataRepositoryPath": "nfs://server/export", "Lifecycle": "AVAILABLE"},
        ]
    )
    assert items == (
        Association(
            "dra-0123",
            "refs",
            "bucket",
            "genomes/v1",
            auto_import=frozenset({"NEW"}),
            auto_export=frozenset({"NEW", "CHANGED"}),
        ),
        Association("dra-4567", "", "bucket", "", lifecycle="MISCONFIGURED", problem="The bucket is gone."),
    )
    assert [item.uri for item in items] == ["s3://bucket/genomes/v1/", "s3://bucket/"]


def test_states_are_read_in_any_case():
    item = {"AssociationId": "dra-1", "DataRepositoryPath": "s3://bucket/x", "Lifecycle": "Available"}
    (found,) = read_associations([item])
    assert found.usable
