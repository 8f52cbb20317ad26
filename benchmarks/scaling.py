"""How a study grows from one process to a cluster: what a block costs, and strong and weak scaling, on this machine.

    python benchmarks/scaling.py [--postures 1048576] [--repeats 3]

A sweep of the adult, one number a posture, is computed by clusters of one and two processes of one thread each, and its
answers stay in their memory. Each figure is the best of several runs, and answers of all runs are compared.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from distributed import Client, LocalCluster, wait

import biomech as bm

NUMBER = "lumbar_compression"
#: Postures of a block, of which the cost is measured; the largest is that of the scaling.
BLOCKS = (1024, 4096, 65536)
#: Postures for each tilt.
ROW = 1024
#: Tasks without content, which show what the scheduler needs for one.
EMPTY = 2000


@contextmanager
def cluster(workers: int) -> Iterator[Client]:
    """Processes of one thread each that know the model."""
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as made,
        Client(made) as client,
    ):
        client.run(_warm)
        yield client


def _warm() -> None:
    bm.sweep(bm.load_model(), pelvic_tilt=[0.0])


def stances(postures: int) -> dict[str, np.ndarray]:
    """A grid of so many stances, a thousand for each tilt: what describes it is small, however large it is."""
    tilts = np.linspace(-5, 15, postures // ROW)
    return {"pelvic_tilt": tilts, "knee_flexion": np.linspace(0, 40, 32), "slope": np.linspace(-5, 5, 32)}


def study(postures: int, block: int) -> xr.Dataset:
    """A lazy sweep of so many postures, in blocks of so many."""
    chunks = {"pelvic_tilt": block // ROW}
    return bm.sweep(bm.load_model(), **stances(postures), variables=[NUMBER], chunks=chunks)  # type: ignore[arg-type]


def number(found: xr.Dataset) -> xr.DataArray:
    """The one number that is wanted, without what else the sweep says."""
    return found[NUMBER].reset_coords(drop=True)


def best(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the best of several runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def in_memory(client: Client, postures: int, block: int, repeats: int) -> float:
    """Seconds until the answers are in the workers' memory."""

    def work() -> None:
        wait(client.persist(number(study(postures, block))))

    return best(work, repeats)


def into_store(postures: int, block: int, repeats: int) -> float:
    """Seconds until the answers are in a Zarr store."""
    with tempfile.TemporaryDirectory() as folder:

        def work() -> None:
            chosen = number(study(postures, block)).to_dataset()
            chosen.to_zarr(Path(folder) / "study.zarr", mode="w", consolidated=False)

        return best(work, repeats)


def row(*cells: object) -> None:
    """A row of a Markdown table."""
    print("|", " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells), "|", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--postures", type=int, default=2**20, help="postures of strong scaling; small blocks are tried on an eighth"
    )
    options.add_argument("--repeats", type=int, default=3, help="runs of which the best counts")
    given = options.parse_args()
    postures, repeats, block = given.postures, given.repeats, BLOCKS[-1]
    print(platform.processor() or platform.machine(), "\n")
    lazy, few = number(study(postures, block)), postures // 8
    eager = number(bm.sweep(bm.load_model(), **stances(few), variables=[NUMBER]))  # type: ignore[arg-type]
    alone = best(lambda: lazy.compute(scheduler="sync"), repeats)
    print(f"one thread of this process, blocks of {block}: {1e6 * alone / postures:.2f} us a posture\n")
    row("workers", "block", "seconds", "us a posture", "ms of a worker, a block, beyond its postures")
    row(*["---"] * 5)
    strong, weak, store, empty = {}, {}, {}, {}
    for workers in (1, 2):
        with cluster(workers) as client:
            strong[workers] = in_memory(client, postures, block, repeats)
            row(workers, block, strong[workers], 1e6 * strong[workers] / postures, "")
            for size in BLOCKS[:-1]:
                seconds = in_memory(client, few, size, repeats)
                beyond = workers * (seconds - strong[workers] / 8) / (few / size)
                row(workers, size, seconds, 1e6 * seconds / few, 1e3 * beyond)
            weak[workers] = in_memory(client, workers * postures, block, repeats)
            store[workers] = into_store(postures, block, repeats)
            empty[workers] = best(partial(run_empty, client), repeats) / EMPTY
            xr.testing.assert_identical(number(study(few, BLOCKS[0])).compute().assign_attrs(eager.attrs), eager)
    print(f"\nstrong scaling, {postures} postures: {strong[1] / strong[2]:.2f} of 2")
    print(f"weak scaling, {postures} postures a worker: {100 * weak[1] / weak[2]:.0f} %")
    for workers in (1, 2):
        seconds = 1e6 * store[workers] / postures
        print(
            f"{workers} workers into a store: {seconds:.2f} us a posture; an empty task {1e3 * empty[workers]:.2f} ms"
        )


def run_empty(client: Client) -> None:
    """Tasks that do nothing."""
    wait(client.map(_nothing, range(EMPTY), pure=False))


def _nothing(i: int) -> int:
    return i


if __name__ == "__main__":
    main()
