"""Ctrl-C that is not lost.

Python raises KeyboardInterrupt wherever its main thread happens to be. There it can be lost: what is written in C drops
it while an extension module is imported (one of NumPy, of pandas, of SciPy and three of numcodecs do), and Python
itself drops it in a finalizer and in the callback of a weak reference. Then long work goes on as if nobody had asked.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import currentframe
from types import FrameType, TracebackType
from typing import Any, Self

#: Frames of these files import a module.
_IMPORTS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
#: Seconds until it is tried again.
_SOON = 0.005


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait for what must not be left half done: for moments, not for work."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    if not callable(before):
        yield
        return
    came = []
    signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


class InterruptsKept:
    """Within it Ctrl-C raises KeyboardInterrupt, if not at once then where it is not dropped.

    Whoever handles Ctrl-C in another way, or not at all, goes on to do so; in other threads than the main one Python
    raises nothing.
    """

    def __enter__(self) -> Self:
        self._kept, self._on = False, False
        if threading.current_thread() is threading.main_thread():
            self._on = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._on:
            frame = currentframe()
            self._outside = frame.f_back if frame else None
            self._report, sys.unraisablehook = sys.unraisablehook, self._on_dropped
            signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._on:
            return
        if signal.getsignal(signal.SIGINT) == self._on_signal:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook, self._outside = self._report, None
        if self._kept:
            self._kept = False
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._kept = False
        if self._is_dropped_in(frame):
            self._keep()
        else:
            signal.default_int_handler(number, frame)

    def _is_dropped_in(self, frame: FrameType | None) -> bool:
        """Whether a module is being imported, or this very object comes or goes."""
        own = (InterruptsKept.__enter__.__code__, InterruptsKept.__exit__.__code__)
        while frame is not None and frame is not self._outside:
            if frame.f_code.co_filename in _IMPORTS or frame.f_code in own:
                return True
            frame = frame.f_back
        return False

    def _on_dropped(self, unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            self._keep()
        else:
            self._report(unraisable)

    def _keep(self) -> None:
        """Try again soon. A ``threading.Thread`` could wait here for a lock that the main thread holds."""
        if not self._kept:
            self._kept = True
            _thread.start_new_thread(self._remind, ())

    def _remind(self) -> None:
        time.sleep(_SOON)
        if self._kept:
            _thread.interrupt_main()
