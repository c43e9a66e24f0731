"""Tests, in folders of the same names as the rooms of irmas_tf."""
