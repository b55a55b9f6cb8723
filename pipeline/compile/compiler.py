"""The compiler: models and contracts in, a plan out."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot.expressions as sge
from ibis.common.exceptions import UnsupportedOperationError

from pipeline.compile import dialects
from pipeline.compile.analysis.column_lineage import lineage
from pipeline.compile.analysis.grouped import is_grouped
from pipeline.compile.analysis.kept_rows import Unproven, kept_columns
from pipeline.compile.analysis.relations import Relations
from pipeline.compile.analysis.time_drift import partitions_over_time, time_drift
from pipeline.compile.checks.contract_checks import shape_problems
from pipeline.compile.checks.freshness import freshness_check
from pipeline.compile.checks.laws import law_check
from pipeline.compile.checks.proof import promised
from pipeline.compile.checks.sql import table_checks
from pipeline.compile.merging import merged
from pipeline.compile.model_files import Law, Model, TableFunction
from pipeline.compile.renderings import COMPILERS, by_code_point
from pipeline.compile.sources import Codes, codes_of
from pipeline.config import Config
from pipeline.errors import ModelError, did_you_mean
from pipeline.extensions import Extension, in_words, place_of, with_code
from pipeline.models.operations import as_of, span
from pipeline.plan import Check, Plan, PlanColumn, PlanTable
from pipeline.plan.bind import TIME_WINDOW_SECONDS, WINDOW_DAYS, WINDOW_HOURS, bind, unbound_settings
from pipeline.plan.contract_diff import diff as differences
from pipeline.plan.layers import RAW, SEEDS
from pipeline.plan.lineage import VALUE
from pipeline.system.compat import check_versions
from schemas.base import Contract, Source


def compile_plan(
    dialect: str,
    config: Config | None = None,
    shapes: Mapping[str, Mapping[str, str]] | None = None,
    *,
    models: str = "pipeline.models",
    schemas: str = "schemas",
    fingerprint: str = "",
) -> Plan:
    """The plan for one database; needs no connection and no data.

    Args:
        dialect: duckdb, postgres, pyspark or bigquery.
        config: settings that models and checks take; the defaults if None.
        shapes: the raw tables as a database has them, table → column → native type;
            None stands for tables exactly like their contracts.
        models: the package of the models.
        schemas: the package of the contracts.
        fingerprint: what the plan is valid for; that of its content if empty.

    Raises:
        ModelError: a model or a contract is not what it must be.
        TargetError: a raw table of the database cannot be understood.
    """
    config = config or Config()
    settings = config.model_settings()
    plan = compile_unbound(
        dialect,
        unbound_settings(settings, dialect),
        models=models,
        schemas=schemas,
        extensions=with_code(config.project_dir),
    )
    return bind(plan, settings, config.check_settings(), shapes, fingerprint)


def compile_unbound(
    dialect: str,
    settings: Mapping[str, Any],
    *,
    models: str,
    schemas: str,
    extensions: Sequence[Extension] = (),
    codes: Codes | None = None,
    earlier: Mapping[str, PlanTable] = MappingProxyType({}),
    compiled: Mapping[str, PlanTable] = MappingProxyType({}),
    on_compile: Callable[[str], None] = lambda name: None,
) -> Plan:
    """The plan for any database of a dialect, to be bound to one.

    Args:
        dialect: duckdb, postgres, pyspark or bigquery.
        settings: those that models get, as `unbound_settings` has them.
        models: the package of the models.
        schemas: the package of the contracts.
        extensions: what is added to them.
        codes: those of `codes_of` the same, if known.
        earlier: tables as an earlier plan has them, by their `code`; what has the same is not compiled again.
        compiled: models that somebody else has compiled already, and may go on compiling.
        on_compile: told the name of each model that is compiled.

    Raises:
        ModelError: a model or a contract is not what it must be.
    """
    compiler = Compiler(dialect, settings, models, schemas, extensions)
    codes = codes or codes_of(dialect, settings, models, schemas, extensions)
    tables = []
    for name, contract in (compiler.sources | compiler.seeds).items():
        code = codes.of_contract(name, name in compiler.added_seeds)
        table = earlier.get(code) or compiler.source_or_seed(name, contract)
        tables.append(replace(table, code=code))
    for name, model in compiler.graph.items():
        is_shipped, has_added_laws = not compiler.concerns(model), compiler.has_added_laws(name)
        code = codes.of_model(name, not is_shipped or has_added_laws)
        made = earlier.get(code)
        if made is None and is_shipped:
            made = earlier.get(codes.models[name])
        elif made is not None:
            has_added_laws = False
        if made is None:
            on_compile(name)
            made = compiler.with_laws(compiled.get(name) or compiler.model(model))
        if has_added_laws:
            made = compiler.with_laws(made, added=True)
        tables.append(replace(made, code=code))
    return Plan(
        fingerprint="",
        dialect=dialect,
        version=version("aa-pipeline"),
        settings=dict(settings),
        tables={table.name: table for table in tables},
    )


def compile_models(
    dialect: str,
    settings: Mapping[str, Any],
    *,
    models: str,
    schemas: str,
    extensions: Sequence[Extension],
    codes: Codes,
    earlier: Collection[str],
) -> Iterator[PlanTable]:
    """The models of a plan one by one, the last first, as `compile_unbound` takes them from elsewhere.

    Not those whose code is among `earlier`: somebody has them.
    """
    compiler = Compiler(dialect, settings, models, schemas, extensions)
    for model in reversed(compiler.graph.values()):
        if codes.of_model(model.name, compiler.concerns(model)) not in earlier:
            yield compiler.model(model)


class Compiler:
    """What every table's compilation shares."""

    def __init__(
        self,
        dialect: str,
        settings: Mapping[str, Any],
        models: str,
        schemas: str,
        extensions: Sequence[Extension] = (),
    ) -> None:
        check_versions()
        self.dialect = dialect
        self.settings = {
            **settings,
            "as_of": as_of(),
            "window": span(WINDOW_DAYS, "D"),
            "window_hours": span(WINDOW_HOURS, "h"),
            "time_window": span(TIME_WINDOW_SECONDS, "s"),
        }
        found = merged(models, schemas, extensions)
        self.levels, self.contracts = found.levels, found.levels.all
        self.graph, self.laws = found.models, found.laws
        self.sources, self.seeds, self.added_seeds = found.sources, found.seeds, found.added_seeds
        self.folder = models.rpartition(".")[0].replace(".", "/")

    def source_or_seed(self, name: str, contract: type[Contract]) -> PlanTable:
        """A table that no model makes."""
        return self.source(contract) if issubclass(contract, Source) else self.seed(name, contract)

    def source(self, contract: type[Source]) -> PlanTable:
        """A raw table: nothing is made, only read."""
        return self._table(
            contract,
            layer=RAW.name,
            schema=RAW.schema,
            kind="source",
            path=_file_of(contract),
            expression=None,
            sql=None,
            may_be_missing=contract.may_be_missing(),
            json_columns=sorted(contract.json()),
            optional_columns=sorted(contract.optional()),
        )

    def seed(self, name: str, contract: type[Contract]) -> PlanTable:
        """A seed: loaded from CSV by the run."""
        return self._table(
            contract,
            layer=SEEDS.name,
            schema=SEEDS.schema,
            kind="seed",
            path=self.added_seeds.get(name) or f"{self.folder}/{SEEDS.name}/{name}.csv",
            expression=None,
            sql=None,
        )

    def model(self, model: Model) -> PlanTable:
        """A model: its expression proven against its contract, and its query."""
        expression = self.expression(model)
        contract = self.contracts[model.name]
        with self._writing(model):
            sql = self._publish(expression, contract)
        return self._table(
            contract,
            layer=model.layer,
            schema=model.schema,
            kind="model",
            path=model.path,
            materialized=model.materialise or "table",
            depends_on=list(model.reads),
            extended_by=[addition.path for addition in model.additions],
            expression=expression,
            sql=sql,
            lineage=self._lineage(model, expression),
            **self._partitions(model, expression),
            time_drift=self.time_drift(expression),
        )

    def concerns(self, model: Model) -> bool:
        """Whether what is added changes how a model is compiled, or the laws that come with it."""
        laws = [law for law in self.laws if law.table == model.name and not law.level]
        tables = {model.name, *model.reads, *(name for law in laws for name in law.reads)}
        return model.level > 0 or any(map(self.levels.is_altered, tables))

    def has_added_laws(self, name: str) -> bool:
        """Whether an extension has laws that are listed at a table."""
        return any(law.level and law.table == name for law in self.laws)

    def with_laws(self, table: PlanTable, *, added: bool = False) -> PlanTable:
        """A model with the laws that are listed at it among its checks: those shipped, or those added."""
        laws = [law for law in self.laws if law.table == table.name and bool(law.level) == added]
        own = {check.name for check in table.checks}
        for law in laws:
            if law.name in own:
                raise ModelError(
                    f"{law.where} is called like a check of {table.name} itself. Rename one of them."
                )
        return replace(table, checks=[*table.checks, *map(self.law, laws)])

    def law(self, law: Law) -> Check:
        """A law as a check of the table that it is listed at."""
        broken = self._expression(law)
        edges = [edge for edges in self._lineage(law, broken).values() for edge in edges]
        compared = {column for table, column, kind in edges if table == law.table and kind == VALUE}
        with self._writing(law):
            return law_check(
                law,
                columns=[column for column in self.contracts[law.table].columns() if column in compared],
                broken=self.query(broken),
                time_drift=self.time_drift(broken),
                sources=self.sources,
            )

    @contextmanager
    def _writing(self, function: TableFunction) -> Iterator[None]:
        """Says which file it is that the target has no SQL for."""
        try:
            yield
        except UnsupportedOperationError as error:
            raise ModelError(
                f"{function.where} cannot be written as a query for {self.dialect}: {error}."
                " Use what every engine has, or an operation with a rendering per engine."
            ) from error

    def _table(
        self,
        contract: type[Contract],
        *,
        expression: ir.Table | None,
        **fields: Any,
    ) -> PlanTable:
        name = contract.table()
        references = contract.references()
        descriptions = {column: field.description for column, field in contract.to_schema().columns.items()}
        columns = [
            PlanColumn(
                name=column,
                type=str(kind.copy(nullable=True)),
                native_type=dialects.native_type(kind, self.dialect),
                nullable=kind.nullable,
                description=descriptions[column] or "",
                references=references.get(column),
            )
            for column, kind in contract.columns().items()
        ]
        checks, relation = self._checks(contract, expression, fields["schema"])
        return PlanTable(
            name=name,
            description=contract.doc(),
            columns=columns,
            key=contract.key(),
            checks=checks,
            relation=relation,
            **fields,
        )

    def _checks(
        self, contract: type[Contract], expression: ir.Table | None, schema: str
    ) -> tuple[list[Check], str]:
        """The checks of a table, and what its rows are selected from."""
        name = contract.table()
        upstreams = self.graph[name].reads if name in self.graph else ()
        is_source = issubclass(contract, Source)
        checks, relation = table_checks(
            contract,
            self.unbound(name) if is_source else expression,
            dialect=self.dialect,
            schema=schema,
            schemas={table: self._schema(table) for table in self.contracts},
            assume=self._upstream_contracts(upstreams),
        )
        if issubclass(contract, Source):
            checks += freshness_check(contract, self.unbound(name), self.dialect)
        return checks, relation

    def _lineage(self, model: TableFunction, expression: ir.Table) -> dict[str, list[list[str]]]:
        """What each column of a model comes from."""
        relations = Relations(promised(self._upstream_contracts(model.reads)))
        return lineage(
            expression,
            self.tables(model),
            lambda relation: [key.columns for key in relations.rows(relation).keys],
        )

    def _partitions(self, model: Model, expression: ir.Table) -> dict[str, Any]:
        """The columns that partition the model: those of its key, if any, else all there are."""
        tables = self.tables(model)
        seeds = [name for name in model.reads if name in self.seeds]
        found, moved = partitions_over_time(expression, tables, seeds, self.contracts[model.name].key())
        return {
            "partitions": {column: dict(origin) for column, origin in found.columns.items()},
            "lookups": [*found.lookups],
            "moved": "" if moved is None else self.query(moved),
            "grouped": moved is None and is_grouped(expression, tables, seeds),
        }

    def _upstream_contracts(self, upstreams: Iterable[str]) -> dict[str, type[Contract]]:
        """The contracts that proofs may rest on: those of tables that we build and check."""
        return {
            name: self.contracts[name] for name in upstreams if not issubclass(self.contracts[name], Source)
        }

    def tables(self, model: TableFunction) -> dict[ops.Relation, str]:
        """What a model or a law is made of, with the name of each."""
        return {self.unbound(name).op(): name for name in model.reads}

    def expression(self, model: Model) -> ir.Table:
        """What a model makes of its tables, proven to be what its contract says."""
        contract = self.levels.own(model)
        if model.replaces:
            self._check_promises(model)
        expression = self._expression(model)
        self._check_shape(model, contract, expression)
        for addition in model.additions:
            expression = self._extended(model, addition, expression)
        return expression

    def select(self, model: Model) -> str:
        """A model as a query of its tables, its columns of the types of its contract."""
        return self._publish(self.expression(model), self.contracts[model.name])

    def _expression(self, model: TableFunction) -> ir.Table:
        return self._call(model, [self._as_seen(name, model.level) for name in model.upstreams])

    def _call(self, model: TableFunction, tables: Sequence[ir.Table]) -> ir.Table:
        try:
            expression = model.function(*tables, **{name: self.settings[name] for name in model.settings})
        except Exception as error:  # whatever a model raises
            place = f"{model.path}{place_of(error, model.file) or f':{model.line}'}"
            raise ModelError(f"{place} cannot be built: {in_words(error)}") from error
        if not isinstance(expression, ir.Table):
            raise ModelError(
                f"{model.where} returns {type(expression).__name__}, not a table."
                " A model is a function from Ibis tables to one Ibis table."
            )
        if expression.op().find(ops.InMemoryTable):
            raise ModelError(
                f"{model.where} brings rows of its own (ibis.memtable), which a plan cannot hold."
                " Put them into a seed: a CSV file and its contract."
            )
        return expression

    def _check_shape(self, model: Model, contract: type[Contract], expression: ir.Table) -> None:
        if problems := shape_problems(contract, expression.schema()):
            raise ModelError(f"{model.where} does not keep its contract: {' '.join(problems)}")

    def _extended(self, model: Model, addition: Model, expression: ir.Table) -> ir.Table:
        """A table with the columns that another model adds to it, proven to be the same otherwise."""
        before, after = self.levels.around(addition)
        base = ibis.table(
            {name: kind.copy(nullable=True) for name, kind in before.columns().items()}, name=model.name
        )
        others = [self._as_seen(name, addition.level) for name in addition.upstreams[1:]]
        proven = self._call(addition, [base, *others])
        relations = Relations(promised(self._upstream_contracts(addition.upstreams[1:])))
        try:
            kept = kept_columns(proven, base, relations, has_key=bool(before.key()))
        except Unproven as why:
            raise ModelError(
                f"{addition.where} extends {model.name}, whose rows must stay as they are: {why}."
            ) from None
        for name in before.columns():
            if name not in kept:
                does = "changes" if name in proven.columns else "leaves out"
                raise ModelError(
                    f"{addition.where} extends {model.name} and {does} its column {name}, which must stay"
                    " as it is. Give what is new another name."
                )
        added = [name for name in proven.columns if name not in kept]
        extended = self._call(addition, [expression, *others]).select(*before.columns(), *added)
        self._check_shape(addition, after, extended)
        return extended

    def unbound(self, name: str) -> ir.Table:
        """A table with no database behind it, as its contract says.

        Its types say nothing about NULL, as those of a database's tables do not: Ibis takes
        a column that may be NULL and one that may not for two types, and refuses their union.
        """
        contract = self.contracts.get(name)
        if contract is None:
            raise ModelError(f"The table {name} has no contract.{did_you_mean(name, self.contracts)}")
        columns = {column: kind.copy(nullable=True) for column, kind in contract.columns().items()}
        if issubclass(contract, Source):
            return ibis.table(columns, name=table_name(contract), database=RAW.schema)
        return ibis.table(columns, name=name, database=self._schema(name))

    def _as_seen(self, name: str, level: int) -> ir.Table:
        """A table with those columns that a level knows: a model that takes all of them stays as it is."""
        table = self.unbound(name)
        seen = self.levels.seen(name, level).columns() if name in self.contracts else table.columns
        return table if [*seen] == [*table.columns] else table.select(*seen)

    def _check_promises(self, model: Model) -> None:
        """Refuse a model in the place of another one whose contract promises less."""
        old, new = (
            self._table(contract, layer=model.layer, schema=model.schema, kind="model", expression=None)
            for contract in self.levels.around(model)
        )
        broken = [change for change in differences({model.name: old}, {model.name: new}) if change.breaking]
        if broken:
            said = " ".join(
                f"{change.column}: {change.what}" if change.column else change.what for change in broken
            )
            raise ModelError(
                f"{model.where} replaces {model.name}, and its contract promises less than the one before."
                f" {said}"
            )

    def time_drift(self, expression: ir.Table) -> str:
        """The query that tells whether time alone changes an expression's rows; empty if there is none."""
        count = time_drift(expression)
        return "" if count is None else self.query(count.as_table())

    def query(self, expression: ir.Table) -> str:
        """An expression as a query of the dialect."""
        return dialects.text(dialects.query(expression, self.dialect), self.dialect)

    def _schema(self, name: str) -> str:
        return self.graph[name].schema if name in self.graph else SEEDS.schema

    def _publish(self, expression: ir.Table, contract: type[Contract]) -> str:
        """The query of a model, its columns cast to exactly the types of the contract."""
        tree = dialects.query(expression, self.dialect)
        grammar = COMPILERS[self.dialect].dialect
        cast: dict[str, sge.Expression] = {
            name: sge.Cast(
                this=sge.column(name, table="model", quoted=True),
                to=sge.DataType.build(dialects.native_type(kind, self.dialect), dialect=grammar),
            )
            for name, kind in contract.columns().items()
        }
        if self.dialect == "postgres":
            texts = {name for name, kind in contract.columns().items() if kind.is_string()}
            cast = {name: by_code_point(value) if name in texts else value for name, value in cast.items()}
        inner = sge.Subquery(this=tree, alias=sge.to_identifier("model", quoted=True))
        columns = [value.as_(name, quoted=True) for name, value in cast.items()]
        return dialects.text(sge.select(*columns).from_(inner), self.dialect)


def _file_of(contract: type[Contract]) -> str:
    """The file of a contract, relative to the folder that holds its package."""
    return contract.__module__.replace(".", "/") + ".py"


def table_name(source: type[Source]) -> str:
    """What a source is called in the database: `RawOtelLogs` is `otel_logs`."""
    return source.table().removeprefix(f"{RAW.schema}_")
