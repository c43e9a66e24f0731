/**
 * The worker in which the model runs. A classic one: LiteRT.js loads its own script with importScripts, which module
 * workers refuse.
 *
 *   {type: 'load', model: ArrayBuffer, folder}  -> {type: 'loaded', values: sizes} or {type: 'failed', text}
 *   {type: 'run', id, window: Float32Array}     -> {type: 'values', id, values} or {type: 'failed', id, text}
 */

let infer;

async function load({model, folder}) {
  const {startInference} = await import('./inference.js');
  const started = await startInference(new Uint8Array(model), folder);
  ({infer} = started);
  self.postMessage({type: 'loaded', values: started.sizes});
}

async function run({id, window}) {
  self.postMessage({type: 'values', id, values: await infer(window)});
}

self.onmessage = ({data}) => {
  const work = data.type === 'load' ? load(data) : run(data);
  work.catch((error) => self.postMessage({type: 'failed', id: data.id, text: error?.message || String(error)}));
};
