"""Object files put into memory by llvmlite, where there is no linker."""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.binding as llvm


class LoadedObject:
    """Compiled code in memory, indexed by symbol."""

    def __init__(self, content: bytes) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(content))
        self._engine.finalize_object()

    def __getitem__(self, symbol: str) -> Any:
        address = self._engine.get_function_address(symbol)
        if not address:
            raise AttributeError(symbol)
        return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p)(address)
