"""Reads an encoder's weights as the crate has them, to go on from: the inverse of `export.py`.

    python start.py ENCODER.bin OUT.npz

What was rounded stays rounded. How sure a cosine makes is not among the weights, for the crate has fitted it
again (`../src/pairs.rs`): it begins anew.
"""
import os
import sys

import numpy as np

from export import WEIGHTS
from model import ANSWERS, HEADS, MAX_PIECES, VECTOR, WIDTH

INNER, LAYERS = 4 * WIDTH, 6
SURE = [[8.0, -4.0], [8.0, -4.0]]


class Reader:
    """Takes the parts of a file in the order in which `export.py` writes them."""

    def __init__(self, content):
        self.content, self.at = content, 0

    def take(self, kind, *shape):
        count = int(np.prod(shape))
        made = np.frombuffer(self.content, kind, count, self.at).reshape(shape)
        self.at += made.nbytes
        return made

    def floats(self, *shape):
        return self.take("<f4", *shape).astype(np.float32)

    def rows(self, count, width):
        numbers = self.take(np.int8, count, width).astype(np.float32)
        return numbers * self.floats(count)[:, None]

    def dense(self, inputs, outputs):
        """A matrix as the trainer has it, and its bias."""
        panels = self.take(np.int8, outputs // 16, inputs // 2, 16, 2)
        numbers = panels.transpose(0, 2, 3, 1).reshape(outputs, inputs).astype(np.float32)
        return (numbers * self.floats(outputs)[:, None]).T, self.floats(outputs)


def main(encoder, out):
    with open(WEIGHTS + "vocabulary.txt", encoding="utf-8") as file:
        pieces = len(file.read().splitlines())
    with open(encoder, "rb") as file:
        reader = Reader(file.read())
    p = {"pieces": reader.rows(pieces, WIDTH), "places": reader.floats(MAX_PIECES, WIDTH),
         "ln0.w": reader.floats(WIDTH), "ln0.b": reader.floats(WIDTH)}
    layers = []
    for _ in range(LAYERS):
        one = {}

        def dense(name, inputs, outputs):
            one[name + ".w"], one[name + ".b"] = reader.dense(inputs, outputs)

        def norm(name):
            one[name + ".w"], one[name + ".b"] = reader.floats(WIDTH), reader.floats(WIDTH)
        for name in ("q", "k", "v", "o"):
            dense(name, WIDTH, WIDTH)
        norm("ln1")
        dense("up", WIDTH, INNER)
        dense("down", INNER, WIDTH)
        norm("ln2")
        layers.append(one)
    p |= {name: np.stack([one[name] for one in layers]) for name in layers[0]}
    for name in ("issue", "meaning"):
        p[name + ".w"], p[name + ".b"] = reader.dense(2 * WIDTH, VECTOR)
    p["answers.w"], p["answers.b"] = reader.floats(len(ANSWERS), 2 * WIDTH).T, reader.floats(len(ANSWERS))
    p["sure"] = np.array(SURE, np.float32)
    assert reader.at == len(reader.content), "the file is used up"
    assert p["q.w"].shape[-1] % HEADS == 0
    np.savez(out, **{name: np.ascontiguousarray(value) for name, value in p.items()})
    print(len(p), "parts,", pieces, "pieces")


if __name__ == "__main__":
    main(*sys.argv[1:])
