"""
A study that runs here and on a cluster
=======================================

A study that runs unchanged on this machine and on a cluster: knees, tilt, slope and feet, into a store.

::

    python examples/study_on_a_cluster.py                                        # two processes here
    python examples/study_on_a_cluster.py --store study.zarr --fine 40           # 400 times as many postures
    python examples/study_on_a_cluster.py --scheduler tcp://10.0.0.1:8786        # a scheduler that runs elsewhere

Each worker writes the blocks that it computed: what comes back here is one number.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from distributed import Client, LocalCluster

import biomech as bm


def study(fine: int = 2) -> xr.Dataset:
    """The lazy answer: nothing is computed yet."""
    return bm.sweep(
        bm.load_model(),
        pelvic_tilt=np.linspace(-5, 15, 10 * fine),
        knee_flexion=np.linspace(0, 40, 10 * fine),
        slope=[-5.0, 0.0, 5.0],
        foot_rotation=[0.0, 20.0, 40.0],
        variables=["lumbar_compression"],
        chunks={"pelvic_tilt": 10, "knee_flexion": 10},
    )


def run(store: Path, fine: int = 2) -> xr.Dataset:
    """Compute the study into a store, on whatever cluster there is."""
    study(fine).to_zarr(store, mode="w", consolidated=False)
    return xr.open_zarr(store, consolidated=False)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--store", type=Path, help="where the answer is written; by default for a moment only")
    options.add_argument("--fine", type=int, default=2, help="ten times as many tilts, and as many knees")
    options.add_argument("--scheduler", help="address of a scheduler; by default two processes on this machine")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder) / "study.zarr"
        if given.scheduler:
            with Client(given.scheduler):
                ds = run(store, given.fine)
        else:
            with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster):
                ds = run(store, given.fine)
        held = ds.lumbar_compression.where(ds.status == 0)
        print(f"{ds.status.size} postures, {int((ds.status != 0).sum())} of them not optimal")
        print(f"lumbar compression at most {float(held.max()):.0f} N")


if __name__ == "__main__":
    main()
