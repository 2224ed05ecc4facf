"""A decoder that bytes have taken over, or that loses itself in them, ends alone."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.media import confine
from server.media.confined import HELPER, Limits, Ran, run_confined

MB = 1024 * 1024
LIMITS = Limits(cpu_s=5, wall_s=20, memory_bytes=400 * MB, output_bytes=MB)


async def python(code: str, folder: Path, limits: Limits = LIMITS) -> Ran:
    (folder / "in").write_bytes(b"what came")
    made_in = folder / "made"
    made_in.mkdir(exist_ok=True)
    return await run_confined(sys.executable, ["-I", "-c", code], stdin=folder / "in", folder=made_in, limits=limits)


async def test_one_that_does_its_work_reads_the_file_and_writes_into_its_folder(tmp_path: Path) -> None:
    ran = await python("import sys; open('out', 'w').write(sys.stdin.read()); print('done')", tmp_path)

    assert (ran.ended, ran.out) == ("well", b"done\n"), ran
    assert (tmp_path / "made" / "out").read_text() == "what came"


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        ("import time; time.sleep(60)", "late"),
        ("x = bytearray(2_000_000_000)", "out_of_memory"),
        ("file = open('out', 'wb', 0)\nwhile True: file.write(bytes(100_000))", "too_much_output"),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("raise SystemExit(3)", "badly"),
    ],
    ids=["hangs", "eats memory", "writes without end", "crashes", "fails"],
)
async def test_one_that_does_not_is_ended_with_its_reason(tmp_path: Path, code: str, ended: str) -> None:
    wall_s = 1 if ended == "late" else 20
    limits = Limits(cpu_s=5, wall_s=wall_s, memory_bytes=LIMITS.memory_bytes, output_bytes=MB)

    ran = await python(code, tmp_path, limits)

    assert ran.ended == ended, ran


async def test_one_that_burns_its_time_is_ended(tmp_path: Path) -> None:
    limits = Limits(cpu_s=1, wall_s=60, memory_bytes=LIMITS.memory_bytes, output_bytes=MB)

    assert (await python("while True: pass", tmp_path, limits)).ended == "late"


async def test_what_it_says_without_end_is_not_kept(tmp_path: Path) -> None:
    ran = await python("import sys\nfor _ in range(40_000): sys.stderr.write('x' * 100)", tmp_path)

    assert ran.is_well
    assert len(ran.err) < 100_000


async def test_it_sees_neither_the_installations_secrets_nor_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_SIGNING_KEY", "secret")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    has_landlock = confine._syscall(confine.LANDLOCK_CREATE_RULESET, None, 0, confine.LANDLOCK_VERSION) > 0

    read = await python(f"print(open({str(secret)!r}).read())", tmp_path)
    environment = await python("import os; print('SPARK_SIGNING_KEY' in os.environ)", tmp_path)

    assert read.is_well is not has_landlock, read
    assert environment.out == b"False\n"


async def test_it_reaches_no_address(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(10))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        ran = await python(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)", tmp_path)

    assert ran.is_well is not may_close_network(), ran
    assert ran.is_well or heard == []


async def test_one_whose_caller_is_cancelled_does_not_live_on(tmp_path: Path) -> None:
    running = asyncio.create_task(
        python("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)", tmp_path)
    )
    pid = await asyncio.to_thread(pid_in, tmp_path / "made" / "pid")

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_alive(pid)


def test_one_whose_worker_is_killed_does_not_live_on(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "in").write_bytes(b"")
    worker = (
        "import asyncio, sys; from pathlib import Path; from server.media.confined import *\n"
        "here = Path(sys.argv[1]); limits = Limits(cpu_s=9, wall_s=99, memory_bytes=400 << 20, output_bytes=99)\n"
        'code = \'import os, time; open("pid", "w").write(str(os.getpid())); time.sleep(60)\'\n'
        "asyncio.run(run_confined(sys.executable, ['-I', '-c', code], stdin=here / 'in', folder=here / 'made',"
        " limits=limits))"
    )
    with subprocess.Popen([sys.executable, "-c", worker, str(tmp_path)], cwd=HELPER.parents[2]) as parent:
        pid = pid_in(tmp_path / "made" / "pid")
        parent.kill()

    deadline = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pid_in(path: Path) -> int:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return b"State:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()


def may_close_network() -> bool:
    """Some containers allow no namespaces; then time, memory and output are what holds."""
    code = f"import runpy; print(runpy.run_path({str(HELPER)!r})['close_network']())"
    return subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True).stdout == b"True\n"
