"""The archive: what it holds, its metadata, the same bytes each time, and what it refuses."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from report import ROOT, checkout, commands, crate, lock, workshop
from report.__main__ import main
from report.checkout import head
from report.errors import PipelineError
from report.store.artifacts import Store
from report.words import claim_rows
from tests.report.packs import shard_files, workers
from tests.report.workbench import contents
from tests.test_layout import tracked

PICTURES = {"light.svg", "dark.svg", "light.png", "dark.png", "data.json"}
SOURCES = ("CITATION.cff", "requirements.lock", "report.yml", "report/__main__.py", ".ci/python")
_PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_COMMITTER_DATE": "2026-02-03T04:05:06+07:00"}
GIT = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")} | _PLAIN


def git(folder, *arguments):
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    ran = subprocess.run(["git", *who, *arguments], cwd=folder, env=GIT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def committed(folder, paths=SOURCES):
    """A checkout of files of this project, at a commit of its own."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A checkout that the command archives."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    made = committed(tmp_path / "clone")
    monkeypatch.setattr(checkout, "head", lambda: head(made))
    return made


@pytest.fixture
def made(tmp_path, monkeypatch, clone):
    """Two figures, drawn; returns the records. The command finds them, and a site of two files."""
    records = workers(tmp_path).make()
    monkeypatch.setattr(workshop, "open_workshop", lambda options, device, profile: workers(tmp_path))
    monkeypatch.setattr(lock, "read", lambda: lock.lines_of("smoke", [sweep for r in records for sweep in r.sweeps]))
    (tmp_path / "site/a b").mkdir(parents=True)
    (tmp_path / "site/index.html").write_text("<p>Ü</p>")
    (tmp_path / "site/a b/font").write_bytes(b"\0\xff")
    monkeypatch.setattr("report.build.publish", lambda build, shop, out: False)
    return records


def run(folder, target="made.zip", *options):
    """The command's status."""
    return main(["archive", "--device", "cpu", "--out", str(folder / "site"), "--archive", str(folder / target), *options])


def unpacked(path):
    with zipfile.ZipFile(path) as archive:
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}


def below(files, folder):
    return {name.removeprefix(folder): data for name, data in files.items() if name.startswith(folder)}


@pytest.fixture
def files(made, tmp_path):
    """The files of an archive, by name."""
    assert run(tmp_path) == 0
    return unpacked(tmp_path / "made.zip")


@pytest.fixture
def graph(files):
    """The entities of its metadata, by id."""
    entities = json.loads(files["ro-crate-metadata.json"])["@graph"]
    assert len({entity["@id"] for entity in entities}) == len(entities)
    return {entity["@id"]: entity for entity in entities}


def kinds(entity):
    return entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]


def references(value):
    """The ids that an entity refers to."""
    if isinstance(value, list):
        return [id for item in value for id in references(item)]
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [id for item in value.values() for id in references(item)]
    return []


def test_an_archive_holds_the_commit_the_models_the_figures_the_claims_and_the_site(files, made, clone, tmp_path):
    assert below(files, "code/") == contents(clone, without=(".git/",))
    assert main(["pack", "--device", "cpu", "--pack", str(tmp_path / "packed")]) == 0
    assert below(files, "models/") == contents(tmp_path / "packed")
    drawn = {f"{record.name}/{name}": (record.folder / name).read_bytes() for record in made for name in PICTURES}
    assert below(files, "figures/") == drawn
    assert json.loads(files["claims.json"]) == json.loads(
        json.dumps(claim_rows([claim for record in made for claim in record.claims]))
    )
    assert below(files, "site/") == contents(tmp_path / "site")
    assert {name for name in files if "/" not in name} == {"README.md", "claims.json", "ro-crate-metadata.json"}
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        runs = {item.filename for item in archive.infolist() if item.external_attr >> 16 & 0o111}
    assert runs == {"code/.ci/python"}


def test_the_same_commit_and_store_give_the_same_bytes(made, clone, tmp_path, monkeypatch, capsys):
    assert run(tmp_path, "new/one.zip") == 0
    id = git(clone, "rev-parse", "HEAD")[:12]
    said = capsys.readouterr().out
    assert said.startswith(
        f"Archived profile smoke of commit {id} in {tmp_path / 'new/one.zip'}: 31 files, 10 of them shards (0."
    )
    assert said.endswith(" MB).\n") and said.count("\n") == 1
    git(tmp_path, "clone", "--quiet", str(clone), "again")
    git(tmp_path / "again", "config", "core.autocrlf", "true")
    monkeypatch.setattr(checkout, "head", lambda: head(tmp_path / "again"))
    assert run(tmp_path, "two.zip") == 0
    assert (tmp_path / "new/one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    monkeypatch.setattr(lock, "read", list)
    assert run(tmp_path, "two.zip") == 0
    assert "MB). A build with FETCH takes 0 of their 2 sweeps and trains the others" in capsys.readouterr().out


def test_every_file_is_listed_with_its_digest_and_size_and_nothing_else_is(files, graph):
    listed = {unquote(id): entity for id, entity in graph.items() if "File" in kinds(entity)}
    assert set(listed) == set(files) - {"ro-crate-metadata.json"}
    for name, entity in listed.items():
        assert entity["sha256"] == hashlib.sha256(files[name]).hexdigest(), name
        assert entity["contentSize"] == str(len(files[name])) and entity["encodingFormat"] and entity["name"]
    assert graph["site/index.html"]["encodingFormat"] == "text/html"
    assert graph["code/requirements.lock"]["encodingFormat"] == "text/plain"
    assert graph[quote("site/a b/font")]["encodingFormat"] == "application/octet-stream"


def test_every_id_resolves_and_everything_is_part_of_the_archive_once(graph):
    known = set(graph) | {"https://w3id.org/ro/crate/1.2"}
    assert {id for entity in graph.values() for id in references({"about": entity})} <= known
    parts = [id for entity in graph.values() for id in references(entity.get("hasPart"))]
    data = {id for id, entity in graph.items() if {"File", "Dataset"} & set(kinds(entity))}
    assert sorted(parts) == sorted(data - {"./"})


def test_the_metadata_names_commit_licence_authors_and_paper(graph, clone):
    root = graph["./"]
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert root["name"] == "Toy Models of Superposition, executable" and root["datePublished"] == "2026-02-03T04:05:06+07:00"
    id = git(clone, "rev-parse", "HEAD")
    assert root["description"].endswith(f"computed by one command, with the same bits on every machine. Built in profile smoke "
                                        f"from commit {id}.")  # fmt: skip
    assert graph[root["license"]["@id"]]["name"] == "MIT" and graph[root["author"]["@id"]]["@type"] == "Organization"
    paper = graph[root["citation"]["@id"]]
    assert (paper["name"], paper["datePublished"]) == ("Toy Models of Superposition", "2022-09")
    people = [graph[author["@id"]] for author in paper["author"]]
    assert len(people) == 16 and people[0] == {"@id": "#Nelson-Elhage", "@type": "Person", "name": "Nelson Elhage"}


def test_the_metadata_says_what_each_part_was_made_from(graph, tmp_path):
    draw = graph["#draw-tiny"]
    keys = {unquote(id).split("/")[-1] for id in references(draw["object"])}
    assert len(keys) == 5 and keys < {path.name for path in shard_files(tmp_path / "store")}
    assert draw["result"] == {"@id": "figures/tiny/"} and graph["figures/tiny/"]["name"] == "F0: Tiny"
    made = {id: graph[id]["result"]["@id"] for id in references(graph["./"]["mentions"])}
    assert made == {
        "#train": "models/",
        "#draw-tiny": "figures/tiny/",
        "#draw-other": "figures/other/",
        "#judge": "claims.json",
        "#publish": "site/",
    }
    program = graph["code/report/__main__.py"]
    assert {graph[id]["instrument"]["@id"] for id in made} == {program["@id"]} and "SoftwareSourceCode" in program["@type"]
    assert program["softwareRequirements"] == {"@id": "code/requirements.lock"}


def test_the_readme_gives_commands_that_there_are(files):
    text = files["README.md"].decode()
    assert "    cd code\n    make verify PROFILE=smoke\n" in text
    assert "    cd code\n    make report PROFILE=smoke FETCH=../models\n" in text
    assert "Nelson Elhage and others, *Toy Models of Superposition*, 2022, https://transformer-circuits.pub" in text
    for name in ("site/index.html", "figures/", "claims.json", "models/", "code/", "ro-crate-metadata.json"):
        assert f"| `{name}` |" in text and any(path.startswith(name) for path in files)


def test_what_differs_from_the_commit_is_refused(clone, tmp_path, capsys):
    for name in SOURCES:
        (clone / name).write_text("changed")
    id = git(clone, "rev-parse", "HEAD")[:12]
    git(clone, "add", "CITATION.cff")
    assert run(tmp_path) == 2
    assert capsys.readouterr().err == (
        f"error: an archive names its commit, and files here differ from commit {id}: .ci/python, CITATION.cff, "
        "report.yml and 2 more. Commit the changes, or take them back with `git stash -u`.\n"
    )
    git(clone, "checkout", "--quiet", "--force", "HEAD")
    (clone / "more.json").touch()
    assert run(tmp_path) == 2 and f"differ from commit {id}: more.json. Commit" in capsys.readouterr().err
    (clone / "more.json").unlink()
    (clone / "link").symlink_to("nowhere")
    git(clone, "add", "link")
    git(clone, "commit", "--quiet", "--message", "link")
    assert run(tmp_path) == 2
    assert "error: an archive holds files alone, and link is a link. Commit the file in its place." in capsys.readouterr().err
    assert not (tmp_path / "made.zip").exists()


def test_what_is_no_clone_is_refused(clone, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    words = (
        rf"an archive names its commit, and git finds none in {outside}: fatal: not a git .*\. Run it in a clone of the project\."
    )
    with pytest.raises(PipelineError, match=words):
        head(outside)
    with pytest.raises(PipelineError, match=rf"{clone / 'report'} is no clone but a folder in one\. Run it in a clone"):
        head(clone / "report")
    git(outside, "init", "--quiet")
    with pytest.raises(PipelineError, match=rf"git finds none in {outside}: fatal: .*HEAD"):
        head(outside)
    monkeypatch.setenv("PATH", str(outside))
    with pytest.raises(PipelineError, match=r"and git cannot be run: No such file or directory\. Install git\."):
        head(clone)


def test_what_is_not_trained_or_drawn_cannot_be_archived(made, tmp_path, capsys):
    for figure in (tmp_path / "store/figures").iterdir():
        shutil.rmtree(figure)
    assert run(tmp_path) == 2
    assert capsys.readouterr().err == (
        "error: ARCHIVE needs all figures of profile smoke, and some are not drawn: tiny, other. "
        "Run `make report PROFILE=smoke` first.\n"
    )
    shard_files(tmp_path / "store")[0].unlink()
    assert run(tmp_path) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ARCHIVE needs all models of profile smoke, and some are not trained: ")
    assert err.endswith("/models. Run `make report PROFILE=smoke` first.\n") and not list(tmp_path.glob("*.zip"))
    assert Store(tmp_path / "store").sizes and not list((tmp_path / "store/figures").iterdir()), "nothing is made"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "intro"], "an archive holds all figures, of models that the kernel trained; got ONLY=intro. Leave it out."),
        (
            ["--engine", "torch"],
            "an archive holds all figures, of models that the kernel trained; got ENGINE=torch. Leave it out.",
        ),
        (["--archive", "folder"], "ARCHIVE is the zip file to write; got folder. Pass ARCHIVE=name.zip."),
        (
            ["--out", "there", "--archive", "there/made.zip"],
            "ARCHIVE is a file beside what it holds; got there/made.zip, which is in OUT. Pass ARCHIVE=another file.",
        ),
    ],
)
def test_options_that_make_no_archive_are_refused(clone, tmp_path, capsys, options, words):
    assert run(tmp_path, "made.zip", *options) == 2
    assert capsys.readouterr().err == f"error: {words}\n"


def test_a_file_that_cannot_be_written_is_named(made, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("x")
    assert run(tmp_path, "file/made.zip") == 2
    assert capsys.readouterr().err == (
        f"error: cannot write {tmp_path / 'file/made.zip'}: a file is in the place of a folder. Finished work is kept. "
        "Make it writable or pass ARCHIVE=another file, and run again.\n"
    )
    (tmp_path / "made.zip").write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(crate, "metadata", full)
    assert run(tmp_path) == 2
    assert (
        "made.zip: the disk is full. Finished work is kept. Free some space or pass ARCHIVE=another file"
        in capsys.readouterr().err
    )
    assert (tmp_path / "made.zip").read_bytes() == b"old" and not list(tmp_path.glob(".tmp-*"))


def test_the_citation_of_this_project_makes_metadata():
    citation = checkout.SourceFile((ROOT / "CITATION.cff").read_bytes(), executable=False)
    commit = checkout.Commit(id="c" * 40, date="2026-01-01", files={"CITATION.cff": citation})
    assert json.loads(crate.metadata(commit, "laptop", [], []))["@graph"][1]["version"] == crate.citation(commit)["version"]
    assert commands.COMMANDS["archive"] is commands.run_archive


def command(folder, *arguments):
    """The output of a command in a process of its own, without the caller's paths."""
    bare = {name: text for name, text in GIT.items() if name != "PYTHONPATH"}
    ran = subprocess.run(arguments, cwd=folder, env=bare, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An archive of a build of the smoke profile, unpacked; the code in it finds the libraries of this environment."""
    folder = tmp_path_factory.mktemp("archive")
    clone = committed(folder / "clone", [path.relative_to(ROOT).as_posix() for path in tracked()])
    places = ("--profile", "smoke", "--device", "cpu", "--store", folder / "store", "--out", folder / "site")
    command(clone, sys.executable, "-m", "report", "build", *places)
    for name in ("one", "two"):
        command(clone, sys.executable, "-m", "report", "archive", *places, "--archive", folder / f"{name}.zip")
    assert (folder / "one.zip").read_bytes() == (folder / "two.zip").read_bytes()
    with zipfile.ZipFile(folder / "one.zip") as archive:
        archive.extractall(folder / "there")
    (folder / "there/code/.venv").symlink_to(Path(sys.prefix))
    return folder / "there"


READY = ("-o", ".venv/.ready", "PROFILE=smoke", "DEVICE=cpu")


@pytest.mark.soak
def test_an_unpacked_archive_passes_verification(elsewhere):
    assert "figures and verdicts are as expected" in command(elsewhere / "code", "make", "verify", *READY)


@pytest.mark.soak
def test_an_unpacked_archive_is_built_again_from_its_models_alone(elsewhere):
    said = command(elsewhere / "code", "make", "report", *READY, "FETCH=../models")
    assert "Fetched" in said and "Trained" not in said and (elsewhere / "code/site/index.html").is_file()
    models = contents(elsewhere / "models/shards")
    assert models == contents(elsewhere / "code/.artifacts/shards")
    numbers = [path.relative_to(elsewhere / "figures") for path in (elsewhere / "figures").rglob("data.json")]
    again = {path.name: path for path in (elsewhere / "code/site/figures").iterdir()}
    assert numbers and all(
        (elsewhere / "figures" / path).read_bytes() == (again[path.parent.name] / "data.json").read_bytes() for path in numbers
    )


@pytest.mark.soak
def test_an_archive_is_an_ro_crate(elsewhere):
    validator = shutil.which("rocrate-validator")
    if not validator:
        pytest.skip("not validated: there is no rocrate-validator on PATH; tests/report/validator.txt says how to install it")
    options = ["--no-interactive", "validate", "--profile-identifier", "ro-crate-1.2", "--no-paging", "--verbose"]
    offline = os.environ.get("ROCRATE_CACHE")
    options += ["--offline", "--cache-path", offline] if offline else []
    command(elsewhere, validator, *options, ".")
