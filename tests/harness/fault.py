"""The page of WAKALA_FAULT=armed@FILE: which fault points all workers of a host passed, and the one to die at. docs/design/faults.md

    page = Page(path)                  # before the host starts, whose environment says page.setting
    page.arm("orders/commit.before", 3)
    page.struck()                      # the process that died of it, or 0
"""
import mmap
import struct

from . import procs

BYTES, NAME, COUNTS, COUNT_BYTES = 16384, 112, 256, 128  # struct wk_fault_page of host/fiber/fault.h
STRUCK, TOTAL, MATCHED, KILL_AT, KILL_NAME = 0, 8, 16, 24, 32


def parse(text):
    """"37" or "NAME:3": (name or "", number)."""
    name, _, number = text.rpartition(":")
    if not number.isdigit() or int(number) < 1 or len(name) >= NAME:
        raise procs.Failed(f"not a fault point: {text} (a number, or NAME:NUMBER)")
    return name, int(number)


class Page:
    def __init__(self, path):
        self.path, self.setting = path, f"armed@{path}"
        with open(path, "w+b") as f:
            f.truncate(BYTES)
            self.map = mmap.mmap(f.fileno(), BYTES)
        procs.own(path)

    def close(self):
        self.map.close()

    def _get(self, offset):
        return struct.unpack_from("=Q", self.map, offset)[0]

    def _set(self, offset, value):
        struct.pack_into("=Q", self.map, offset, value)

    def arm(self, name, number):
        """The number-th point with this name (fiber/point, or only point; "": any) from now on kills whoever passes it. Once."""
        self.disarm()
        self.map[KILL_NAME:KILL_NAME + NAME] = name.encode().ljust(NAME, b"\0")
        self._set(STRUCK, 0)
        self._set(MATCHED, 0)
        self._set(KILL_AT, number)

    def disarm(self):
        self._set(KILL_AT, 0)

    def struck(self):
        return self._get(STRUCK)

    def counts(self):
        """name -> how often it was passed since the page was made."""
        found = {}
        for offset in range(COUNTS, BYTES, COUNT_BYTES):
            name = self.map[offset + 16:offset + COUNT_BYTES].split(b"\0")[0].decode()
            if name:
                found[name] = self._get(offset + 8)
        return found

    def passed(self, before):
        """The same since `before`, an earlier answer of counts(); only names that were passed."""
        return {name: count - before.get(name, 0) for name, count in self.counts().items() if count > before.get(name, 0)}
