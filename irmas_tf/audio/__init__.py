"""Any sound file in: decoding, mono, windows, the store of decoded excerpts, walking folders."""
