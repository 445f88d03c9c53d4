"""Work done in a process of its own, as a worker does it, so that its peak memory can be told.

``python -m o2c.bench.child dotted.path '{"argument": 1}'`` prints what the function returned, and the peak, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import django


@dataclass(frozen=True)
class Finished:
    """What the function returned, and the most memory the process ever held, in MB (``VmHWM``)."""

    value: Any
    peak: float


def in_child(path: str, /, **arguments: Any) -> Finished:
    """Call a function by its dotted path in a fresh process on the same database.

    :raises RuntimeError: it failed, with its last words
    """
    done = subprocess.run(
        [sys.executable, "-m", "o2c.bench.child", path, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "o2c.settings"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:] or f"exit code {done.returncode}")
    return Finished(**json.loads(done.stdout.splitlines()[-1]))


def peak_memory() -> float:
    """The most memory this process ever held, in MB."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) / 1024


def database_url() -> str:
    """The address of the database in use: in a test it is another one than that of the environment."""
    from django.db import connection

    name = quote(str(connection.settings_dict["NAME"]))
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def main() -> None:
    """Do what the command line says."""
    django.setup()
    from django.utils.module_loading import import_string

    value = import_string(sys.argv[1])(**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps({"value": value, "peak": peak_memory()}) + "\n")


if __name__ == "__main__":
    main()
