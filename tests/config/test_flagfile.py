from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.flagfile import KnownFlag, expand_flagfiles
from irmas_tf.config.settings import ConfigError


def check_count(text):
    if not text.isdigit():
        raise ConfigError(f"--count={text}: must be a whole number")


KNOWN = {
    "count": KnownFlag(check_count),
    "name": KnownFlag(str),
    "fast": KnownFlag(str, boolean=True),
    "elsewhere": KnownFlag(None),
}


def expand(*argv):
    return expand_flagfiles(argv, KNOWN, "program")


def test_flags_are_normalised_and_the_rest_is_left_alone():
    assert expand("-count=1", "--count", "2", "--fast", "--nofast", "x", "-") == [
        "--count=1",
        "--count=2",
        "--fast",
        "--nofast",
        "x",
        "-",
    ]
    assert expand("--", "--count=a", "--flagfile=x") == ["--", "--count=a", "--flagfile=x"]
    assert expand("--name=a=b c#d") == ["--name=a=b c#d"]
    assert expand("--name=") == ["--name="]


def test_a_flagfile_is_expanded_where_it_stands(tmp_path):
    (tmp_path / "inner.flags").write_text("--name=inner\n")
    outer = tmp_path / "outer.flags"
    outer.write_text(f"# comment\n\n// comment\n  --count=1\n--flagfile={tmp_path}/inner.flags\r\n--nofast\n   \n")
    assert expand("--count=0", f"--flagfile={outer}", "--count=2") == [
        "--count=0",
        "--count=1",
        "--name=inner",
        "--nofast",
        "--count=2",
    ]
    assert expand("--flagfile", str(outer))[0] == "--count=1"


@pytest.mark.parametrize(
    "line, message",
    [
        ("  # comment", "an indented '#' is not a comment"),
        ("\t// comment", "an indented '#' is not a comment"),
        ("--count=1 # one", "a trailing '#' is not a comment"),
        ("--name=a\t#b", "a trailing '#' is not a comment"),
        ("--count = 1", "write --name=value without blanks"),
        ("--count 1", "write --name=value without blanks"),
        ("--fast --nofast", "write --name=value without blanks"),
        ('--name="a b"', "quotes are part of the value"),
        ("--name='a'", "quotes are part of the value"),
        ("count=1", "'count=1' is not a flag; each line is --name=value, or a comment"),
        ("--count", "--count has no value"),
        ("--count=x", "--count=x: must be a whole number"),
        ("--cuont=1", "unknown flag --cuont; did you mean --count?"),
        ("--flagfile=/nowhere/at.all", "/nowhere/at.all: no such file"),
        ("--", "'--' is not a flag"),
        ("\ufeff--count=1", "is not a flag"),
    ],
)
def test_what_absl_takes_silently_is_an_error_that_names_the_file_and_line(tmp_path, line, message):
    path = tmp_path / "a.flags"
    path.write_text(f"# first\n--count=3\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        expand(f"--flagfile={path}")
    assert str(caught.value).startswith(f"{path}:3: ")
    assert message in str(caught.value)


def test_an_error_in_an_included_file_names_that_file_only(tmp_path):
    (tmp_path / "inner.flags").write_text("\n--count=x\n")
    (tmp_path / "outer.flags").write_text(f"--flagfile={tmp_path}/inner.flags\n")
    with pytest.raises(ConfigError) as caught:
        expand(f"--flagfile={tmp_path}/outer.flags")
    assert str(caught.value) == f"{tmp_path}/inner.flags:2: --count=x: must be a whole number"


def test_a_flagfile_that_includes_itself_is_refused(tmp_path):
    path = tmp_path / "a.flags"
    path.write_text(f"--flagfile={path}\n")
    with pytest.raises(ConfigError, match="includes itself"):
        expand(f"--flagfile={path}")


def test_missing_and_binary_flagfiles_are_named(tmp_path):
    with pytest.raises(ConfigError, match=f"^--flagfile={tmp_path}/absent: no such file"):
        expand(f"--flagfile={tmp_path}/absent")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="binary: is not a text file"):
        expand(f"--flagfile={tmp_path}/binary")


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--count"], "--count has no value; write --count=VALUE"),
        (["--name", "--fast"], "--name has no value"),
        (["--flagfile"], "--flagfile has no value"),
        (["--nofast=1"], "--nofast takes no value"),
        (["--nocount"], "unknown flag --nocount"),
        (["--elsewhere=1"], "--elsewhere is a configuration flag that program does not take"),
        (["--flagfil=x"], "did you mean --flagfile?"),
        (["--zzz"], "unknown flag --zzz; see --help"),
        (["--else-where=1"], "unknown flag --else-where; see --help"),
        (["-flag-file=x"], "unknown flag --flag-file; did you mean --flagfile?"),
        (["--=1"], "'--=1' is not a flag"),
        (["---count=1"], "'---count=1' is not a flag"),
    ],
)
def test_a_malformed_command_line_is_refused(argv, message):
    with pytest.raises(ConfigError) as caught:
        expand(*argv)
    assert message in str(caught.value)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_no_command_line_fails_in_another_way(argv):
    try:
        expand(*argv)
    except (ConfigError, OSError):
        pass


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_what_a_flagfile_accepts_is_what_the_command_line_would(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("flags") / "a.flags"
    path.write_text(f"--name={text}\n", encoding="utf-8")
    try:
        expanded = expand(f"--flagfile={path}")
    except ConfigError as error:
        assert f"{path}:" in str(error)
    else:
        assert expanded[0].strip() == f"--name={text}".strip()
