/**
 * Reads sound away from the page's thread. Module worker; one per pass over a sound.
 *
 *   {type: 'wav', file, header, rate}  then  {type: 'next'}  -> {samples, heard, isLast}
 *   {type: 'mix', fileRate, rate}      then  {type: 'planes', planes}, at the end {type: 'end'}  -> {samples, heard, isLast}
 */

import {ChannelMixer} from './channel_mixer.js';
import {readWav} from './wav.js';

const BLOCK_SECONDS = 20;
const MOST_VALUES = 1 << 22; // of all channels at once

let mixer;
let blocks;
let channels;

async function next() {
  const {value, done} = await blocks.next();
  return done ? answer(mixer.flush(), true) : answer(mixer.pushInterleaved(value, channels), false);
}

function answer(samples, isLast) {
  self.postMessage({samples, heard: mixer.heard, isLast}, [samples.buffer]);
}

async function handle(message) {
  if (message.type === 'wav') {
    ({channels} = message.header);
    mixer = new ChannelMixer(message.header.rate, message.rate);
    const frames = Math.min(BLOCK_SECONDS * message.header.rate, Math.ceil(MOST_VALUES / channels));
    blocks = readWav(message.file, message.header, frames);
  } else if (message.type === 'mix') {
    mixer = new ChannelMixer(message.fileRate, message.rate);
  } else if (message.type === 'next') {
    await next();
  } else if (message.type === 'planes') {
    answer(mixer.pushPlanes(message.planes), false);
  } else if (message.type === 'end') {
    answer(mixer.flush(), true);
  }
}

self.onmessage = ({data}) => {
  handle(data).catch((error) => self.postMessage({problem: error.message || String(error), code: error.code}));
};
