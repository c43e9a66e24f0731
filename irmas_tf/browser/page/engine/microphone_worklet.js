/** Hands the microphone's samples, mean of the channels, to the page in pieces of 2,048. */

const PIECE = 2048;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }

  process([input]) {
    if (!input.length) return true; // nothing is connected for a moment
    for (let k = 0; k < input[0].length; k++) {
      let sum = 0;
      for (const channel of input) sum += channel[k];
      this.piece[this.filled++] = sum / input.length;
      if (this.filled === PIECE) {
        this.port.postMessage(this.piece, [this.piece.buffer]);
        this.piece = new Float32Array(PIECE);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('irmas-capture', Capture);
