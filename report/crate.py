"""The metadata of an archive, an RO-Crate (https://www.researchobject.org/ro-crate)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import quote

import yaml

from report.checkout import Commit

NAME = "ro-crate-metadata.json"
_VERSION = "https://w3id.org/ro/crate/1.2"
_PROGRAM = "code/report/__main__.py"

_FORMATS = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".md": "text/markdown",
    ".png": "image/png",
    ".py": "text/x-python",
    ".safetensors": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".webp": "image/webp",
    ".whl": "application/zip",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".yml": "application/yaml",
    ".zip": "application/zip",
}

Entity: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the archive.

    Attributes:
        name: Its path.
        sha256: Its digest.
        size: Its bytes.
        text: Whether it is text.
    """

    name: str
    sha256: str
    size: int
    text: bool


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure of the archive.

    Attributes:
        name: The figure's name, and that of its folder.
        title: Its number and title.
        text: What it shows.
        models: Paths of the models that it was made from.
    """

    name: str
    title: str
    text: str
    models: Sequence[str]


def citation(commit: Commit) -> dict[str, Any]:
    """What the commit's CITATION.cff says."""
    about: dict[str, Any] = yaml.safe_load(commit.files["CITATION.cff"].data)
    return about


def metadata(commit: Commit, profile: str, parts: Sequence[Part], figures: Sequence[Drawn]) -> bytes:
    """The text of `ro-crate-metadata.json`: a graph of everything in the archive, of what made it, and of the paper.

    Args:
        commit: The commit.
        profile: The profile's name.
        parts: All files but this one.
        figures: The figures.
    """
    about = citation(commit)
    paper = about["references"][0]
    licence = {"@id": f"https://spdx.org/licenses/{about['license']}", "@type": "CreativeWork", "name": about["license"]}
    licence["description"] = "The licence of everything here but the libraries that have a licence file of their own."
    people = {entity["@id"]: entity for entity in map(_author, [*about["authors"], *paper["authors"]])}
    folders = _folders(commit, profile, figures)
    _sort_into(folders, parts)
    actions = _actions(profile, figures)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": about["title"],
        "description": f"{' '.join(about['abstract'].split())} Built in profile {profile} from commit {commit.id}.",
        "datePublished": commit.date,
        "version": about["version"],
        "keywords": about["keywords"],
        "license": _to(licence),
        "author": [_to(_author(author)) for author in about["authors"]],
        "citation": {"@id": paper["url"]},
        "hasPart": folders.pop("")["hasPart"],
        "mentions": [_to(action) for action in actions],
    }
    descriptor = {"@id": NAME, "@type": "CreativeWork", "about": _to(root), "conformsTo": {"@id": _VERSION}}
    journal = {"@id": _local(paper["journal"]), "@type": "Periodical", "name": paper["journal"]}
    described = [licence, *people.values(), _article(paper), journal]
    files = [_file(part) | (_program(commit) if part.name == _PROGRAM else {}) for part in parts]
    graph = [_compact(entity) for entity in (descriptor, root, *folders.values(), *files, *actions, *described)]
    return (json.dumps({"@context": f"{_VERSION}/context", "@graph": graph}, indent=1, ensure_ascii=False) + "\n").encode()


def _compact(entity: Entity) -> Entity:
    """The entity as RO-Crate asks for it: without empty lists, and a list of one as that one."""
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in entity.items() if value != []
    }


def _to(entity: Mapping[str, Any]) -> Entity:
    """A reference to an entity."""
    return {"@id": entity["@id"]}


def _path(name: str) -> Entity:
    """A reference to a file or folder of the archive."""
    return {"@id": quote(name)}


def _folders(commit: Commit, profile: str, figures: Iterable[Drawn]) -> dict[str, Entity]:
    """The folders by their paths, each in the one above it, which is at "" for those at the top."""
    folders: dict[str, Entity] = {"": {"hasPart": []}}
    for name, title, text in (
        ("code/", "Code", f"The files of commit {commit.id}."),
        ("models/", "Trained models", f"What profile {profile} trains, as a packed store that builds fetch from."),
        ("figures/", "Figures", "Each figure light and dark, as SVG and PNG, with its numbers."),
        *((f"figures/{figure.name}/", figure.title, figure.text) for figure in figures),
        ("site/", "Site", "The pages, which open from the disk."),
    ):
        folders[name] = {**_path(name), "@type": "Dataset", "name": title, "description": text, "hasPart": []}
        folders[_above(name, folders)]["hasPart"].append(_path(name))
    return folders


def _above(name: str, folders: Mapping[str, Entity]) -> str:
    """The innermost of the folders that holds a file or folder."""
    while name:
        name = name.rstrip("/").rpartition("/")[0]
        name = f"{name}/" if name else ""
        if name in folders:
            break
    return name


def _sort_into(folders: Mapping[str, Entity], parts: Iterable[Part]) -> None:
    for part in parts:
        folders[_above(part.name, folders)]["hasPart"].append(_path(part.name))


def _file(part: Part) -> Entity:
    kind = _FORMATS.get(PurePosixPath(part.name).suffix) or ("text/plain" if part.text else "application/octet-stream")
    about = {"encodingFormat": kind, "contentSize": str(part.size), "sha256": part.sha256}
    return {**_path(part.name), "@type": "File", "name": part.name, **about}


def _program(commit: Commit) -> Entity:
    """What the file of the command line says besides what every file says: it is what made everything else."""
    about = {"@type": ["File", "SoftwareSourceCode"], "name": "python -m report", "version": commit.id}
    return about | {"programmingLanguage": "Python", "softwareRequirements": _path("code/requirements.lock")}


def _actions(profile: str, figures: Sequence[Drawn]) -> list[Entity]:
    """What the code did: training, drawing of each figure, judging and publishing."""
    folders = [_path(f"figures/{figure.name}/") for figure in figures]

    def action(id: str, name: str, text: str, made_from: Sequence[Entity], result: str) -> Entity:
        entity = {"@id": _local(id), "@type": "CreateAction", "name": name, "description": text}
        return entity | {"instrument": _path(_PROGRAM), "object": made_from, "result": _path(result)}

    return [
        action("train", "Training", f"Profile {profile} trained its models.", [_path("code/report.yml")], "models/"),
        *(
            action(
                f"draw-{figure.name}", f"Drawing of {figure.name}", f"{figure.title}: computed from its models, and drawn.",
                [_path(name) for name in figure.models], f"figures/{figure.name}/",
            )
            for figure in figures
        ),
        action("judge", "Judging", "Each claim of the paper got its verdict from the data of a figure.", folders, "claims.json"),
        action("publish", "Publishing", "Figures, claims and text became pages.", [*folders, _path("claims.json")], "site/"),
    ]  # fmt: skip


def _author(author: Mapping[str, str]) -> Entity:
    """A person, or a group that has a single name."""
    names = [author[part] for part in ("given-names", "family-names", "name") if part in author]
    kind = "Organization" if "name" in author else "Person"
    return {"@id": _local(" ".join(names)), "@type": kind, "name": " ".join(names)}


def _local(name: str) -> str:
    """The id of something that has no address."""
    return f"#{quote(name.replace(' ', '-'))}"


def _article(paper: Mapping[str, Any]) -> Entity:
    return {
        "@id": paper["url"],
        "@type": "ScholarlyArticle",
        "name": paper["title"],
        "datePublished": f"{paper['year']}-{paper['month']:02}",
        "isPartOf": {"@id": _local(paper["journal"])},
        "identifier": [identifier["value"] for identifier in paper["identifiers"]],
        "author": [_to(_author(author)) for author in paper["authors"]],
    }
