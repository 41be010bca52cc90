"""report.yml: what is read, and what is refused, with which message."""

from dataclasses import replace

import pytest

import figures
from figures import module
from figures.base import Size
from report import profiles
from report.errors import PipelineError

GOOD = "profiles:\n  smoke:\n    decides: false\n    figures:\n      intro: {steps: 10, seeds: 2}\n"


def load(tmp_path, text):
    path = tmp_path / "report.yml"
    path.write_text(text)
    return profiles.load(path)


def few(size):
    """The size with one model per setting and few settings per map: the same sweeps and recipes, and far fewer runs."""
    return replace(size, grid=min(size.grid, 8), seeds=1)


def test_a_profile_has_its_sizes(tmp_path):
    profile = load(tmp_path, GOOD)["smoke"]
    assert (profile.name, profile.decides, profile.size("intro")) == ("smoke", False, Size(steps=10, seeds=2))
    assert profile.size("setup_sketch") == profiles.DRAWING
    full = load(tmp_path, GOOD.replace("seeds: 2", "seeds: 2, full: true"))["smoke"]
    assert full.size("intro") == Size(steps=10, seeds=2, full=True)


def test_a_map_has_its_grid(tmp_path):
    profile = load(tmp_path, GOOD.replace("seeds: 2", "seeds: 2, grid: 7"))["smoke"]
    assert profile.size("intro") == Size(steps=10, seeds=2, grid=7)


def test_the_projects_own_profiles_give_every_figure_that_trains_a_size():
    every = profiles.load()
    assert list(every) == ["smoke", "laptop", "paper"]
    for profile in every.values():
        for name in figures.NAMES:
            assert (name in profile.sizes) is bool(module(name).needs(few(profile.size(name)))), f"{profile.name}: {name}"


def test_steps_are_the_only_part_of_a_recipe_that_profiles_change():
    def recipes(size, name):
        return {replace(run.recipe, steps=1) for sweep in module(name).needs(few(size)).values() for run in sweep.runs}

    every = profiles.load()
    for name in every["paper"].sizes:
        assert len({frozenset(recipes(profile.size(name), name)) for profile in every.values()}) == 1, name


def test_the_smoke_profile_has_only_shapes_that_laptop_compiles_except_for_models_of_the_papers_size():
    every = profiles.load()
    small = {name for name in every["laptop"].sizes if not every["laptop"].size(name).full}

    def shapes(profile):
        return {sweep.shape for name in small for sweep in module(name).needs(profile.size(name)).values()}

    assert shapes(every["smoke"]) <= shapes(every["laptop"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("steps: 10", "steps: 0", r"report\.yml, profile smoke, figure intro: steps is .*, an int of at least 1; got 0"),
        ("steps: 10", "steps: ten", r"steps is the number of .* got 'ten'. Write for instance \{steps: 1000"),
        ("seeds: 2", "seeds: 2, grid: 0", r"grid is the number of settings along each axis .*, an int of at least 1; got 0"),
        ("seeds: 2", "seeds: true", r"seeds is the number of models per setting, an int of at least 1; got True"),
        (", seeds: 2", "", r"seeds is the number of models per setting, an int of at least 1; got None"),
        ("seeds: 2", "seeds: 2, batch: 3", r"figure intro: there is no field 'batch'. Pick one of steps, seeds, grid, full"),
        ("seeds: 2", "seeds: 2, full: 1", r"full says whether models are as large as the paper's, true or false; got 1"),
        ("intro:", "outro:", r"profile smoke: there is no figure 'outro'. Pick one of intro, privileged_basis_sketch"),
        ("false", "perhaps", r"decides says whether its verdicts on trained models count, true or false; got 'perhaps'"),
        ("decides", "decide", r"profile smoke: there is no field 'decide'. Pick one of decides, figures"),
        ("{steps: 10, seeds: 2}", "[10, 2]", r"figure intro: expected a mapping of names; got \[10, 2\]"),
        ("profiles:", "profile:", r"report\.yml: there is no field 'profile'. Pick one of profiles"),
        (GOOD, "profiles: [", r"report\.yml is not valid YAML: .*line 1"),
        (GOOD, "", r"expected a mapping of names; got None"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, words):
    with pytest.raises(PipelineError, match=words):
        load(tmp_path, GOOD.replace(old, new))


def test_unknown_names_are_refused_with_those_that_exist(tmp_path):
    with pytest.raises(
        PipelineError, match=r"PROFILE is how much of each experiment to run; got 'tiny'. Pick one of smoke, laptop, paper"
    ):
        profiles.get("tiny")
    with pytest.raises(PipelineError, match=r"ONLY is the figure to make; got 'intr'. Pick one of intro, privileged"):
        profiles.check_figure("intr")
    with pytest.raises(PipelineError, match=r"report\.yml lists the profiles, and it cannot be read"):
        profiles.load(tmp_path / "nothing" / "report.yml")
