/**
 * A .tflite file in LiteRT.js, on the processor, without threads: those need cross-origin isolation and bring nothing
 * for models of this size. Runs in worker.js.
 */

/**
 * @param {Uint8Array} model
 * @param {string} folder  URL of LiteRT.js as `irmas export-page` lays it out, ending in /
 * @returns {Promise<(window: Float32Array) => Promise<Float32Array>>}  probabilities of a window
 */
export async function startInference(model, folder) {
  const {loadLiteRt, loadAndCompile, supportsFeature, Tensor} = await import(`${folder}core.js`);
  const variant = (await supportsFeature('relaxedSimd')) ? 'litert_wasm_internal' : 'litert_wasm_compat_internal';
  // LiteRT's script takes what it finds here; so it needs no server that knows the type of .wasm, and the file comes
  // compressed from any.
  self.Module = {wasmBinary: await unpacked(`${folder}${variant}.wasm.gz`)};
  await loadLiteRt(`${folder}${variant}.js`);
  const compiled = await loadAndCompile(model, {accelerator: 'wasm'});
  return async (window) => {
    const input = new Tensor(window, [1, window.length]);
    let outputs = [];
    try {
      outputs = await compiled.run(input);
      return Float32Array.from(await outputs[0].data());
    } finally {
      // The garbage collector does not know LiteRT's memory.
      for (const tensor of [input, ...outputs]) tensor.delete();
    }
  };
}

/** The content of a gzip file, which a server may have unpacked on the way already. */
async function unpacked(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const bytes = await response.arrayBuffer();
  const [first, second] = new Uint8Array(bytes, 0, 2);
  if (first !== 0x1f || second !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}
