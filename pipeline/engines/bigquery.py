"""BigQuery, spoken to through Google's own client.

The URL is `bigquery://project?location=EU`; the schemas are datasets of that project. (A dataset in the URL,
as Ibis takes it, is the one of names without a dataset in a notebook.) Credentials come from the environment,
as Google's client finds them. This was tested on an emulator only, which speaks BigQuery's protocol and is
not Google's service.
"""

import datetime as dt
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from google.api_core.exceptions import Conflict, Forbidden, GoogleAPIError, NotFound, RetryError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from pipeline.config import redact
from pipeline.engines.base import ROW, Kind, check_options
from pipeline.engines.versioned_views import LOCK, LOCK_SCHEMA, VersionedViewsEngine
from pipeline.errors import ConfigError, QueryError, TargetError
from pipeline.plan.layers import MARTS

OPTIONS = {
    "location": 'where datasets are made and queries run, such as "EU"',
    "maximum_bytes_billed": "a statement that would scan more bytes fails, such as 10000000000",
    "labels": 'labels of every query, such as { team = "platform" }',
    "api_endpoint": "another address of the service; without encryption no credentials are sent",
}
LABELS = {"application": "aa-pipeline"}
# What to do about a refusal, by words of the service's message.
HINTS = {
    "Access Denied": (
        "The credentials need the roles BigQuery Job User on the project and BigQuery Data Editor on its"
        " datasets, or on the project if the datasets are not there yet."
    ),
    "bytes billed": "The target's option maximum_bytes_billed sets that limit; `build --dry-run` estimates.",
    "not found in location": "The target's option location must be where its datasets are.",
}
PARTITIONED_BY = ("date", "commit_date")
CLUSTERED_BY = ("developer_id", "agent_type")
HOURS_OF_LOCK = 6  # a lock that its process did not give back is gone after that
SECONDS_OF_RETRY = 60  # how long to try again where the service does not answer
SECONDS_PER_REQUEST = 120
SECONDS_TO_CANCEL = 10

TYPES = {
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    str: "STRING",
    Decimal: "NUMERIC",
    dt.datetime: "TIMESTAMP",
    dt.date: "DATE",
}


class BigQuery(VersionedViewsEngine):
    """A project of BigQuery."""

    dialect = "bigquery"

    def __init__(self, client: Any, url: str, wait: float, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.client = client
        self.url = redact(url)
        self.wait = wait
        self.settings = settings
        self.labels = LABELS | settings.get("labels", {})
        self._descriptions: dict[tuple[str, str], tuple[str, Mapping[str, str]]] = {}
        self._last_job: Any = None

    def close(self) -> None:
        self.client.close()

    def interrupt(self) -> None:
        # A job runs on, and is billed, though nobody waits for it any more.
        if self._last_job:
            with suppress(GoogleAPIError, GoogleAuthError, OSError):
                self._last_job.cancel(retry=None, timeout=SECONDS_TO_CANCEL)

    def fetch_result(
        self, sql: str, params: Sequence[Any] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        with _errors():
            found = self._job(sql, params).result(retry=_patience()["retry"])
            return [field.name for field in found.schema], [tuple(row.values()) for row in found]

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int | None:
        with _errors():
            job = self._job(sql, params)
            job.result(retry=_patience()["retry"])
            count: int | None = job.num_dml_affected_rows
            return count

    def bytes_to_scan(self, sql: str) -> int | None:
        with _errors():
            job = self._job(sql, None, dry_run=True, use_query_cache=False)
            return int(job.total_bytes_processed or 0)

    def _job(self, sql: str, params: Sequence[Any] | None, **options: Any) -> Any:
        config = bigquery.QueryJobConfig(labels=self.labels, **options)
        limit = self.settings.get("maximum_bytes_billed")
        if limit and not config.dry_run:  # an estimate costs nothing
            config.maximum_bytes_billed = limit
        if params:
            config.query_parameters = [
                bigquery.ScalarQueryParameter(None, TYPES.get(type(value), "STRING"), value)
                for value in params
            ]
        self._last_job = self.client.query(self.redirected(sql), job_config=config, **_patience())
        return self._last_job

    # What there is

    def schemas(self) -> list[str]:
        with _errors():
            return [dataset.dataset_id for dataset in self.client.list_datasets(**_patience())]

    def objects(self, schema: str) -> dict[str, Kind]:
        with _errors(), suppress(Forbidden):  # a dataset that we may not read
            tables = self.client.list_tables(f"{self.client.project}.{schema}", **_patience())
            return {table.table_id: "view" if table.table_type == "VIEW" else "table" for table in tables}
        return {}

    def shapes(self, schema: str) -> dict[str, dict[str, str]]:
        if schema not in self.schemas():
            return {}
        tables: dict[str, dict[str, str]] = {}
        for table, column, native in self.fetch(
            f"SELECT table_name, column_name, data_type FROM {self.quote(schema)}.INFORMATION_SCHEMA.COLUMNS"
            " ORDER BY table_name, ordinal_position"
        ):
            if self.is_logical(table):
                tables.setdefault(table, {})[column] = native
        return tables

    def content_hash(self, query: str) -> str | None:
        hashed = f"SELECT farm_fingerprint(to_json_string({ROW})) AS h FROM ({query}) AS {ROW}"
        counted = f"SELECT count(*), bit_xor(h), sum(CAST(h AS NUMERIC)) FROM ({hashed})"
        return ":".join(map(str, self.fetch(counted)[0]))

    # Writing

    def create_schema(self, name: str) -> None:
        dataset = bigquery.Dataset(f"{self.client.project}.{name}")
        location = self.settings.get("location")
        with _errors():
            try:  # who may not make a dataset may still use one
                there = self.client.get_dataset(dataset.reference, **_patience()).location
            except NotFound:
                if location:
                    dataset.location = location
                there = self.client.create_dataset(dataset, exists_ok=True, **_patience()).location
        if location and there and there.upper() != location.upper():
            raise TargetError(
                f"The dataset {name} of {self.url} is in {there}, and the target's location is {location}."
                f" A query cannot read both: say location={there}, or move the datasets."
            )

    def create(self, schema: str, table: str, select: str, kind: Kind, replacing: Kind | None) -> int | None:
        super().create(schema, table, select, kind, replacing)
        if kind == "view":
            return None
        with _errors():
            name = f"{self.client.project}.{schema}.{self.current_name(schema, table)}"
            rows: int | None = self.client.get_table(name, **_patience()).num_rows
            return rows

    def storage(self, schema: str, kind: Kind, select: str) -> str:
        # Marts are read by day, person and agent; the models' other tables as a whole.
        if schema != MARTS.schema or kind == "view":
            return ""
        outermost = select.partition("\nFROM ")[0]
        days = [column for column in PARTITIONED_BY if f"AS `{column}`" in outermost]
        names = [column for column in CLUSTERED_BY if f"AS `{column}`" in outermost]
        partitioned = f"PARTITION BY `{days[0]}` " if days else ""
        clustered = f"CLUSTER BY {', '.join(map(self.quote, names))} " if names else ""
        return partitioned + clustered

    def describe(
        self, schema: str, table: str, kind: Kind, description: str, columns: Mapping[str, str]
    ) -> None:
        self._descriptions[schema, table] = description, columns  # for the view, which `publish` makes

    def publish(self) -> None:
        super().publish()
        descriptions, self._descriptions = self._descriptions, {}
        for (schema, name), (description, columns) in descriptions.items():
            with _errors():
                view = self.client.get_table(f"{self.client.project}.{schema}.{name}", **_patience())
                view.description = description
                view.schema = [
                    bigquery.SchemaField(f.name, f.field_type, description=columns.get(f.name))
                    for f in view.schema
                ]
                self.client.update_table(view, ["description", "schema"], **_patience())

    def rollback(self) -> None:
        self._descriptions.clear()
        super().rollback()

    def append(self, schema: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        if not rows:
            return 0
        name = self.current_name(schema, table)
        with _errors():
            target = self.client.get_table(f"{self.client.project}.{schema}.{name}", **_patience())
            config = bigquery.LoadJobConfig(
                schema=[field for field in target.schema if field.name in columns],
                source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
                write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
                labels=self.labels,
            )
            lines = "\n".join(
                json.dumps({c: _plain(value) for c, value in zip(columns, row, strict=True)}) for row in rows
            )
            data = io.BytesIO(lines.encode())
            self._last_job = self.client.load_table_from_file(
                data, target.reference, job_config=config, timeout=SECONDS_PER_REQUEST
            )
            self._last_job.result(retry=_patience()["retry"])
        return len(rows)

    def create_lock(self, holder: str) -> bool:
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(hours=HOURS_OF_LOCK)
        table = bigquery.Table(
            f"{self.client.project}.{LOCK_SCHEMA}.{LOCK}", schema=[bigquery.SchemaField("held", "BOOL")]
        )
        table.description, table.expires = holder, expires
        try:
            with _errors():
                self.client.create_table(table, **_patience())
        except QueryError as error:
            if isinstance(error.__cause__, Conflict):
                return False
            raise
        return True

    def lock_holder(self) -> str:
        with _errors(), suppress(NotFound):  # the holder may just have removed it
            table = self.client.get_table(f"{self.client.project}.{LOCK_SCHEMA}.{LOCK}", **_patience())
            return str(table.description or "")
        return ""

    def ibis(self) -> Any:
        import ibis

        connection = ibis.bigquery.connect(
            project_id=self.client.project,
            dataset_id=urlsplit(self.url).path.strip("/"),
            client=self.client,
            credentials=self.client._credentials,
        )
        if isinstance(self.client, ClientOfAnotherAddress):
            connection.storage_client = None
        return connection


class ClientOfAnotherAddress(bigquery.Client):  # type: ignore[misc] # Google's client is not typed
    """A client that fetches rows, too, from its own address, and not from Google's Storage API."""

    def _ensure_bqstorage_client(self, *arguments: Any, **options: Any) -> None:
        return None


def open_engine(
    url: str,
    *,
    read_only: bool = False,
    wait: float = 5.0,
    memory_limit: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> BigQuery:
    """Open the project of a URL.

    Raises:
        ConfigError: an option is unknown.
        TargetError: there are no credentials, or the project cannot be reached with them.
    """
    parts = urlsplit(url)
    settings = _settings({**(options or {}), **dict(parse_qsl(parts.query))})
    endpoint = settings.get("api_endpoint")
    project = parts.hostname
    if not project:
        raise TargetError(f"{redact(url)} names no project. Write bigquery://project.")
    try:
        client = (ClientOfAnotherAddress if endpoint else bigquery.Client)(
            project=project,
            location=settings.get("location"),
            # Credentials never travel without encryption.
            credentials=AnonymousCredentials() if endpoint and endpoint.startswith("http://") else None,
            client_options={"api_endpoint": endpoint} if endpoint else None,
        )
        list(client.list_datasets(max_results=1, timeout=30, retry=None))
    except OSError as error:
        raise TargetError(
            f"Cannot open {redact(url)}: {_one_line(error)}. Check the network, and the target's option"
            " api_endpoint if it has one."
        ) from None
    except (GoogleAPIError, GoogleAuthError) as error:
        raise TargetError(
            f"Cannot open {redact(url)}: {_one_line(error)}. Check the project, and that Google's client"
            " finds credentials: `gcloud auth application-default login`, or the environment variable"
            " GOOGLE_APPLICATION_CREDENTIALS."
        ) from None
    return BigQuery(client, url, wait, settings)


def _settings(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a target, converted to their types.

    Raises:
        ConfigError: one is unknown, or is not what it must be.
    """
    settings = dict(check_options("BigQuery", OPTIONS, options))
    labels, limit = settings.get("labels", {}), settings.get("maximum_bytes_billed", 1)
    if not isinstance(labels, Mapping) or not all(isinstance(text, str) for text in labels.values()):
        raise ConfigError(
            f'labels must be a table of texts, such as {{ team = "platform" }}, not {labels!r}.'
        )
    if not str(limit).isdigit() or int(limit) < 1:
        raise ConfigError(
            f"maximum_bytes_billed must be a number of bytes, such as 10000000000, not {limit!r}."
        )
    if "maximum_bytes_billed" in settings:
        settings["maximum_bytes_billed"] = int(limit)
    return settings


def _patience() -> dict[str, Any]:
    """How long a request is tried; the client's own patience is ten minutes of silence."""
    return {"retry": DEFAULT_RETRY.with_timeout(SECONDS_OF_RETRY), "timeout": SECONDS_PER_REQUEST}


@contextmanager
def _errors() -> Iterator[None]:
    """Turns what the client raises into one paragraph."""
    try:
        yield
    except (RetryError, GoogleAuthError, OSError) as error:
        raise QueryError(
            f"The connection to BigQuery was lost: {_one_line(error)}. Nothing was published;"
            " run the command again."
        ) from error
    except GoogleAPIError as error:
        message = _one_line(error)
        hint = next((f" {text}" for word, text in HINTS.items() if word in message), "")
        raise QueryError(f"BigQuery refused a statement: {message}.{hint}") from error


def _one_line(error: Exception) -> str:
    """The service's message, without the statement, the job's number and the message again."""
    cause = error.cause if isinstance(error, RetryError) and error.cause else error
    text = str(getattr(cause, "message", cause)).split("\n\n")[0].split("; reason: ")[0]
    text = re.sub(r"^[A-Z]+ https?://\S+: ", "", text)  # what was asked of which address
    if refused := re.search(r"\[Errno -?\d+\] [^\"')]+", text):
        text = refused[0]
    return " ".join(text.split())[:500].rstrip(".")


def _plain(value: Any) -> Any:
    """A value as a load job reads it."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.UTC).astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date | Decimal):
        return str(value)
    return value
