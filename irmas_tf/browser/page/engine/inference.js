/**
 * A .tflite file in LiteRT.js, on the processor, without threads: those need cross-origin isolation and bring nothing
 * for models of this size. Runs in worker.js.
 */

const MOST_LINES = 20;

/**
 * @param {Uint8Array} model
 * @param {string} folder  URL of LiteRT.js as `irmas export-page` lays it out, ending in /
 * @returns {Promise<{infer: (window: Float32Array) => Promise<Float32Array>, sizes: {window: number, classes: number}}>}
 *     probabilities of a window; how many samples it takes and how many classes it answers for
 */
export async function startInference(model, folder) {
  const {Environment, loadLiteRt, loadAndCompile, supportsFeature, Tensor} = await import(`${folder}core.js`);
  const variant = (await supportsFeature('relaxedSimd')) ? 'litert_wasm_internal' : 'litert_wasm_compat_internal';
  // LiteRT's script takes what it finds here; so it needs no server that knows the type of .wasm, and the file comes
  // compressed from any. Its reports on itself are no news for the console, but may say why it fails.
  const told = [];
  const tell = (text) => told.push(text) > MOST_LINES && told.shift();
  self.Module = {wasmBinary: await unpacked(`${folder}${variant}.wasm.gz`), print: tell, printErr: tell};
  // Else it looks for a graphics processor, which is not used here, and the browser complains where there is none.
  const create = Environment.create.bind(Environment);
  Environment.create = (options = {}) => create({webGpuDevice: null, ...options});
  let compiled;
  try {
    await loadLiteRt(`${folder}${variant}.js`);
    compiled = await loadAndCompile(model, {accelerator: 'wasm'});
  } catch (error) {
    throw new Error([error?.message ?? String(error), ...told.filter((line) => line.startsWith('ERROR'))].join('; '));
  }
  const sizeOf = ([{shape}]) => shape.reduce((product, size) => product * size, 1);
  const sizes = {window: sizeOf(compiled.getInputDetails()), classes: sizeOf(compiled.getOutputDetails())};
  const infer = async (window) => {
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
  return {infer, sizes};
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
