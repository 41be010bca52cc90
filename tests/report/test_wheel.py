"""The wheel has the same bytes every time and installs; archives have the same bytes, too."""

import io
import os
import subprocess
import sys
import zipfile

import pytest

from report import wheel
from report.errors import PipelineError


def test_the_wheel_has_the_same_bytes_twice_and_installs_into_an_empty_folder(tmp_path):
    old = os.umask(0o027)
    try:
        made = wheel.make()
    finally:
        os.umask(old)
    assert made == wheel.make()
    (tmp_path / wheel.name()).write_bytes(made)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", "there", wheel.name()]
    installed = subprocess.run(pip, cwd=tmp_path, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    code = "import sup; print(sup.__file__, sup.feature_norms.__module__)"
    bare = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "there", env=bare, capture_output=True, text=True)
    assert run.stdout.split() == [str(tmp_path / "there/sup/__init__.py"), "sup.geometry"], run.stderr


def test_a_wheel_that_pip_refuses_is_an_error(tmp_path):
    (tmp_path / "sup").mkdir()
    for name in ("LICENSE", "README.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sup"\nversion = "x y"\n')
    with pytest.raises(PipelineError, match=r"pip cannot make a wheel of sup:(.|\n)*Run `make setup`"):
        wheel.make(tmp_path)


def test_an_archive_has_one_date_and_the_given_order():
    made = wheel.zipped({"b.txt": b"1", "a.txt": b"2"})
    assert made == wheel.zipped({"b.txt": b"1", "a.txt": b"2"})
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["b.txt", "a.txt"] and {item.date_time[:3] for item in archive.infolist()} == {(2022, 9, 14)}
