"""Folders are replaced in one step: a reader never misses them, and a failure leaves what was there."""

import threading

import pytest

from report import files


def folder_of(path, text):
    path.mkdir(parents=True)
    (path / "index.html").write_text(text)
    return path


def test_a_file_that_is_written_bit_by_bit_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new/file"
    with files.written(path) as out:
        out.write(b"one ")
        assert not path.exists()
        out.write(b"two")
    assert path.read_bytes() == b"one two"
    with pytest.raises(KeyboardInterrupt), files.written(path) as out:
        out.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"one two" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("system", ["exchanges", "renames"])
def test_a_folder_is_replaced_and_the_old_one_kept_aside(tmp_path, monkeypatch, system):
    if system == "renames":
        monkeypatch.setattr(files, "_exchange", lambda one, two: False)
    site, old = tmp_path / "site", tmp_path / "aside/old"
    files.replace_folder(folder_of(tmp_path / "aside/new", "one"), site, old)
    assert (site / "index.html").read_text() == "one" and not old.exists()
    files.replace_folder(folder_of(tmp_path / "aside/new", "two"), site, old)
    assert (site / "index.html").read_text() == "two" and (old / "index.html").read_text() == "one"
    assert not (tmp_path / "aside/new").exists()


def test_what_cannot_be_replaced_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda one, two: False)
    site = folder_of(tmp_path / "site", "one")
    with pytest.raises(OSError, match="new"):
        files.replace_folder(tmp_path / "new", site, tmp_path / "old")
    assert (site / "index.html").read_text() == "one"


def test_a_reader_never_misses_the_folder(tmp_path):
    if not files._exchange(folder_of(tmp_path / "a", "a"), folder_of(tmp_path / "b", "b")):
        pytest.skip("the file system cannot exchange two names")
    site, missed, done = folder_of(tmp_path / "site", "0"), [], threading.Event()

    def read():
        while not done.is_set():
            try:
                (site / "index.html").read_text()
            except OSError as problem:
                missed.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(1000):
        files.replace_folder(folder_of(tmp_path / f"new{turn}", str(turn)), site, tmp_path / f"old{turn}")
    done.set()
    reader.join()
    assert not missed and (site / "index.html").read_text() == "999"


def test_json_is_parsed_or_a_value_error():
    assert files.parsed('{"a": [1]}') == {"a": [1]}
    for text in ("", "{", "[" * 100_000, "\xff", "[1,]"):
        with pytest.raises(ValueError, match=r"\w"):
            files.parsed(text)
