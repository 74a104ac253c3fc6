"""The parts of tensorflow_testee.py, one module per group of verbs."""
