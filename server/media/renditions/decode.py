"""Runs one decoder on standard input, in a confined child: `python -I decode.py NAME [ARGUMENT…]`, in its folder.

Prints one line of JSON: {"made": …} or {"refused": {"code", "words"}}.
"""

import errno
import importlib
import json
import sys
from pathlib import Path

COSTLY = {"code": "media.too_costly", "words": "The file takes more memory or room than we give to one."}

MISSING = {"code": "file.refused", "words": "This server has nothing to read such files with; ask who runs it."}


def main(name: str, *arguments: str) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    refusing = importlib.import_module("decoders.refusing")
    try:
        decoder = importlib.import_module(f"decoders.{name}")
        answer = {"made": decoder.decode(sys.stdin.buffer, *arguments)}
    except ModuleNotFoundError:
        answer = {"refused": MISSING}  # pikepdf has no wheel for some machines; `spark doctor` says so.
    except refusing.Refused as refused:
        answer = {"refused": {"code": refused.code, "words": refused.words}}
    except MemoryError:
        answer = {"refused": COSTLY}
    except OSError as error:
        if error.errno not in {errno.EFBIG, errno.ENOMEM}:
            raise
        answer = {"refused": COSTLY}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
