#!/usr/bin/env bash
# What becomes of the labels of a .tflite file that AI Edge Quantizer makes smaller?
#
# Guess:  they stay. The file's metadata says what goes in and comes out, and quantising weights changes none of it.
# Found:  the metadata stays, and still names its file of labels, but that is gone: files that metadata names lie in a zip archive behind
#         the model's bytes, and the quantizer writes the model alone. It says nothing. MediaPipe's classifier then refuses the model
#         (no associated file with that name); who reads labels by zipfile finds no archive. They have to be appended again.
# Seen:   2026-11-29, ai-edge-quantizer 0.10.0, MediaPipe 1.2.3, TensorFlow 2.21.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

for set in "tf tensorflow-cpu==2.21.0" "run ai-edge-quantizer==0.10.0 mediapipe==1.2.3"; do
  read -r name packages <<<"$set"
  "$python" -m venv "$work/$name"
  # shellcheck disable=SC2086
  "$work/$name/bin/pip" --quiet --disable-pip-version-check install $packages 2>/dev/null
done

TF_CPP_MIN_LOG_LEVEL=3 "$work/tf/bin/python" - "$work" 2>/dev/null <<'PY'
import sys

import numpy as np
import tensorflow as tf

weights = tf.constant(np.random.default_rng(0).normal(size=(32 * 32 * 3, 4)).astype(np.float32))
scores = tf.function(lambda x: tf.nn.softmax(tf.reshape(x, [1, -1]) @ weights), input_signature=[tf.TensorSpec([1, 32, 32, 3], tf.float32)])
with open(f"{sys.argv[1]}/plain.tflite", "wb") as file:
    file.write(tf.lite.TFLiteConverter.from_concrete_functions([scores.get_concrete_function()]).convert())
PY

cd "$work"
"$work/run/bin/python" - 2>/dev/null <<'PY' | grep -v -e "^Model name" -e "^Total time"
import io
import zipfile
from importlib.metadata import version
from pathlib import Path

import flatbuffers
import mediapipe as mp
import numpy as np
from ai_edge_quantizer import quantizer, recipe
from mediapipe.tasks.metadata import metadata_schema_py_generated as about
from mediapipe.tasks.metadata import schema_py_generated as schema
from mediapipe.tasks.python import BaseOptions, vision

print("ai-edge-quantizer", version("ai-edge-quantizer"), "MediaPipe", version("mediapipe"))


def packed(root, identifier):
    builder = flatbuffers.Builder(1024)
    builder.Finish(root.Pack(builder), identifier)
    return bytes(builder.Output())


# Metadata and labels as https://ai.google.dev/edge/litert/models/metadata describes them.
labels = about.AssociatedFileT(name="labels.txt", type=about.AssociatedFileType.TENSOR_AXIS_LABELS)
image = about.TensorMetadataT(
    name="image",
    content=about.ContentT(contentPropertiesType=about.ContentProperties.ImageProperties,
                           contentProperties=about.ImagePropertiesT(colorSpace=about.ColorSpaceType.RGB)),
    processUnits=[about.ProcessUnitT(optionsType=about.ProcessUnitOptions.NormalizationOptions,
                                     options=about.NormalizationOptionsT(mean=[127.5], std=[127.5]))])
metadata = about.ModelMetadataT(name="four", subgraphMetadata=[about.SubGraphMetadataT(
    inputTensorMetadata=[image], outputTensorMetadata=[about.TensorMetadataT(name="score", associatedFiles=[labels])])])
model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(Path("plain.tflite").read_bytes(), 0))
model.buffers.append(schema.BufferT(data=np.frombuffer(packed(metadata, b"M001"), np.uint8)))
model.metadata = [*(model.metadata or []), schema.MetadataT(name="TFLITE_METADATA", buffer=len(model.buffers) - 1)]
Path("labelled.tflite").write_bytes(packed(model, b"TFL3"))
with zipfile.ZipFile("labelled.tflite", "a") as archive:
    archive.writestr("labels.txt", "cello\nflute\norgan\nvoice\n")

quantizer.Quantizer("labelled.tflite", recipe.dynamic_wi8_afp32()).quantize().export_model("quantized.tflite")


def seen(name):
    content = Path(name).read_bytes()
    found = schema.Model.GetRootAs(content, 0)
    entries = [found.Metadata(k).Name() for k in range(found.MetadataLength())]
    files = zipfile.ZipFile(name).namelist() if zipfile.is_zipfile(io.BytesIO(content)) else []
    picture = mp.Image(mp.ImageFormat.SRGB, np.full((32, 32, 3), 100, np.uint8))
    try:
        options = vision.ImageClassifierOptions(BaseOptions(model_asset_path=name))
        with vision.ImageClassifier.create_from_options(options) as classifier:
            answer = [category.category_name for category in classifier.classify(picture).classifications[0].categories]
    except (OSError, RuntimeError, ValueError) as error:
        answer = " ".join(str(error).split())[:300]
    print(f"{name}: {len(content)} bytes; metadata: {entries}, names labels.txt: {b'labels.txt' in content}; files: {files}; classifier: {answer}")
    return b"TFLITE_METADATA" in entries, b"labels.txt" in content, files, answer


before, after = seen("labelled.tflite"), seen("quantized.tflite")
assert before[:2] == after[:2] == (True, True) and before[2] == ["labels.txt"] and after[2] == []
assert sorted(before[3]) == ["cello", "flute", "organ", "voice"] and "labels.txt" in after[3] and isinstance(after[3], str)
PY
echo "As written in this script."
