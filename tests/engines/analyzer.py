"""Has Google's own analyzer of BigQuery's SQL, ZetaSQL, read statements: it knows all functions and types.

Runs in the environment of the emulator. Reads `{"tables": {name: {column: type}}, "statements": {name: sql}}`
from standard input, and writes what is wrong with which statement.
"""

import json
import sys

from zetasql.api import Analyzer, CatalogBuilder, TableBuilder
from zetasql.types import AnalyzerOptions, LanguageOptions, TypeKind, ZetaSQLBuiltinFunctionOptions

# What it says where it has understood a statement, and its answer is nested too deeply for this client of it.
UNDERSTOOD = "Error parsing message with type 'zetasql.local_service.AnalyzeResponse'"
KINDS = {
    "BOOL": TypeKind.TYPE_BOOL,
    "INT64": TypeKind.TYPE_INT64,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "NUMERIC": TypeKind.TYPE_NUMERIC,
    "STRING": TypeKind.TYPE_STRING,
    "DATE": TypeKind.TYPE_DATE,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
}


def main():
    given = json.load(sys.stdin)
    language = LanguageOptions.maximum_features()
    catalog = CatalogBuilder("project")
    for name, columns in given["tables"].items():
        table = TableBuilder(name)
        for column, kind in columns.items():
            table.add_column(column, KINDS[kind])
        catalog.add_table(table.build())
    catalog.with_builtin_functions(ZetaSQLBuiltinFunctionOptions(language_options=language))
    analyzer = Analyzer(AnalyzerOptions(language_options=language), catalog.build())
    wrong = {}
    for name, sql in given["statements"].items():
        try:
            analyzer.analyze_statement(sql)
        except Exception as error:
            if str(error) != UNDERSTOOD:
                wrong[name] = str(error)
    json.dump(wrong, sys.stdout)


if __name__ == "__main__":
    main()
