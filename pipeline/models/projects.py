"""What a project is called, and which team a developer was in on a day.

How records name a project stands in `pipeline.agents.projects`, too, for what is not in a database.
"""

import ibis
import ibis.expr.types as ir

from pipeline.models.expressions import UNKNOWN, once


def without_credentials(address: ir.StringValue) -> ir.StringValue:
    """An address, or a name, without user, password and query, and without blanks around it."""
    asked = address.re_replace("//[^/]*@", "//").re_replace("//.*@", "//hidden/")
    shown = ibis.ifelse(address.contains("@"), asked.re_replace("^[^@/]*:.*@", ""), address)
    has_query = address.contains("?") | address.contains("#")
    return ibis.ifelse(has_query, shown.re_replace("[?#].*$", ""), shown).strip()


def with_canonical(table: ir.Table) -> ir.Table:
    """`table`, its `project_id` the project that is named there: `owner/name` of an address.

    NULL for none, and for somebody's home. What is named is an address or a name, `without_credentials`.
    """
    named = table.project_id
    plain = named.re_replace("^([A-Za-z0-9+.-]+::)+", "").re_replace("^[Ff][Ii][Ll][Ee]:(//[^/]*)?", "")
    # It is asked many times: copies of it would make the SQL long, and its planning slow.
    told = table.mutate(_plain=once(plain))
    return told.mutate(project_id=_canonical(told.project_id, told._plain)).select(*table.columns)


def _canonical(text: ir.StringValue, plain: ir.StringValue) -> ir.StringValue:
    """The project of a text; `plain` is without what may stand before an address."""
    # To look for places of letters is cheap, and nearly all names are as they should be.
    is_canonical = ~ibis.or_(
        *(text.contains(letter) for letter in (":", "\\")),
        *(text.startswith(letter) for letter in ("/", "~")),
        *(text.endswith(end) for end in ("/", ".git")),
    )
    folder = plain.replace("\\", "/").re_replace("/*$", "").re_replace("/[.]git$", "")
    is_home = folder.lower().re_search("^([a-z]:)?/(home|users)/[^/]+$|^/root$|^~$")
    is_folder = plain.re_search("^([/~]|\\\\|[A-Za-z]:[/\\\\])")
    path = ibis.cases(
        (is_folder & is_home, ""),
        (is_folder, folder.re_replace("^.*/", "")),
        (plain.contains("://"), plain.re_replace("^[^:]*://[^/]*", "")),
        (plain.re_search("^[^/:@ ]+(@[^/:@ ]+|[.][^/:@ ]+):."), plain.re_replace("^[^:]*:", "")),
        else_=plain,
    )
    name = path.re_replace("^/+", "").re_replace("/*$", "").re_replace("[.]git$", "").re_replace("/*$", "")
    return ibis.ifelse(is_canonical, text, name).nullif("").nullif(UNKNOWN)


def with_project(table: ir.Table, projects: ir.Table) -> ir.Table:
    """`table`, its `project_id` replaced where projects.csv has it as another name; NULL stays NULL."""
    # Two spellings of one alias would double what they are joined to.
    names = projects.group_by(_alias=projects["alias"].lower()).agg(_meant=projects.project_id.min())
    joined = table.left_join(names, table.project_id.lower() == names._alias)
    return joined.mutate(project_id=ibis.coalesce(joined._meant, joined.project_id)).select(*table.columns)


def owners(projects: ir.Table) -> ir.Table:
    """One row per project_id of projects.csv: it has a line per name, and any of them may say whose it is."""
    return projects.group_by("project_id").agg(
        owner=projects.owner.min(), cost_centre=projects.cost_centre.min()
    )


def is_member(membership: ir.Table, day: ir.DateValue) -> ir.BooleanValue:
    """Whether a period in a team has the day: it ends before the first day no longer in it."""
    return (membership.valid_from <= day) & (membership.valid_to.isnull() | (day < membership.valid_to))


def with_team(table: ir.Table, memberships: ir.Table, day: str) -> ir.Table:
    """`table` with the `team` and `cost_centre` of its `developer_id` on its `day`; `unknown` without one."""
    named = memberships.select(
        "valid_from", "valid_to", _member="developer_id", _team="team", _cost_centre="cost_centre"
    )
    joined = table.left_join(
        named,
        [
            table.developer_id == named._member,
            is_member(named, table[day]),
        ],
    )
    return joined.select(
        *table.columns,
        team=joined._team.fill_null(UNKNOWN),
        cost_centre=joined._cost_centre.fill_null(UNKNOWN),
    )
