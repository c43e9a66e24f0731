"""What only POSIX or only glibc has is never needed to import a module: Windows has neither, macOS no glibc."""

from __future__ import annotations

import pytest

from tests.helpers import fresh_process

# What other packages need of them is loaded first, then they are taken away.
PROGRAM = """
import importlib, os, pkgutil, signal, sys, threading
import absl.flags, h5py, jinja2, keras, matplotlib.figure, requests, scipy.signal, sklearn.linear_model, soundfile
import tensorboard, tensorflow, threadpoolctl, tqdm, urllib3
import concurrent.futures.process, multiprocessing.pool, multiprocessing.shared_memory, sklearn.metrics, tempfile

modules = "fcntl resource termios tty pty pwd grp syslog posix _posixsubprocess".split()
for name in modules:
    sys.modules[name] = None
for name in "fork forkpty kill killpg geteuid getuid getpgid setsid O_DIRECTORY O_NOFOLLOW sched_getaffinity".split():
    if hasattr(os, name):
        delattr(os, name)
for name in "SIGKILL SIGHUP SIGUSR1 SIGUSR2 SIGALRM SIGPIPE setitimer alarm pthread_sigmask".split():
    delattr(signal, name)

import irmas_tf

optional = {"apache_beam", "grpc", "tensorflow_serving", "ai_edge_litert", "tensorflow_io", "pyarrow", "pretty_midi"}
for module in pkgutil.walk_packages(irmas_tf.__path__, "irmas_tf."):
    if module.name.endswith(".__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name not in optional:
            print(module.name, error)
    except Exception as error:
        print(module.name, repr(error))
"""


@pytest.mark.slow
def test_every_module_is_imported_without_posix():
    done = fresh_process.run(["-c", PROGRAM])
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
