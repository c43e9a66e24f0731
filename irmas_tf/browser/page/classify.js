/**
 * The model alone, for pages of your own:
 *
 *     import {classify} from './page/classify.js';
 *     const clip = await classify(samples, 44100);        // Float32Array of any rate, full scale 1.0
 *     console.log(clip.clip.labels, clip.clip.probabilities);
 */

import {ChannelMixer} from './engine/channel_mixer.js';
import {loadModel} from './engine/engine.js';
import {Problem} from './engine/problems.js';
import {outputLength} from './engine/resample.js';

const [LEAST_RATE, MOST_RATE] = [8000, 192000];
const PIECE_SECONDS = 5; // resampled at once, between which the page lives

/**
 * @typedef {object} Classifier
 * @property {import('./engine/types.js').Facts} facts  of the model
 * @property {(samples: Float32Array|Float32Array[], rate: number, options?: import('./engine/types.js').AnalyseOptions)
 *     => Promise<import('./engine/types.js').Clip>} classify  mono samples, or a list of channels of one length
 * @property {() => void} close  ends its workers
 */

let shared = null;

/**
 * Answer for samples with the page's own model, which is loaded at the first call.
 *
 * @type {Classifier['classify']}
 * @throws {Problem} the model cannot be loaded, or the samples cannot be used
 */
export async function classify(samples, rate, options) {
  shared ??= loadClassifier().catch((error) => {
    shared = null; // the next call tries again
    throw error;
  });
  return (await shared).classify(samples, rate, options);
}

/**
 * Load a model of your choice.
 *
 * @param {string|URL|ArrayBuffer} [source]  address or content of a .tflite file; the page's own if none is given
 * @param {{litert?: string|URL, workers?: number}} [options]  as for engine.js
 * @returns {Promise<Classifier>}
 */
export async function loadClassifier(source, options) {
  const model = await loadModel(source, options);
  return {
    facts: model.facts,
    classify: async (samples, rate, analyseOptions) => model.analyse(soundOf(samples, rate, model.facts.sampleRate), analyseOptions),
    close: () => model.close(),
  };
}

/** Return samples as a sound at the model's rate. */
function soundOf(samples, rate, modelRate) {
  const channels = samples instanceof Float32Array ? [samples] : [...(samples ?? [])];
  if (!channels.length || !channels.every((channel) => channel instanceof Float32Array && channel.length === channels[0].length)) {
    throw new Problem('samples', 'samples must be a Float32Array, or a list of them with one length: a channel each');
  }
  if (!(rate >= LEAST_RATE && rate <= MOST_RATE)) {
    throw new Problem('samples', `a rate of ${rate} Hz cannot be used; it must be from ${LEAST_RATE} to ${MOST_RATE}`);
  }
  const [count, fileRate] = [channels[0].length, Math.round(rate)];
  const mixer = new ChannelMixer(fileRate, modelRate);
  const blocks = async function* () {
    const step = PIECE_SECONDS * fileRate;
    for (let first = 0; first < count; first += step) {
      const planes = channels.map((channel) => channel.subarray(first, first + step));
      yield mixer.pushPlanes(planes);
      await new Promise((resolve) => setTimeout(resolve));
    }
    yield mixer.flush();
  };
  const durationSeconds = outputLength(count, fileRate, modelRate) / modelRate;
  return {name: '', rate: modelRate, fileRate, channels: channels.length, heard: mixer.heard, durationSeconds, blocks};
}

function checkFinite(planes) {
  if (!planes.every((plane) => plane.every(Number.isFinite))) {
    throw new Problem('samples', 'samples hold NaN or infinity; mend the source');
  }
}
