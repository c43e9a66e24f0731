"""What the end of a file's name says: sound, surely none, or nothing, so that its content must be looked at.

Looking costs an open file, which is much in a folder of pictures on a network disk; a name that claims to be sound is
believed until it is decoded.
"""

from __future__ import annotations

AUDIO_SUFFIXES = (
    ".wav", ".wave", ".rf64", ".bwf", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".voc",
    ".flac", ".wv", ".tta", ".ape", ".alac", ".shn", ".mpc",
    ".mp3", ".mp2", ".mp1", ".mpga", ".ogg", ".oga", ".opus", ".spx",
    ".m4a", ".m4b", ".m4r", ".aac", ".adts", ".wma", ".ac3", ".eac3", ".dts", ".amr", ".awb",
    ".mka", ".weba", ".dsf", ".dff", ".ra", ".sph",
)  # fmt: skip
"""Of files that hold sound, lower case."""

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".3gp", ".3g2", ".mpg",
    ".mpeg", ".vob", ".mts", ".m2ts", ".ogv", ".ogx", ".mxf", ".rm",
)  # fmt: skip
"""Of files that hold sound beside pictures, as a rule; not .ts, which is a programming language's as well."""

_OTHERS = {
    "picture": ".jpg .jpeg .jpe .jfif .png .gif .bmp .tif .tiff .webp .svg .ico .heic .heif .avif .psd .raw .cr2 .nef",
    "text file": ".txt .md .rst .log .nfo .csv .tsv .yaml .yml .toml .cfg .conf .css .js .py .sh .c .h .cpp .java"
    " .tex .bib .srt .vtt .lrc .sfv .md5 .sha1 .sha256 .ffp .flags .lab",
    "HTML page": ".html .htm",
    "XML document": ".xml .musicxml .mei .svl",
    "JSON document": ".json .jsonl .ipynb .jams",
    "PDF document": ".pdf",
    "Office document": ".doc .docx .odt .rtf .xls .xlsx .ods .ppt .pptx .odp .epub .pages .numbers",
    "archive": ".zip .gz .tgz .bz2 .xz .zst .7z .rar .tar .iso .dmg",
    "playlist": ".m3u .m3u8 .pls .wpl .xspf .asx",
    "cue sheet": ".cue",
    "MIDI file": ".mid .midi .kar",
    "system file": ".ds_store .db .ini .lnk .url .desktop .tmp .lock",
    "program": ".exe .dll .so .dylib .o .pyc .jar .apk",
}
# Named in full: what these are is known to those who have them.
_BY_SUFFIX = (
    ".cda .asd .pkf .reapeaks .sfk .sfl .ovw .wfm .als .rpp .logicx .ptx .cpr .band .aup .aup3 .sf2 .sf3 .sfz"
    " .npy .npz .h5 .hdf5 .pt .pth .ckpt .safetensors .onnx .tflite .keras .pb .tfrecord .pkl .parquet .sqlite .mscz"
)
OTHER_SUFFIXES = {
    **{suffix: kind for kind, suffixes in _OTHERS.items() for suffix in suffixes.split()},
    **{suffix: f"{suffix} file" for suffix in _BY_SUFFIX.split()},
}
"""Suffix, lower case -> noun for what such a file is, which is no sound."""
SYSTEM_NAMES = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory", ".localized"})
