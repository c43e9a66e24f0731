/** Computes the example beside the page, so that nothing stands still meanwhile. */

import {exampleSamples} from './example.js';

const samples = exampleSamples();
postMessage(samples, [samples.buffer]);
