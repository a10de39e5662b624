"""The database that the rows go into: a DuckDB file or PostgreSQL, as PyAirbyte, SQLAlchemy and dbt want it named."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from lake.errors import LakeError, WrongCommand

MODELS_SCHEMA = os.environ.get("UNIFIED_USAGE_MODELS_SCHEMA", "usage_answers")
_SCHEMES = ("postgresql", "postgres")
_FORM = "Write it as postgresql://user@host:port/database; the port may be left out"
# PyAirbyte asks for all of a table before it writes there, though its tables have columns only. DuckDB answers each of
# these questions in 50 ms: for all streams together that would take longer than writing them
_REFLECTED_IN_VAIN = (
    "pk_constraint",
    "foreign_keys",
    "unique_constraints",
    "check_constraints",
    "indexes",
    "table_comment",
    "table_options",
)
_PATIENCE = "10"  # seconds for PostgreSQL to answer; libpq itself would wait for minutes


class Target(ABC):
    """`name`: as messages call it, without a password. `schema`: where the raw tables are."""

    dbt_target: str

    def __init__(self, name: str, schema: str) -> None:
        self.name, self.schema = name, schema

    @abstractmethod
    def cache(self) -> Any:
        """The PyAirbyte cache, with connections of its own."""

    @abstractmethod
    def engine(self) -> sqlalchemy.Engine:
        """A SQLAlchemy engine. It belongs to the caller, who disposes of it."""

    @abstractmethod
    def variables(self) -> Mapping[str, str]:
        """The environment variables that the dbt profile reads."""

    @abstractmethod
    def explain(self, said: str) -> str:
        """Why the database cannot be used, and what to do, from the driver's message."""

    @abstractmethod
    def claim(self, connection: sqlalchemy.Connection) -> None:
        """Keep other syncs out as long as the connection is open. Raises LakeError."""

    def require(self) -> None:
        """Raises LakeError unless the models are there."""
        engine = self.engine()
        try:
            with self.explained():
                names = sqlalchemy.inspect(engine).get_table_names(schema=MODELS_SCHEMA)
        finally:
            engine.dispose()
        if not names:
            raise self._without_models()

    def _without_models(self) -> LakeError:
        return LakeError(f"{self.name} holds no models in {MODELS_SCHEMA} yet. Sync first.")

    @contextmanager
    def held(self) -> Iterator[sqlalchemy.Connection]:
        """The database, opened for as long as the block runs, with the schema created. Raises LakeError.

        So a database that is missing, refuses the password or is in use stops a sync before its first request, and no
        other process takes it away before the rows are written.
        """
        engine = self.engine()
        try:
            with self.explained():
                connection = engine.connect()
            with connection:
                with self.explained():
                    self.claim(connection)
                    self._make_schema(connection)
                yield connection
        finally:
            engine.dispose()

    def _make_schema(self, connection: sqlalchemy.Connection) -> None:
        """PostgreSQL's "if not exists" asks for the right to create one, also where there is nothing to create."""
        found = sqlalchemy.text("select 1 from information_schema.schemata where schema_name = :schema")
        if connection.execute(found, {"schema": self.schema}).first() is None:
            connection.execute(sqlalchemy.text(f"create schema {self.schema}"))
        connection.commit()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Within the block, a refusal of the database becomes a LakeError."""
        try:
            yield
        except (DBAPIError, OSError) as error:
            said = str(error.orig if isinstance(error, DBAPIError) else error.strerror)
            raise LakeError(self.explain(said)) from None


class DuckDB(Target):
    """A file, which its folder is made for."""

    dbt_target = "duckdb"

    def __init__(self, path: Path, schema: str) -> None:
        super().__init__(str(path), schema)
        self.path = path.absolute()

    def cache(self) -> Any:
        from airbyte.caches import DuckDBCache

        cache = DuckDBCache(db_path=self.path, schema_name=self.schema)
        dialect = cache.get_sql_engine().dialect
        for kind in _REFLECTED_IN_VAIN:
            setattr(dialect, f"get_multi_{kind}", lambda *_, **__: ())
        return cache

    def engine(self) -> sqlalchemy.Engine:
        if not self.path.parent.exists():
            with self.explained():
                self.path.parent.mkdir(parents=True)
        return sqlalchemy.create_engine(f"duckdb:///{self.path}")

    def require(self) -> None:
        if not self.path.exists():  # DuckDB would make it
            raise self._without_models()
        super().require()

    def variables(self) -> Mapping[str, str]:
        return {"UNIFIED_USAGE_DUCKDB": str(self.path)}

    def claim(self, connection: sqlalchemy.Connection) -> None:
        """DuckDB gives a file to one process only."""

    def explain(self, said: str) -> str:
        if holder := re.search(r"lock is held in .*?(\(PID \d+\))", said):
            return f"{self.name} is open in another process {holder[1]}. Close it there, then sync again."
        if "not a valid DuckDB" in said:
            return f"{self.name} is not a DuckDB file. Name another file with --into."
        reason = re.sub(r'^(\w+ Error: )?(.*?"[^"]*": )?', "", said.strip().splitlines()[0])
        return f"{self.name} cannot be used: {reason.rstrip('.')}."


class PostgreSQL(Target):
    """A database of a server. libpq finds the password itself, in PGPASSWORD or ~/.pgpass: no URL ever holds it."""

    dbt_target = "postgres"

    def __init__(self, user: str, host: str, port: int, database: str, schema: str) -> None:
        super().__init__(f"postgresql://{user}@{host}:{port}/{database}", schema)
        self._user, self._host, self._port, self._database = user, host, port, database
        os.environ.setdefault("PGCONNECT_TIMEOUT", _PATIENCE)

    def cache(self) -> Any:
        from airbyte.caches import PostgresCache

        # PyAirbyte writes the parts into a URL as they are; SQLAlchemy decodes the user of one, but not the database
        return PostgresCache(
            host=f"[{self._host}]" if ":" in self._host else self._host,
            port=self._port,
            username=quote(self._user, safe=""),
            password="",
            database=self._database,
            schema_name=self.schema,
        )

    def engine(self) -> sqlalchemy.Engine:
        return sqlalchemy.create_engine(
            sqlalchemy.URL.create(
                "postgresql", username=self._user, host=self._host, port=self._port, database=self._database
            )
        )

    def variables(self) -> Mapping[str, str]:
        return {
            "UNIFIED_USAGE_PG_HOST": self._host,
            "UNIFIED_USAGE_PG_PORT": str(self._port),
            "UNIFIED_USAGE_PG_USER": self._user,
            "UNIFIED_USAGE_PG_PASSWORD": os.environ.get("PGPASSWORD", ""),
            "UNIFIED_USAGE_PG_DATABASE": self._database,
        }

    def explain(self, said: str) -> str:
        lines = [line.strip() for line in said.splitlines()] or ["no explanation"]
        line = next((line for line in lines if "FATAL:" in line), lines[0])
        reason = re.sub(r"^connection to server .*? failed: ", "", line).replace("FATAL:", "").strip().rstrip(".")
        advice = ""
        if "password" in reason:
            advice = " Set the right one in the environment variable PGPASSWORD."
        return f"{self.name} cannot be used: {reason}.{advice}"

    def claim(self, connection: sqlalchemy.Connection) -> None:
        taken = connection.execute(
            sqlalchemy.text("select pg_try_advisory_lock(hashtext(:name))"), {"name": f"unified_usage.{self.schema}"}
        ).scalar()
        if not taken:
            raise LakeError(f"Another sync writes into {self.name}, schema {self.schema}. Wait until it has ended.")


def target_of(into: str, schema: str) -> Target:
    """The database that `--into` names. Raises WrongCommand, which never shows what may be a password."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema) or schema == MODELS_SCHEMA:
        raise WrongCommand(
            f"--schema: {schema!r} cannot hold the tables. Take lower-case letters, digits and _, "
            f"and another name than {MODELS_SCHEMA}, where the models are."
        )
    scheme, separator, _ = into.partition("://")
    if not separator:
        return _file(into, schema)
    if scheme not in _SCHEMES:
        raise WrongCommand(f"--into: a database {scheme}:// is not known. Name a DuckDB file or postgresql://...")
    try:
        parts = urlsplit(into)
        port = parts.port or 5432
    except ValueError:
        raise WrongCommand(f"--into: the address of the database cannot be read. {_FORM}.") from None
    return _server(parts, port, schema)


def _file(into: str, schema: str) -> DuckDB:
    path = Path(into).expanduser()
    catalog = path.name.partition(".")[0].lower()
    if not path.name or catalog in (schema, MODELS_SCHEMA):
        raise WrongCommand(
            f"--into: DuckDB cannot tell a file {path.name!r} from a schema of the same name. Name the file otherwise."
        )
    return DuckDB(path, schema)


def _server(parts: SplitResult, port: int, schema: str) -> PostgreSQL:
    if parts.password is not None:
        raise WrongCommand(
            "--into: a password does not belong into the address, where others see it. "
            "Set it in the environment variable PGPASSWORD and leave it out here."
        )
    database = unquote(parts.path.lstrip("/"))
    if not parts.username or not parts.hostname or not database or parts.query or parts.fragment:
        raise WrongCommand(f"--into: the address names no user, host or database, or more than these. {_FORM}.")
    return PostgreSQL(unquote(parts.username), parts.hostname, port, database, schema)
