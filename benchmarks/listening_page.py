"""A page to listen to and to look at excerpts of two folders side by side, such as composed and real ones.

    python benchmarks/listening_page.py --data_dir=CORPUS [--beside=IRMAS] --out=page.html

Of each class one excerpt is drawn by the seed, until there are --excerpts of them. The page holds sounds and pictures
itself and asks no other host; it is for one's own machine, since the sounds of --beside may not be passed on.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import sys
from pathlib import Path

import numpy as np

from irmas_tf.audio.decode import decode_file
from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.dsp.mel import filterbank
from irmas_tf.process.atomic_files import write_text_atomic

RATE_HZ = 22_050
FRAME, HOP, BANDS = 1024, 256, 128


def log_mel(waveform: np.ndarray) -> np.ndarray:
    """Return the log-mel spectrogram of a waveform [samples] at 22.05 kHz, [bands, frames] in dB below its peak."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(waveform, FRAME // 2), FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME))) ** 2
    bands = power @ filterbank("mel", BANDS, FRAME, RATE_HZ, 30.0, RATE_HZ / 2)
    return 10 * np.log10(np.maximum(bands, 1e-10) / max(bands.max(), 1e-10)).T


def picture(waveform: np.ndarray) -> bytes:
    """Return a PNG of the last 80 dB, low bands at the bottom."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    content = io.BytesIO()
    plt.imsave(content, log_mel(waveform), vmin=-80, vmax=0, cmap="magma", origin="lower", format="png")
    return content.getvalue()


def sound(waveform: np.ndarray) -> bytes:
    """Return a 16-bit WAV file."""
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, waveform / max(1e-9, np.abs(waveform).max()) * 0.7, RATE_HZ, "PCM_16", format="WAV")
    return content.getvalue()


def chosen(data_dir: str, excerpts: int, seed: int) -> dict[str, list[Path]]:
    """Return class code -> files, drawn round by round of the classes until there are as many as asked for."""
    items = Irmas(DataConfig(data_dir=data_dir)).training(data_dir)
    rng = np.random.default_rng(seed)
    order = [items[k] for k in rng.permutation(len(items))]
    files: dict[str, list[Path]] = {}
    for item in order:
        files.setdefault(item.code, []).append(item.path)
    count, kept = 0, {code: [] for code in sorted(files)}
    for place in range(max(map(len, files.values()))):
        for code, paths in kept.items():
            if count < excerpts and place < len(files[code]):
                paths.append(files[code][place])
                count += 1
    return {code: paths for code, paths in kept.items() if paths}


def cell(path: Path) -> str:
    """Return what the page shows of a file."""
    waveform = decode_file(str(path), RATE_HZ).reshape(-1)
    image, audio = (base64.b64encode(content).decode() for content in (picture(waveform), sound(waveform)))
    name = html.escape(path.name)
    return (
        f'<figure><img alt="log-mel spectrogram of {name}" src="data:image/png;base64,{image}">'
        f'<audio controls src="data:audio/wav;base64,{audio}"></audio><figcaption>{name}</figcaption></figure>'
    )


def page(columns: dict[str, dict[str, list[Path]]]) -> str:
    """Return the page; columns: title -> class code -> files."""
    codes = sorted({code for files in columns.values() for code in files})
    rows = []
    for code in codes:
        cells = "".join(f"<td>{''.join(map(cell, files.get(code, [])))}</td>" for files in columns.values())
        rows.append(f"<tr><th scope=row>{html.escape(code)}</th>{cells}</tr>")
    heads = "".join(f"<th scope=col>{html.escape(title)}</th>" for title in columns)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Excerpts side by side</title>'
        "<style>body{font:15px/1.4 system-ui;margin:1rem}img{width:100%;height:128px;image-rendering:pixelated}"
        "figure{margin:.3rem 0;width:24rem;max-width:90vw}audio{width:100%}"
        "td,th{vertical-align:top;padding:.3rem}</style>"
        f"<h1>Excerpts side by side</h1><p>Log-mel, 30 Hz to 11 kHz, the last 80 dB.</p>"
        f"<table><tr><td></td>{heads}</tr>{''.join(rows)}</table></html>"
    )


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", required=True, help="in the layout of IRMAS, such as a composed corpus")
    parser.add_argument("--beside", default="", help="another such folder, for a second column")
    parser.add_argument("--excerpts", type=int, default=11, help="of each folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="page to write")
    options = parser.parse_args()
    folders = [folder for folder in (options.data_dir, options.beside) if folder]
    columns = {Path(folder).resolve().name: chosen(folder, options.excerpts, options.seed) for folder in folders}
    write_text_atomic(options.out, page(columns))
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
