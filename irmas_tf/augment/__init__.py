"""What training changes about its examples: one file an augmentation, one list that gives their order."""
