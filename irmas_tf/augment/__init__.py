"""What training changes about its examples: one file per augmentation, and one list that gives their order."""
