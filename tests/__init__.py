"""Tests mirror the rooms of irmas_tf: irmas_tf/ROOM/MODULE.py is tested by tests/ROOM/test_MODULE.py.

    make test                                                    all of them, in as many processes as pay
    make test-fast                                               without those marked slow
    .venv/bin/python -m pytest tests/dsp                         one room
    IRMAS_TF_DEEP_TESTS=1 .venv/bin/python -m pytest tests/dsp   with many more generated cases (`tests.helpers.cases`)

The marker ``slow`` is for what takes more than about two seconds or starts processes that load TensorFlow. What several
tests share (runs, models, servers, damaged files) is made by the modules of tests/helpers, which are imported, and by
the fixtures of tests/conftest.py. Tests on real recordings need the folder IRMAS_TF_TEST_DATA and are skipped without.
"""
