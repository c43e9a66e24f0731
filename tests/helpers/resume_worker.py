"""Trains a run in child processes, each killed as its orders say, until one finishes.

Usage: resume_worker.py RUN_DIR CONFIG_JSON ORDERS_JSON. An order is {"update": u, "milliseconds": m}: SIGKILL m
milliseconds after the process's u-th update; or {"write": n}: SIGKILL in place of its n-th atomic move. The children
are forked after TensorFlow's import, which would take most of the time. Prints the children's exit codes as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from irmas_tf.config.run_config import Config
from irmas_tf.process.cpu import prefer_onednn
from irmas_tf.runs import run_dir

prefer_onednn()  # as the command does
from irmas_tf.training import loop  # noqa: E402


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def train(config: Config, folder: str, order: dict[str, int]) -> None:
    updates = moves = 0
    move = os.replace

    def count_update(progress: object) -> None:
        nonlocal updates
        updates += 1
        if updates == order.get("update"):
            threading.Timer(order["milliseconds"] / 1000, die).start()

    def count_move(source: str, target: str) -> None:
        nonlocal moves
        moves += 1
        if moves == order.get("write"):
            die()
        move(source, target)

    run = run_dir.RunDir.create(folder, config)
    run_dir.os.replace = count_move
    loop.train(config, run, on_update=count_update)


def main(folder: str, config_json: str, orders_json: str) -> None:
    config = Config.from_dict(json.loads(config_json))
    codes = []
    for order in [*json.loads(orders_json), {}]:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                train(config, folder, order)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(codes))


if __name__ == "__main__":
    main(*sys.argv[1:])
