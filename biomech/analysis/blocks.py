"""Long work in blocks: threads, progress, and what is said of all of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from biomech.analysis.output.status_summary import StatusSummary
from biomech.analysis.progress import progress_bar

#: How many postures or frames are not worth a thread of their own.
_SHORT = 512


def through_blocks(
    work: Callable[[int, int], StatusSummary], count: int, size: int, threads: int, unit: str, progress: bool | None
) -> StatusSummary:
    """Let threads work on blocks of postures or frames, and add up what they say of them."""
    firsts = _beginnings(count, size, threads)
    if len(firsts) == 1 and not progress:
        return work(0, count)  # nothing to show on the way, and nothing to divide
    lasts = [*firsts[1:], count]
    with progress_bar(count, unit, progress) as bar, ThreadPoolExecutor(threads) as pool:
        done = pool.map(work, firsts, lasts) if threads > 1 else map(work, firsts, lasts)
        total: StatusSummary | None = None
        for first, last, tally in zip(firsts, lasts, done, strict=True):
            total = tally if total is None else total.joined(tally)
            bar.update(last - first)
    assert total is not None  # there is at least one of them
    return total


def _beginnings(count: int, size: int, threads: int) -> list[int]:
    """Where blocks begin: none longer than ``size``, and as many for each thread unless that made them short."""
    rounds = -(-count // (size * threads))
    blocks = max(min(rounds * threads, count // _SHORT), -(-count // size), 1)
    return [count * block // blocks for block in range(blocks)]
