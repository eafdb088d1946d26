"""Files of the whole catalogue on a GPU: CUDA, Triton, PyTorch, JAX.

Planning takes minutes of a processor, which a GPU need not wait for:

    python -m bench.gpu prepare FOLDER       anywhere; nvcc from pip
    python -m bench.gpu run FOLDER OUT.json  where the GPU is: are they right?
    python -m bench.gpu speed FOLDER OUT.json  how fast, beside PyTorch's own?
    python -m bench.gpu report RUN.json SPEED.json [AUDIT.json …]  anywhere: docs/gpu.md

``run`` and ``speed`` need NumPy, ml_dtypes, PyTorch, Triton and JAX, and this repository's ``src``
on ``PYTHONPATH``; no compiler.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.gpu", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("prepare", help="plans, files, truths, compiled CUDA")
    make.add_argument("folder", type=Path)
    make.add_argument("--rows", nargs="*", help="only these (default: the whole catalogue)")
    make.add_argument("--processes", type=int, default=2)
    measure = commands.add_parser("run", help="measure every case")
    measure.add_argument("folder", type=Path)
    measure.add_argument("out", type=Path)
    measure.add_argument("--only", default="cuda,torch,triton,jax", help="targets, by commas")
    measure.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    measure.add_argument("--processes", type=int, default=14)
    measure.add_argument("--seconds", type=float, default=150.0, help="of it all")
    race = commands.add_parser("speed", help="time kernels beside each other")
    race.add_argument("folder", type=Path)
    race.add_argument("out", type=Path)
    race.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    race.add_argument("--size", type=int, default=1 << 26)
    show = commands.add_parser("show", help="the summary of a run")
    show.add_argument("out", type=Path)
    show.add_argument("--beside", type=Path, help="of another run: leave out what is as far off")
    told = commands.add_parser("report", help="docs/gpu.md of a run, of times and of audits")
    told.add_argument("results", type=Path)
    told.add_argument("times", type=Path)
    told.add_argument("audits", type=Path, nargs="*", help="exhaustive ones, as JSON")
    options = parser.parse_args()
    if options.command == "prepare":
        from bench.gpu.prepare import prepare

        prepare(options.folder, options.rows, options.processes)
    elif options.command == "run":
        from bench.gpu.run import run

        print(
            run(
                options.folder,
                options.out,
                device=options.device,
                only=options.only.split(","),
                processes=options.processes,
                seconds=options.seconds,
            )
        )
    elif options.command == "speed":
        from bench.gpu.speed import speed

        print(speed(options.folder, options.out, device=options.device, size=options.size))
    elif options.command == "show":
        from bench.gpu.summary import summary, unlike

        records = json.loads(options.out.read_text(encoding="utf-8"))["records"]
        if options.beside is not None:
            others = json.loads(options.beside.read_text(encoding="utf-8"))["records"]
            records = unlike(records, others)
        print(summary(records))
    elif options.command == "report":
        from bench.gpu.page import write

        write(options.results, options.times, options.audits)


if __name__ == "__main__":
    main()
