import json

import pytest

from pipeline.errors import SetupError
from pipeline.outputs.docs.folder import MANIFEST, write_site

SITE = {"index.html": "<p>", "tables/a.html": "a"}


def files(folder):
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    found.pop(MANIFEST, None)
    return found


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_that_is_new_or_empty_is_written_to(tmp_path, make):
    folder = tmp_path / "deep" / "site"
    if make:
        folder.mkdir(parents=True)
    write_site(folder, SITE)
    assert files(folder) == SITE


def test_a_folder_with_anything_else_in_it_stays_as_it_is(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(SetupError, match="is not empty"):
        write_site(tmp_path, SITE)
    assert files(tmp_path) == {"index.html": "mine"}


def test_writing_again_removes_what_is_gone_and_nothing_of_others(tmp_path):
    write_site(tmp_path, SITE)
    (tmp_path / "CNAME").write_text("docs.example.com")
    write_site(tmp_path, {"index.html": "new"})
    assert files(tmp_path) == {"index.html": "new", "CNAME": "docs.example.com"}


def test_a_list_of_files_that_leads_out_of_the_folder_removes_nothing_there(tmp_path):
    outside = tmp_path / "precious"
    outside.write_text("x")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps(["../precious", str(outside)]))
    write_site(folder, SITE)
    assert outside.read_text() == "x"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError):
        write_site(tmp_path / "file", SITE)
    with pytest.raises(SetupError):
        write_site(tmp_path / "file" / "site", SITE)
