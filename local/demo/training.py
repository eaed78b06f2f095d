"""A small network over words, trained with numpy: forward, backward and Adam.

For a text of tokens t with vectors x_t, and as many outputs as there are concepts:

    h_t    = relu(x_t W + b)
    f      = [max_t h_t, mean_t h_t]
    logits = f V + c

so that each hidden unit learns a family of words, and the output whether a text has them once
(max) or all over (mean). All concepts share W: what one learns about words helps the others.
Adam is Kingma and Ba 2014 (https://arxiv.org/abs/1412.6980).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local.demo.word_features import Matrix, Tokens

_SEED = 7
# Makes a classifier of 8 MB: 30,522 words of as many float32.
_HIDDEN = 64
_EPOCHS = 24
_BATCH = 64
_RATE = 0.004
_DECAYS = (0.9, 0.99)
# One word in four is hidden from each training step: a text must not hang on a single word.
_DROPPED = 0.25
# A concept is in one passage of ten: its positives weigh more, though not ten times.
_POSITIVE_WEIGHT = 3.0


@dataclass
class Network:
    """The weights.

    words      W, float32 [size, hidden]
    bias       b, float32 [hidden]
    outputs    V, float32 [2 · hidden, concepts]
    intercept  c, float32 [concepts]
    """

    words: Matrix
    bias: Matrix
    outputs: Matrix
    intercept: Matrix

    def parts(self) -> list[Matrix]:
        """The arrays, in the order of the fields."""
        return [self.words, self.bias, self.outputs, self.intercept]


@dataclass(frozen=True)
class Pass:
    """What a forward pass leaves for the backward pass."""

    inputs: Matrix
    hidden: Matrix
    counts: Matrix
    features: Matrix
    logits: Matrix


def train(vectors: Matrix, tokens: Tokens, truth: Matrix) -> Network:
    """A network for `truth`, float32 [texts, concepts] of 0 and 1; the same every time."""
    draw = np.random.default_rng(_SEED)
    network = _initial(draw, vectors.shape[1], truth.shape[1])
    adam = Adam(network.parts())
    for _ in range(_EPOCHS):
        order = draw.permutation(len(truth))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = _with_dropped_words(tokens[rows], draw)
            adam.step(gradients(network, vectors, batch, truth[rows]))
    return network


def forward(network: Network, vectors: Matrix, tokens: Tokens) -> Pass:
    """The network over a batch; `logits` is float32 [texts, concepts]."""
    inputs = vectors[tokens.ids]
    rectified = np.maximum(inputs @ network.words + network.bias, 0.0)
    hidden = rectified * tokens.mask[:, :, None]
    counts = tokens.mask.sum(axis=1, keepdims=True)
    features = np.concatenate([hidden.max(axis=1), hidden.sum(axis=1) / counts], axis=1)
    logits = features @ network.outputs + network.intercept
    return Pass(inputs, hidden, counts, features, logits)


def _initial(draw: np.random.Generator, size: int, concepts: int) -> Network:
    def normal(*shape: int) -> Matrix:
        scale = np.float32(shape[0] ** -0.5)
        return draw.standard_normal(shape, dtype=np.float32) * scale

    zeros = np.zeros(_HIDDEN, np.float32), np.zeros(concepts, np.float32)
    return Network(normal(size, _HIDDEN), zeros[0], normal(2 * _HIDDEN, concepts), zeros[1])


def _with_dropped_words(tokens: Tokens, draw: np.random.Generator) -> Tokens:
    kept = draw.random(tokens.mask.shape) >= _DROPPED
    kept[:, 0] = True  # [CLS], so that no text is left without any token
    return Tokens(tokens.ids, tokens.mask * kept)


def gradients(network: Network, vectors: Matrix, tokens: Tokens, truth: Matrix) -> list[Matrix]:
    """Of the weighted binary cross-entropy, in the order of Network.parts()."""
    done = forward(network, vectors, tokens)
    weights = np.where(truth > 0, np.float32(_POSITIVE_WEIGHT), np.float32(1.0))
    probabilities = 1.0 / (1.0 + np.exp(-done.logits))
    errors = ((probabilities - truth) * weights / len(truth)).astype(np.float32)
    hidden = _hidden_gradient(done, errors @ network.outputs.T)
    return [
        np.tensordot(done.inputs, hidden, axes=((0, 1), (0, 1))),
        hidden.sum(axis=(0, 1)),
        done.features.T @ errors,
        errors.sum(axis=0),
    ]


def _hidden_gradient(done: Pass, features: Matrix) -> Matrix:
    """The features' gradient brought back to the hidden units of each token."""
    by_max, by_mean = np.split(features, 2, axis=1)
    spread = np.repeat((by_mean / done.counts)[:, None, :], done.hidden.shape[1], axis=1)
    highest = done.hidden.argmax(axis=1)[:, None, :]
    at_highest = np.take_along_axis(spread, highest, axis=1) + by_max[:, None, :]
    np.put_along_axis(spread, highest, at_highest, axis=1)
    # Zero where the unit was off or the token hidden.
    return spread * (done.hidden > 0)


class Adam:
    """Adam over arrays that it changes in place."""

    def __init__(self, parts: list[Matrix]) -> None:
        self.parts = parts
        self.means = [np.zeros_like(part) for part in parts]
        self.squares = [np.zeros_like(part) for part in parts]
        self.steps = 0

    def step(self, gradients: list[NDArray[np.float32]]) -> None:
        """One step down the gradients."""
        self.steps += 1
        first, second = _DECAYS
        for part, gradient, mean, square in zip(
            self.parts, gradients, self.means, self.squares, strict=True
        ):
            mean += (1 - first) * (gradient - mean)
            square += (1 - second) * (gradient**2 - square)
            unbiased = mean / (1 - first**self.steps)
            part -= _RATE * unbiased / (np.sqrt(square / (1 - second**self.steps)) + 1e-8)
