"""The global names that a Lua 5.1 program uses, read from its bytecode.

The one idea: the compiler resolves each name to a local, an outer local or a global. So a function
that a script calls and does not define is among its globals, whatever its text looks like.

The layout is that of ``string.dump``; an int and an instruction have 4 bytes, the others 8.
"""

import struct
from collections.abc import Set

import lupa.lua51

HEADER = b"\x1bLua\x51\x00\x01\x04\x08\x04\x08\x00"
GETGLOBAL, SETGLOBAL = 5, 7


def globals_of(program: bytes) -> Set[str]:
    """The globals that `program` reads or sets. Raises LuaError if it cannot be compiled."""
    lua = lupa.lua51.LuaRuntime(encoding=None)
    compiled = lua.eval(b"function(text) return string.dump(assert(loadstring(text))) end")(program)
    assert compiled.startswith(HEADER)
    reader = _Reader(compiled[len(HEADER) :])
    reader.function()
    assert not reader.rest
    return reader.names


class _Reader:
    def __init__(self, rest: bytes) -> None:
        self.rest = rest
        self.names: set[str] = set()

    def _take(self, size: int) -> bytes:
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def _int(self) -> int:
        (number,) = struct.unpack("<i", self._take(4))
        assert isinstance(number, int)
        return number

    def _string(self) -> str:
        (size,) = struct.unpack("<Q", self._take(8))
        return self._take(size)[:-1].decode()

    def _constant(self) -> str:
        """A constant; empty if it is no string."""
        kind = self._take(1)[0]
        if kind == 4:
            return self._string()
        self._take({0: 0, 1: 1, 3: 8}[kind])
        return ""

    def function(self) -> None:
        self._string()
        self._take(4 + 4 + 4)  # lines, and numbers of upvalues, parameters and registers
        code = [struct.unpack("<I", self._take(4))[0] for _ in range(self._int())]
        constants = [self._constant() for _ in range(self._int())]
        for instruction in code:
            if instruction & 0x3F in (GETGLOBAL, SETGLOBAL):
                self.names.add(constants[instruction >> 14])
        for _ in range(self._int()):
            self.function()
        self._take(4 * self._int())  # the line of each instruction
        for _ in range(self._int()):  # the name and the range of each local
            self._string()
            self._take(8)
        for _ in range(self._int()):
            self._string()
