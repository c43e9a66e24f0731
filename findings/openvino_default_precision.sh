#!/usr/bin/env bash
# In which numbers does OpenVINO compute a float32 model on a CPU?
#
# Guess:  in float32, as other runtimes for CPUs do; less is asked for with a setting.
# Found:  in bfloat16 wherever the processor has it (AVX-512 BF16, AMX), without a word: errors of .2 % of the largest output in one
#         matrix product, and in an audio classifier with a logarithm in its front-end probabilities that are off by .1 to .75. Elsewhere
#         the same program is exact, so that a test on one machine says nothing of another. EXECUTION_MODE_HINT=ACCURACY or
#         INFERENCE_PRECISION_HINT=f32 gives float32. get_property("INFERENCE_PRECISION_HINT") of the compiled model says bf16;
#         under ACCURACY it says "dynamic", which is float32.
# Seen:   2026-11-28, OpenVINO 2026.4.1, Linux, Python 3.11, an x86 processor with AMX.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install openvino==2026.4.1 numpy==2.4.6 2>/dev/null

"$work/env/bin/python" - <<'PY' | tee "$work/seen"
import numpy as np
import openvino as ov
import openvino.opset15 as ops

rng = np.random.default_rng(0)
weights, inputs = (rng.normal(size=(256, 256)).astype(np.float32) for _ in range(2))
parameter = ops.parameter([256, 256], np.float32)
model = ov.Model([ops.matmul(parameter, weights, False, False)], [parameter], "product")
wanted = inputs.astype(np.float64) @ weights.astype(np.float64)

core = ov.Core()
has_bfloat16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
print(f"OpenVINO {ov.__version__.partition('-')[0]}; bfloat16 in the processor: {has_bfloat16}")
for options in ({}, {"INFERENCE_PRECISION_HINT": "f32"}, {"EXECUTION_MODE_HINT": "ACCURACY"}):
    compiled = core.compile_model(model, "CPU", options)
    error = np.abs(compiled(inputs)[0] - wanted).max() / np.abs(wanted).max()
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    print(f"{options or 'as it comes'}: {precision}, error {error:.1e}")
    rounds = has_bfloat16 and not options
    assert (precision == "bf16") == rounds and (error > 1e-3) == rounds
PY
echo "As written in this script."
