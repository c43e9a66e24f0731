"""SavedModel and .tflite files, and the acceptance check that every artefact must pass."""
