"""A .mailmap as rows of the identities seed."""

import pytest

from pipeline.plan import PlanColumn, PlanTable
from pipeline.seeds import csv_files
from pipeline.seeds.mailmap import Identity, read_mailmap


def developers(text):
    return {row.alias: row.developer_id for row in read_mailmap(text)}


def test_the_proper_address_is_the_developer_and_the_others_are_aliases():
    assert read_mailmap("Jane Doe <jane@example.com> <jane@old.example>\n") == [
        Identity("jane@example.com", "jane@example.com", "Jane Doe", "jane@example.com"),
        Identity("jane@old.example", "jane@example.com", "Jane Doe", "jane@example.com"),
    ]


def test_a_line_may_only_name_an_address():
    assert read_mailmap("Jane Doe <jane@example.com>") == [
        Identity("jane@example.com", "jane@example.com", "Jane Doe", "jane@example.com")
    ]


def test_a_line_may_only_join_two_addresses():
    assert read_mailmap("<jane@example.com> <jane@old.example>") == [
        Identity("jane@example.com", "jane@example.com", None, "jane@example.com"),
        Identity("jane@old.example", "jane@example.com", None, "jane@example.com"),
    ]


def test_addresses_are_compared_without_regard_to_case():
    text = "Jane <Jane@Example.com> <JANE@OLD.example>"
    assert developers(text) == {
        "jane@example.com": "jane@example.com",
        "jane@old.example": "jane@example.com",
    }


def test_comments_blank_lines_and_damaged_lines_are_passed_over():
    text = "# <a@x> <b@x>\n\nnobody\n<> <c@x>\nJane <jane@x\n<jane@x> <j@x> # her laptop\n"
    assert developers(text) == {"j@x": "jane@x", "jane@x": "jane@x"}


def test_the_last_line_about_an_address_counts():
    assert developers("<a@x> <c@x>\n<b@x> <c@x>") == {"b@x": "b@x", "c@x": "b@x"}


def test_chains_are_followed():
    assert developers("<b@x> <c@x>\n<a@x> <b@x>") == {"a@x": "a@x", "b@x": "a@x", "c@x": "a@x"}


def test_a_circle_ends():
    assert set(developers("<a@x> <b@x>\n<b@x> <a@x>")) == {"a@x", "b@x"}


def test_an_address_that_several_people_share_is_no_alias():
    text = "Jane <jane@x> Jane <root@localhost>\nJoe <joe@x> Joe <root@localhost>"
    assert "root@localhost" not in developers(text)


def test_an_old_name_beside_the_only_owner_of_an_address_does_no_harm():
    assert developers("Jane <jane@x> jane <jane@laptop>")["jane@laptop"] == "jane@x"


def test_a_noreply_address_is_an_alias_together_with_its_login():
    text = "Jane <jane@x> <12+Jane-Doe@users.noreply.github.com>"
    assert developers(text) == {
        "12+jane-doe@users.noreply.github.com": "jane@x",
        "jane-doe": "jane@x",
        "jane@x": "jane@x",
    }


def columns():
    nullable = {"developer_name", "developer_email"}
    return [
        PlanColumn(name, "string", "VARCHAR", nullable=name in nullable, description="")
        for name in Identity._fields
    ]


@pytest.mark.parametrize("name", [".mailmap", "mailmap"])
def test_a_projects_mailmap_is_its_identities_and_a_csv_overrules_it(tmp_path, name):
    seed = PlanTable(
        name="identities",
        layer="seeds",
        schema="staging",
        kind="seed",
        description="",
        columns=columns(),
        key=["alias"],
        path="no/packaged.csv",
    )
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / name).write_text("Jane <jane@x> <j@old>\n<jane@x> <j@older>\n")
    (tmp_path / "seeds" / "identities.csv").write_text("alias,developer_id\nj@old,joe@x\n")
    assert csv_files.rows(seed, tmp_path) == [
        ("j@old", "joe@x", None, None),
        ("j@older", "jane@x", "Jane", "jane@x"),
        ("jane@x", "jane@x", "Jane", "jane@x"),
    ]
