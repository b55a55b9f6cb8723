"""Tables of another target, read in the place of those that have not been built in this one.

A model that was made of them is made anew by every build until what it reads has been built here.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.engines.base import Engine
from pipeline.errors import ModelError
from pipeline.plan import PlanTable
from pipeline.plan.check_results import shape_problems
from pipeline.privacy import database

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms


@dataclass
class Deferral:
    """Another target, open to be read.

    Attributes:
        target: as people know it.
        other: its database.
        relations: what is read in the place of a table, by its quoted name; filled while tables are borrowed.
        tables: the names of those tables.
    """

    target: str
    other: Engine
    relations: dict[str, str] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)

    def refuse_other_people(self, pseudonyms: "Pseudonyms | None") -> None:
        """Refuse to bring names of people beside pseudonyms, or pseudonyms of another key.

        Raises:
            SetupError: the other database has pseudonyms of another key, or of any where none are asked for.
            ModelError: it has names where pseudonyms are asked for.
        """
        database.refuse_other_key(self.other, pseudonyms)
        if pseudonyms and not database.is_published(self.other):
            raise ModelError(
                f"{self.target} has published names of people, and pseudonyms are asked for. Build it with"
                " pseudonyms first, or build here what is read."
            )

    def borrow(self, engine: Engine, table: PlanTable, reader: PlanTable) -> None:
        """Have a table of the other target read by the models of this build.

        Args:
            engine: what builds, within its transaction.
            table: which table.
            reader: a model that reads it.

        Raises:
            ModelError: it is not there as this code plans it, or the reader is a view, which would stay.
            TargetError: this engine cannot read the other one.
        """
        if reader.materialized == "view":
            raise ModelError(
                f"{reader.name} is a view of {table.name}, which was not built here, and no view can read"
                f" {self.target}. `aa-pipeline build -s +{reader.name}` builds both."
            )
        if table.name in self.tables:
            return
        columns = {column.name: column.native_type for column in table.columns}
        shape = self.other.shapes(table.schema).get(table.name)
        # Another engine has other types, and cannot be read at all.
        problems = shape_problems(table, shape) if self.other.dialect == engine.dialect else []
        if problems:
            raise ModelError(
                f"{reader.name} reads {table.name}, which was not built here, and {self.target} has no such"
                f" table either: {problems[0]} `aa-pipeline build -s +{reader.name}` builds both."
            )
        relation = engine.borrow(self.other, table.schema, table.name, columns)
        self.relations[engine.name(table.schema, table.name)] = relation
        self.tables.add(table.name)

    def of(self, table: PlanTable) -> list[str]:
        """Which of the tables that a model reads are borrowed."""
        return [name for name in table.depends_on if name in self.tables]
