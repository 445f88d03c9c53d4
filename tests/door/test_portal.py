"""The launcher as an operator meets it: real processes in a home of their own, real signals, real refusals."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("database", "broker", "web", "worker", "scheduler")
PATIENCE = 600  # seconds; a busy machine is slow, only a hung one takes this long
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "PORT", "DJANGO_SETTINGS_MODULE")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="the launcher is made for Debian"),
    pytest.mark.skipif(
        not (ROOT / ".venv" / "portal-stamp.json").exists(),
        reason="needs the environment that ./portal test makes",
    ),
]


class Portal:
    """One home, and the launcher that runs over it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.launcher: subprocess.Popen[bytes] | None = None
        self.output = home.with_name("output.txt")

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name not in OURS and "PORTAL" not in name
        }
        return kept | {"PORTAL_HOME": str(self.home)} | more

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "portal", *arguments],
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.launcher = subprocess.Popen(
                [ROOT / "portal", "demo", "--no-data", "--port", str(self.port)],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        launcher = self.launcher
        wait_until(lambda: self.said().endswith("ready\n") or launcher.poll() is not None, PATIENCE)
        assert self.said().endswith("ready\n"), self.said()

    def said(self) -> str:
        return self.output.read_text()

    def end(self, number: int) -> int:
        """Send the launcher a signal and give back its exit code."""
        assert self.launcher is not None
        self.launcher.send_signal(number)
        code = self.launcher.wait(PATIENCE)
        self.launcher = None
        return code

    def processes(self) -> dict[int, str]:
        """What runs for this home: servers by their folder, the others by the mark in their environment."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                folder = Path(os.readlink(entry / "cwd"))
                marks = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if folder.parent == self.home:
                found[int(entry.name)] = {"valkey": "broker"}.get(folder.name, "database")
            for name in PLACES:
                if f"PORTAL_CHILD={name}@{self.home}".encode() in marks:
                    found[int(entry.name)] = name
        return found

    def shell(self, code: str) -> str:
        done = self.run("manage", "shell", "-v0", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    portal = Portal(tmp_path_factory.mktemp("door with a space") / "home")
    yield portal
    if portal.launcher is not None:
        portal.end(signal.SIGTERM)
    shutil.rmtree(portal.home, ignore_errors=True)


@pytest.fixture
def running(shared: Portal) -> Portal:
    """A portal that runs; started once for all tests here unless one of them stopped it."""
    if shared.launcher is None:
        shared.start()
    return shared


@pytest.fixture
def idle(tmp_path: Path) -> Portal:
    return Portal(tmp_path / "home")


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line that names what is wrong and how to mend it."""
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("portal: ")
    assert [word for word in words if word not in line] == []


def test_status_sees_all_five(running: Portal) -> None:
    done = running.run("status")
    states = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()[:5]}
    assert states == dict.fromkeys(PLACES, "running")
    assert done.returncode == 0
    assert str(running.home) in done.stdout


def test_a_second_start_says_where_the_first_one_runs(running: Portal) -> None:
    assert_refused(
        running.run("demo"), "already runs", str(running.home), f"http://127.0.0.1:{running.port}/"
    )


def test_a_busy_port_is_named(running: Portal, idle: Portal) -> None:
    assert_refused(idle.run("demo", "--port", str(running.port)), f"port {running.port} is in use", "--port")


def test_a_killed_worker_is_started_again(running: Portal) -> None:
    def workers() -> set[int]:
        return {pid for pid, name in running.processes().items() if name == "worker"}

    before = workers()
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(workers() - before) >= 3, PATIENCE)  # one process and its two hands
    assert workers() & before == set()
    wait_until(lambda: running.run("status").returncode == 0, PATIENCE)


def test_a_killed_launcher_leaves_nothing_and_loses_nothing(running: Portal) -> None:
    group = "from django.contrib.auth.models import Group; "
    running.shell(group + "Group.objects.create(name='kept')")
    assert set(running.processes().values()) == set(PLACES)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: running.processes() == {}, PATIENCE)
    assert running.run("status").returncode == 1

    running.start()
    assert running.run("status").returncode == 0
    assert running.shell(group + "print(Group.objects.filter(name='kept').count())") == "1"


def test_a_stopped_portal_leaves_nothing_and_commands_still_find_its_data(running: Portal) -> None:
    assert running.end(signal.SIGTERM) == 0
    assert running.processes() == {}
    assert running.shell("from accounts.models import User; print(User.objects.get().username)") == "admin"
    assert running.processes() == {}


@pytest.mark.parametrize(
    "value", ["nonsense", "mysql://here/o2c", "postgres://here:port/o2c", "postgres://here"]
)
def test_an_unreadable_database_address_is_named(idle: Portal, value: str) -> None:
    assert_refused(
        idle.run("demo", DATABASE_URL=value), "DATABASE_URL", "postgres://user:password@host:5432/name"
    )


def test_a_database_that_does_not_answer_is_named(idle: Portal) -> None:
    address = f"postgres://o2c@127.0.0.1:{free_port()}/o2c"
    done = idle.run("demo", "--port", str(idle.port), DATABASE_URL=address)
    assert_refused(done, "DATABASE_URL", "does not answer")


def test_a_broker_that_does_not_answer_is_named(idle: Portal) -> None:
    addresses = {
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}",
        "DATABASE_URL": "postgres://o2c@127.0.0.1:1/o2c",
    }
    assert "REDIS_URL" in idle.run("demo", REDIS_URL="http://here").stderr
    done = idle.run("manage", "version", **addresses)
    assert done.returncode == 2


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_named(idle: Portal, port: str) -> None:
    assert_refused(idle.run("demo", PORT=port), "PORT", repr(port))


def test_a_home_that_cannot_be_written_is_named(idle: Portal) -> None:
    if os.geteuid() == 0:
        idle.home = Path("/proc/portal")  # root may write into any folder of a disk
    else:
        idle.home.mkdir(mode=0o555)
    assert_refused(idle.run("demo", "--port", str(idle.port)), "PORTAL_HOME", str(idle.home))


def test_a_home_that_is_a_file_is_named(idle: Portal) -> None:
    idle.home.write_text("")
    assert_refused(idle.run("demo", "--port", str(idle.port)), "PORTAL_HOME", str(idle.home))


def test_other_programs_of_postgresql_must_be_there(idle: Portal) -> None:
    done = idle.run("demo", "--port", str(idle.port), PORTAL_PG_BIN="/nowhere")
    assert_refused(done, "PORTAL_PG_BIN", "/nowhere")
