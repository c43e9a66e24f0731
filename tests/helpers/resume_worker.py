"""Trains runs in child processes, each killed as its orders say, until one of them finishes.

Usage: resume_worker.py CONFIG_JSON ORDERS_JSON. The orders are {run folder: [order, ...]}. An order is
{"update": u, "milliseconds": m}: SIGKILL m milliseconds after the process's u-th update; or {"file": name}: SIGKILL in
place of the first move of a file to that name. The children are forked after the imports, which would take most of the
time. Prints the children's exit codes as JSON, {run folder: [code, ...]}.
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
from irmas_tf.runs.run_dir import RunDir

prefer_onednn()  # as the command does
from irmas_tf.training import loop  # noqa: E402


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def train(config: Config, folder: str, order: dict[str, object]) -> None:
    updates = 0
    move = os.replace

    def count_update(progress: object) -> None:
        nonlocal updates
        updates += 1
        if updates == order.get("update"):
            threading.Timer(order["milliseconds"] / 1000, die).start()

    def watch_move(source: str, target: str) -> None:
        if Path(target).name == order.get("file"):
            die()
        move(source, target)

    os.replace = watch_move  # this is a child's own module
    loop.train(config, RunDir.create(folder, config), on_update=count_update)


def main(config_json: str, orders_json: str) -> None:
    config = Config.from_dict(json.loads(config_json))
    codes: dict[str, list[int]] = {}
    for folder, orders in json.loads(orders_json).items():
        codes[folder] = []
        for order in [*orders, {}]:
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
            codes[folder].append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(codes))


if __name__ == "__main__":
    main(*sys.argv[1:])
