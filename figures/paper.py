"""The figures of the paper and of its comments, in order; ours are compared with them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper.

    Attributes:
        label: Its number in our list.
        title: What it shows, in our words.
        section: The section of the paper.
        absent: Why it is not drawn here; empty if it is.
    """

    label: str
    title: str
    section: str
    absent: str = ""


_MOTIVATION = "Definitions and Motivation"
_DEMONSTRATING = "Demonstrating Superposition"
_PHASE = "Superposition as a Phase Change"
_GEOMETRY = "The Geometry of Superposition"
_LEARNING = "Superposition and Learning Dynamics"
_PRIVILEGED = "Superposition in a Privileged Basis"
_COMPUTATION = "Computation in Superposition"
_COMMENTS = "Comments & Replications"

FIGURES = (
    PaperFigure("F1", "Five features in two dimensions, from dense to sparse", "Introduction"),
    PaperFigure("F2", "Bases that are privileged and bases that are not", _MOTIVATION),
    PaperFigure("F3", "Polysemanticity and superposition", _MOTIVATION),
    PaperFigure("F4", "Interference between features", _MOTIVATION),
    PaperFigure("F5", "A small network that simulates a larger sparse one", _MOTIVATION),
    PaperFigure("F6", "The set-up: disentangled and observed model", _DEMONSTRATING),
    PaperFigure("F7", "How to read the products of weights and the bias", _DEMONSTRATING),
    PaperFigure("F8", "How to read the norms", _DEMONSTRATING),
    PaperFigure("F9", "Basic results with 20 features in 5 dimensions", _DEMONSTRATING),
    PaperFigure("F10", "Basic results with 80 features in 20 dimensions", _DEMONSTRATING),
    PaperFigure("F11", "The loss of the linear model", _DEMONSTRATING),
    PaperFigure("F12", "The loss on one active feature", _DEMONSTRATING),
    PaperFigure("F13", "Phase diagram of two features in one dimension", _PHASE),
    PaperFigure("F14", "Phase diagram of three features in two dimensions", _PHASE),
    PaperFigure("F15", "Dimensions per feature, over density", _GEOMETRY),
    PaperFigure("F16", "The dimensionality of each feature, and graphs of features", _GEOMETRY),
    PaperFigure("F17", "Tegum products", _GEOMETRY),
    PaperFigure("F18", "Polytopes and low-rank matrices", _GEOMETRY),
    PaperFigure("F19", "One feature denser or sparser than the others", _GEOMETRY),
    PaperFigure("F20", "Correlated and anticorrelated features", _GEOMETRY),
    PaperFigure("F21", "Local almost orthogonal bases", _GEOMETRY),
    PaperFigure("F22", "Collapse to principal components", _GEOMETRY),
    PaperFigure("F23", "Jumps between energy levels in training", _LEARNING),
    PaperFigure("F24", "Learning as a series of geometric transformations", _LEARNING),
    PaperFigure("F25", "Vulnerability to adversarial examples", "Relationship to Adversarial Robustness"),
    PaperFigure("F26", "Weights with and without a privileged basis", _PRIVILEGED),
    PaperFigure("F27", "Weights as a matrix and as stacks", _PRIVILEGED),
    PaperFigure("F28", "Neurons from monosemantic to polysemantic", _PRIVILEGED),
    PaperFigure("F29", "The set-up for computation in superposition", _COMPUTATION),
    PaperFigure("F30", "Weights as a matrix, as stacks and as a graph", _COMPUTATION),
    PaperFigure("F31", "The absolute value of three features with six neurons", _COMPUTATION),
    PaperFigure("F32", "The absolute value of 100 features with 40 neurons", _COMPUTATION),
    PaperFigure("F33", "A closer look at models between the regimes", _COMPUTATION),
    PaperFigure("F34", "Asymmetric superposition in a whole model", _COMPUTATION),
    PaperFigure("F35", "Its two instances", _COMPUTATION),
    PaperFigure("F36", "How asymmetric superposition works", _COMPUTATION),
    PaperFigure("F37", "A figure from a paper on capacity", _COMMENTS, "It is another paper's, on other models."),
    PaperFigure("F38", "Exact losses of two features in one dimension", _COMMENTS),
    PaperFigure("F39", "Pressure: more features for the same dimensions", _COMMENTS),
    PaperFigure("FA1", "Losses of nonlinear compression", "Appendix: Nonlinear Compression"),
)
