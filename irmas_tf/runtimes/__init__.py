"""Other people's runtimes on a .tflite file that was exported: the same numbers as LiteRT, or why not."""
