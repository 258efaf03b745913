"""Pack lines of NDJSON into tuples of PostgreSQL's binary COPY, in compiled code; it holds no lock of Python's."""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import NamedTuple

ABI = 2  # what the library must say of itself: its functions, and the text of a spec
_SUFFIXES = (".so", ".dylib", ".dll")


class Answer(NamedTuple):
    """The tuples of a block, how many, those that changed after the limit, and the newest change time of all others."""

    data: bytes
    rows: int
    future: int
    newest: bytes | None


class _Answer(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("rows", ctypes.c_size_t),
        ("future", ctypes.c_size_t),
        ("newest", ctypes.c_void_p),
        ("newest_length", ctypes.c_size_t),
    )


def _loaded() -> ctypes.CDLL:
    """Raises ImportError where there is none, or not ours."""
    try:
        (path,) = (one for one in Path(__file__).parent.iterdir() if one.suffix in _SUFFIXES)
        library = ctypes.CDLL(str(path))
        library.focus_native_abi.restype = ctypes.c_uint32
        found = library.focus_native_abi()
    except (AttributeError, OSError, ValueError) as error:
        raise ImportError(f"the compiled library of focus-assets-native cannot be loaded: {error}") from error
    if found != ABI:
        raise ImportError(f"{path.name} is of another version than its Python part")
    library.focus_packer_new.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
    library.focus_packer_new.restype = ctypes.c_void_p
    pointer = ctypes.POINTER(_Answer)
    library.focus_packer_pack.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, pointer)
    library.focus_packer_pack.restype = ctypes.c_uint8
    library.focus_packer_free.argtypes = (ctypes.c_void_p,)
    library.focus_packer_free.restype = None
    return library


_library = _loaded()


class Packer:
    """Packs the blocks of one feed.

    `spec` is a text, a line a column in the order of the rows: `column KIND PRECISION SCALE required|optional NAME`,
    then `other NAME` for what lines may have besides, `changed PLACE` for the columns of change times, and `limit
    MICROS` for what is the future after; fields are parted by tabs, an absent number is `-`. Raises ValueError for one
    that is not understood.
    """

    def __init__(self, spec: str) -> None:
        text = spec.encode()
        self._packer = _library.focus_packer_new(text, len(text))
        if not self._packer:
            raise ValueError("the spec of the columns is not understood")
        self._answer, self._guard = _Answer(), threading.Lock()

    def __del__(self) -> None:
        if packer := getattr(self, "_packer", None):
            _library.focus_packer_free(packer)

    def pack(self, data: bytes) -> Answer | None:
        """The rows of complete lines; None where anything in them needs a closer look."""
        with self._guard:
            found = self._answer
            if not _library.focus_packer_pack(self._packer, data, len(data), ctypes.byref(found)):
                return None
            newest = ctypes.string_at(found.newest, found.newest_length) if found.newest_length else None
            return Answer(ctypes.string_at(found.data, found.length), found.rows, found.future, newest)
