/** The built-in example as a file, which goes the way of all files. */

import {wavOf} from '../engine/wav_writing.js';
import {EXAMPLE_RATE} from './example.js';

/** @returns {Promise<File>} */
export function exampleFile() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./example_worker.js', import.meta.url), {type: 'module'});
    worker.onmessage = ({data}) => {
      worker.terminate();
      resolve(new File([wavOf(data, EXAMPLE_RATE)], 'example.wav', {type: 'audio/wav'}));
    };
    worker.onerror = (event) => {
      worker.terminate();
      reject(new Error(event.message || 'a file of the page is missing'));
    };
  });
}
