"""The numbers of the front-ends: framing, mel, Morlet, resampling. Pure functions, no Keras."""
