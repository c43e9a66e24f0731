from __future__ import annotations

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent

# Files beside the code that an installed package needs: folder in irmas_tf/shipped -> (folder of the checkout, names).
# A checkout uses them where they are (irmas_tf/config/shipped.py).
SHIPPED = {"configs": ("configs", "*.flags"), "serving": ("export/serving", "*.*")}


def read_version() -> str:
    for line in (ROOT / "irmas_tf" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise RuntimeError("irmas_tf/__init__.py has no __version__")


def read_readme() -> str:
    path = ROOT / "README.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def scripts() -> list[str]:
    """Return ``irmas`` and an ``irmas-NAME`` for every command of the table."""
    table = runpy.run_path(str(ROOT / "irmas_tf" / "config" / "commands.py"))["COMMANDS"]
    return ["irmas = irmas_tf.__main__:cli", *(f"irmas-{name} = {entry.module}:cli" for name, entry in table.items())]


class BuildWithShippedFiles(build_py):
    """Also copies the files of `SHIPPED`; not for an editable installation, which reads them in the checkout."""

    def run(self) -> None:
        if getattr(self, "editable_mode", False):
            super().run()
            return
        package = Path(self.build_lib) / "irmas_tf"
        shutil.rmtree(package, ignore_errors=True)  # an earlier build left modules that may be gone or elsewhere now
        super().run()
        for name, (folder, pattern) in SHIPPED.items():
            target = package / "shipped" / name
            target.mkdir(parents=True)
            for path in sorted((ROOT / folder).glob(pattern)):
                shutil.copy(path, target / path.name)


# Ranges that are known to work. requirements/default.txt is the set that passes all tests together, near the upper
# ends; requirements/oldest.txt has the lower ends.

# What answers for audio: predict, embed, activity and streaming from a .tflite file, and the client's REST side. An
# extra can only add packages, so that TensorFlow is in one, and the core does without it (docs/decisions.md).
CORE = [
    "numpy>=1.26,<3",
    "ai-edge-litert>=2.0",  # runs .tflite files
    "soundfile>=0.12.1",  # its wheel brings libsndfile
    "av>=17.1,<19",  # its wheel brings FFmpeg; without it, files that are not PCM are refused. 19 changed its functions
    "absl-py>=2.1,<3",
    "threadpoolctl>=3.1",
    "tqdm>=4.66",
    "requests>=2.31",
    "urllib3>=1.26.18",  # requests' own; it reads Retry-After
]

# Training, evaluation and export, and answers of run folders without a .tflite file, and of SavedModels.
TRAIN = [
    "tensorflow>=2.17,<2.22",
    "keras>=3.10,<3.16",  # its layers' attributes come and go between minor versions
    "tensorboard>=2.17",  # newer TensorFlow no longer brings it
    "setuptools<81",  # tensorboard before 2.21 imports pkg_resources, which newer ones no longer have
    "protobuf>=4.25",  # of warm-up requests; 4.21 cannot write them, 4.22 crashes reading
    "flatbuffers>=24.3",  # of .tflite files; TensorFlow's own
    "scipy>=1.11",
    "scikit-learn>=1.4",
    "matplotlib>=3.8",
    "jinja2>=3.1,<4",  # the page of an evaluation
    "h5py>=3.10",  # Keras weight files; Keras needs it as well
]

EXTRAS = {
    "train": TRAIN,
    # Decoding inside the tf.data graph. tensorflow-io 0.37.1 is its last release; its ops load on no newer TensorFlow.
    "io": [*TRAIN, "tensorflow>=2.17,<2.18", "tensorflow-io==0.37.1"],
    # tensorflow-hub asks for any tf-keras, and the newest one pulls its own TensorFlow over the installed one.
    # It imports pkg_resources, too.
    "hub": [*TRAIN, "tensorflow-hub>=0.16.1,<0.17", "tf-keras>=2.17,<2.22"],
    # The demo corpus: pretty_midi brings a General MIDI SoundFont; nothing else of it is used.
    "demo": [*TRAIN, "pretty_midi==0.2.11"],
    # The client's gRPC side; REST needs nothing more. Its messages import TensorFlow.
    "serving": ["tensorflow-serving-api>=2.17,<2.22", "grpcio>=1.60"],
    # Catalogues on many machines. It brings pyarrow; runners on clouds need its own extras (apache-beam[gcp]).
    "beam": [*TRAIN, "apache-beam>=2.65,<3", "pyarrow>=14"],
    "tflite": TRAIN,  # the name that earlier versions had for LiteRT beside TensorFlow
    # Data sets by name, as --dataset=mirdata:NAME.
    "mirdata": [*TRAIN, "mirdata>=1.0,<2"],
    # Writing .onnx files; to answer with one, onnxruntime beside the core is enough.
    "onnx": [*TRAIN, "tf2onnx>=1.17,<2", "onnxruntime>=1.20"],
    "test": [
        *TRAIN,
        "pytest>=8",
        "pytest-xdist>=3.5",
        "hypothesis>=6.100",
        "librosa>=0.10.2",
        "soxr>=0.4",
        "PyWavelets>=1.6",
        "ssqueezepy>=0.6.6",
        "PyYAML>=6",  # reads the serving kit
        "import-linter>=2.1",  # which room may import which
        "selenium>=4.30",  # drives the browser, where there is one
    ],
    "bench": [*TRAIN, "librosa>=0.10.2", "soxr>=0.4", "PyWavelets>=1.6", "ssqueezepy>=0.6.6", "torch>=2.4"],
    "lint": ["ruff>=0.9", "mypy>=1.11"],
    # Runs docs/quickstart.ipynb.
    "notebook": [*TRAIN, "nbclient>=0.10", "nbformat>=5.10", "ipykernel>=6.29"],
}

setup(
    name="irmas_tf",
    version=read_version(),
    description="Predominant instrument recognition on IRMAS with TensorFlow: waveform in, scores out, one graph",
    long_description=read_readme(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    # Named, so that an editable installation is a path and not an import hook: before a hook, Python takes a folder
    # irmas_tf in the current directory, such as the checkout itself, for an (empty) package.
    package_dir={"": "."},
    # A bare find_packages() would install tests and export as top-level packages.
    packages=find_packages(include=["irmas_tf", "irmas_tf.*"]),
    package_data={
        "": ["py.typed", "*.css", "*.js", "*.html", "templates/*"],
        "irmas_tf.browser": ["page/*", "page/*/*", "check/*"],
        "irmas_tf.shipped": ["*.tflite", "*.npz", "*.zip", "*.csv"],  # models, and what fetched weights are put into
    },
    python_requires=">=3.10,<3.14",
    install_requires=CORE,
    extras_require=EXTRAS,
    entry_points={"console_scripts": scripts()},
    cmdclass={"build_py": BuildWithShippedFiles},
    classifiers=[
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Sound/Audio :: Analysis",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    zip_safe=False,
)
