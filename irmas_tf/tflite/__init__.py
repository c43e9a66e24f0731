"""The .tflite format: its tree of objects, the forms of its weights, and what it says about itself."""
