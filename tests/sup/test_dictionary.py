import numpy as np
import pytest
from scipy.optimize import nnls

from sup.dictionary import Dictionaries, _gradients, alive, codes, dictionary_loss, learn, matches
from sup.errors import SpecError
from sup.geometry import unit_columns
from sup.sparse_coding import coding_loss, learn_dictionary, sparse_codes


def toy(runs=2, hidden=3, features=6, samples=3000, density=0.1):
    """Random unit directions and hidden vectors in which each is active with a small chance."""
    rng = np.random.default_rng(0)
    W = unit_columns(rng.normal(size=(runs, hidden, features)))
    x = rng.random((samples, features)) * (rng.random((samples, features)) < density)
    x = x[x.any(axis=1)]
    return W, np.einsum("sf,rhf->rsh", x, W)


def loss(h, E, c, D, l1):
    return dictionary_loss(Dictionaries(E, c, D), h, l1)


def test_gradients_are_differences_of_the_loss():
    rng = np.random.default_rng(1)
    h, parts = rng.normal(size=(1, 20, 3)), [rng.normal(size=shape) for shape in ((1, 4, 3), (1, 4), (1, 3, 4))]
    for k, gradient in enumerate(_gradients(h, *parts, 0.1)):
        numeric = np.zeros_like(gradient)
        for index in np.ndindex(gradient.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [part.copy() for part in parts]
                moved[k][index] += step
                sides.append(loss(h, *moved, 0.1)[0])
            numeric[index] = (sides[0] - sides[1]) / 2e-6
        np.testing.assert_allclose(gradient, numeric, atol=1e-6)


def test_autoencoders_learn_the_same_every_time():
    _, h = toy()
    both, again = (learn(h, 5, l1=0.1, steps=30) for _ in range(2))
    for one, two in zip(both, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert loss(h, *learn(h, 5, l1=0.1, steps=300), 0.1).max() < loss(h, *both, 0.1).min()
    np.testing.assert_allclose(np.linalg.norm(both.decoder, axis=1), 1.0)


def test_matches_equal_a_loop():
    W, _ = toy()
    D = np.random.default_rng(2).normal(size=(2, 3, 4))
    slow = [[max(w @ d / np.linalg.norm(d) for d in D[r].T) for w in W[r].T] for r in range(2)]
    np.testing.assert_allclose(matches(W, D), slow)
    assert matches(np.zeros((1, 3, 1)), D[:1]).tolist() == [[0.0]]


def test_a_unit_is_dead_when_it_answers_to_fewer_than_one_sample_in_a_thousand():
    dictionaries = Dictionaries(np.ones((1, 2, 1)), np.array([[0.0, -0.5]]), np.ones((1, 1, 2)))
    h = np.full((1, 2000, 1), 0.1)
    h[0, :1] = 1.0
    assert alive(dictionaries, h).tolist() == [[1.0, 0.0]]
    h[0, :2] = 1.0
    assert alive(dictionaries, h).tolist() == [[1.0, 1.0]]
    assert codes(dictionaries, h)[0, 0].tolist() == [1.0, 0.5]


def test_sparse_codes_are_the_best_ones():
    """Against non-negative least squares: |h - D a|^2 + l1 sum a is |[h; r] - [D; s 1^T] a|^2 with s r = -l1 / 2 and s -> 0."""
    W, h = toy(runs=1)
    a = sparse_codes(h[:, :40], W, l1=0.1, iterations=3000)
    s = 1e-4
    for sample, code in zip(h[0, :40], a[0], strict=True):
        stacked = np.vstack([W[0], np.full((1, W.shape[2]), s)])
        best, _ = nnls(stacked, np.r_[sample, -0.05 / s])
        ours, theirs = (coding_loss(sample[None, None], W, one[None, None], 0.1)[0] for one in (code, best))
        assert ours <= theirs + 1e-6
    assert (a >= 0).all()


def test_sparse_coding_finds_directions_that_random_ones_miss():
    W, h = toy()
    random = unit_columns(np.random.default_rng(3).normal(size=(2, 3, 12)))
    learnt = learn_dictionary(h, 12, l1=0.1, steps=100)
    assert (matches(W, learnt) > 0.95).mean() > 0.9 > 0.5 > (matches(W, random) > 0.95).mean()
    np.testing.assert_array_equal(learnt, learn_dictionary(h, 12, l1=0.1, steps=100))


@pytest.mark.parametrize("learner", [learn, learn_dictionary])
def test_impossible_dictionaries_are_refused(learner):
    with pytest.raises(SpecError, match=r"units >= 1, steps >= 1 and l1 .* got units=0, steps=1, l1=0\.1"):
        learner(np.ones((1, 4, 2)), 0, l1=0.1, steps=1)
