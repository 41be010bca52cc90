"""A disk that is full or read-only gives one line that says so; with room again, the build ends with the same bytes."""

import os
import shutil
import subprocess

import pytest

from report import ROOT
from report.errors import StoreError
from report.pages.site import publish
from tests.faults.builds import assert_same, tiny
from tests.faults.test_compiled import trained
from tests.report import fakes, workbench
from tests.report.workbench import tree


def mount(folder, options, check=True):
    """Mounts a disk in memory; gives whether that worked."""
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    return bool(shutil.which("mount")) and subprocess.run(command, check=check, capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of its own, whose size and mode can be changed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount(folder, "size=64m", check=False):
        pytest.skip("a small disk cannot be mounted here; root on Linux can")
    yield folder, lambda options: mount(folder, f"remount,{options}")
    subprocess.run(["umount", "-l", str(folder)], check=True)


def build(folder, **variables):
    """The status and the messages of a build of two figures, in a process."""
    env = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    done = subprocess.run(tiny(folder).command, cwd=ROOT, env=env, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("room", [8, 24, 40, 64, 88, 108])
def test_a_full_disk_is_said_and_with_room_the_build_goes_on(disk, tiny_build, room):
    folder, change = disk
    tree(folder / "code")
    needed = sum(-(-len(data) // 4096) * 4 for data in tiny_build.files.values())
    assert room < needed, "this room is enough"
    change(f"size={room + 20}k")  # the sources of the figures take some
    status, said = build(folder)
    assert status == 1 and "the disk is full. Finished work is kept. Free some space or pass STORE=another folder" in said, said
    assert said.count("error: ") == 1 and "Traceback" not in said
    change("size=64m")
    status, said = build(folder)
    assert status == 0 and "damaged" not in said, said
    assert_same(folder, tiny_build)


def test_a_read_only_disk_is_said_and_a_build_with_nothing_to_do_works_on_it(disk, tiny_build):
    folder, change = disk
    tree(folder / "code")
    change("ro")
    status, said = build(folder)
    assert status == 1 and "the file system is read-only. Finished work is kept. Make it writable or pass STORE=" in said, said
    change("rw")
    assert build(folder)[0] == 0
    change("ro")
    status, said = build(folder)
    assert (status, said) == (0, "")
    assert_same(folder, tiny_build)


def test_a_full_or_read_only_disk_for_the_site_is_said_and_the_old_site_stays(disk, tmp_path):
    folder, change = disk
    docs, out = fakes.docs(tmp_path / "docs"), folder / "site"
    assert publish(docs, out)
    before = workbench.contents(out)
    (docs / "index.md").write_text("# Home\n\nOther words.\n")
    used = shutil.disk_usage(folder).used // 1024
    for options, words in ((f"size={used + 400}k", "the disk is full"), ("ro,size=64m", "the file system is read-only")):
        change(options)
        with pytest.raises(StoreError, match=rf"cannot write .*site: {words}\. Finished work is kept\. .* OUT=another folder"):
            publish(docs, out)
        assert workbench.contents(out) == before and [path.name for path in folder.iterdir()] == ["site"]
    change("rw")
    assert publish(docs, out) and b"Other words" in (out / "index.html").read_bytes()


def test_a_full_disk_for_temporary_files_does_not_matter(disk, tmp_path, tiny_build):
    folder, change = disk
    change("size=4k")
    (folder / "fill").write_bytes(bytes(4096))
    status, said = build(tmp_path / "built", TMPDIR=str(folder))
    assert status == 0, said
    assert_same(tmp_path / "built", tiny_build)


@pytest.mark.parametrize("options", ["size=64k", "ro"])
def test_compiled_kernels_that_cannot_be_kept_serve_all_the_same(disk, tmp_path, options):
    folder, change = disk
    change(options)
    digest, said = trained(folder)
    assert said == ("" if options == "ro" else f"compiled kernels cannot be kept in {folder}: the disk is full.\n")
    assert (digest, "") == trained(tmp_path)
