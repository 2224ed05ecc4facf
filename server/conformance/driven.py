"""A client under test: a program that reads one JSON object a line and answers each, as examples/drive.py does."""

import json
import shlex
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from server.conformance.wire import Broken

ANSWER_S = 120.0  # a client that says nothing for so long has lost its way


class Client:
    """`command` is run with the URL and the path of its store as its last arguments."""

    def __init__(
        self, command: str, url: str, store: Path, *, token: str, want: list[str], answer_s: float = ANSWER_S
    ) -> None:
        self.command, self.url, self.store, self.token, self.want = command, url, store, token, want
        self.answer_s = answer_s
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        words = [*shlex.split(self.command), self.url, str(self.store)]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = process
        try:
            self.do("token", token=self.token)
            self.do("want", buckets=self.want)
        except Broken:
            self.close()
            raise
        return process

    def do(self, verb: str, **more: Any) -> dict[str, Any]:
        """Raises Broken for an answer that is none, or says that it failed."""
        answer = self.ask(verb, **more)
        if not answer.get("ok"):
            raise Broken(f"{verb} failed: {answer.get('error', answer)}")
        return answer

    def ask(self, verb: str, **more: Any) -> dict[str, Any]:
        """As `do`, but a failure that it admits is an answer, too."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        timer = threading.Timer(self.answer_s, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps({"do": verb, **more}) + "\n")
            self.process.stdin.flush()
            text = self.process.stdout.readline()
        except OSError:
            text = ""
        finally:
            timer.cancel()
        if not text:
            raise Broken(f"the client ended, or said nothing for {self.answer_s:.0f} s, over {verb}")
        return dict(json.loads(text))

    def killed_during_sync(self, after_s: float) -> None:
        """Begin a sync, and kill −9 the client in the midst of it; then start it again on the same store."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": "sync"}) + "\n")
        self.process.stdin.flush()
        threading.Event().wait(after_s)
        self.close()
        self._start()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # What it did not read any more.
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
