"""Long work in blocks: threads, progress, and what is said of all of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from biomech.analysis.output.status_summary import StatusSummary
from biomech.analysis.progress import progress_bar


def through_blocks(
    work: Callable[[int, int], StatusSummary], count: int, size: int, threads: int, unit: str, progress: bool | None
) -> StatusSummary:
    """Let threads work on blocks of postures or frames, and add up what they say of them."""
    firsts = range(0, count, size)
    if len(firsts) == 1 and not progress:
        return work(0, count)  # nothing to show on the way, and nothing to divide
    lasts = [min(first + size, count) for first in firsts]
    with progress_bar(count, unit, progress) as bar, ThreadPoolExecutor(threads) as pool:
        total = work(firsts[0], lasts[0])  # alone, because it makes the tables that the others use
        bar.update(lasts[0])
        done = pool.map(work, firsts[1:], lasts[1:]) if threads > 1 else map(work, firsts[1:], lasts[1:])
        for first, last, tally in zip(firsts[1:], lasts[1:], done, strict=True):
            total = total.joined(tally)
            bar.update(last - first)
    return total
