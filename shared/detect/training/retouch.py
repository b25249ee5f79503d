"""Makes a part of the issue's direction the MiniLM's own, the layers as they are, in a minute.

    python retouch.py MINILM_FOLDER BACKGROUND.jsonl FEATURES_PROGRAM ENCODER.npz OUT.npz [SHARE]

Taught on our own issues alone the direction forgets much of what the MiniLM knows of texts of other kinds, so a
share of it becomes the MiniLM's own, as far as that can be read from the present encoder.
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import data
import model
from train import BATCH, Texts, by_length, padded
from vocabulary import kept

# How much a reading of the MiniLM is held to nought, and its share unless another is given.
CALM, KNOWN = 3000.0, 0.5


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def scale(inputs, weights):
    """Weights whose vectors are of length 1 on the average."""
    return weights / np.linalg.norm(inputs @ weights, axis=1).mean()


def direction(p, inputs, right, known):
    """The issue's direction and the MiniLM's, side by side, in the main directions of both."""
    main = np.linalg.svd(right, full_matrices=False)[2][:model.VECTOR].T
    mean, spread = inputs.mean(0), inputs.std(0)
    scaled = np.c_[(inputs - mean) / spread, np.ones(len(inputs))]
    read = np.linalg.solve(scaled.T @ scaled + CALM * np.eye(scaled.shape[1]), scaled.T @ (right @ main))
    read = np.r_[read[:-1] / spread[:, None], read[-1:] - (mean / spread) @ read[:-1]]
    issue = np.r_[p["issue.w"], p["issue.b"][None]]
    inputs = np.c_[inputs, np.ones(len(inputs))]
    both = np.c_[scale(inputs, issue) * np.sqrt(1 - known), scale(inputs, read) * np.sqrt(known)]
    main = np.linalg.svd(inputs @ both, full_matrices=False)[2][:model.VECTOR].T
    p["issue.w"], p["issue.b"] = (both @ main)[:-1], (both @ main)[-1]


def main(minilm, background, program, start, out, known=KNOWN):
    # As many texts as that needs.
    texts = {text for issue in data.issues() if issue["part"] == "train" for text in (issue["same"] + issue["near"])[::4]}
    texts |= {text for owner in data.owners() if owner["part"] == "train" for text in (owner["positives"] + owner["negatives"])[::8]}
    texts |= {row["text"] for row in data.background(background)[::16] if row["part"] == "train"}
    store = Texts(program)
    for text in sorted(texts):
        store.add(text)
    store.encode()
    p = {name: np.array(value, float) for name, value in np.load(start).items()}

    def pooled(p, numbers, mask):
        x = model.run(p, numbers, mask)
        return jnp.concatenate([model.average(x, mask), x[:, 0]], -1)
    pooled = jax.jit(pooled)
    encoders = [{name: jnp.array(value, jnp.float32) for name, value in one.items()} for one in (p, model.pretrained(minilm, kept(minilm)))]
    inputs, plain = np.zeros((2, len(store.texts), 2 * model.WIDTH))
    for batch in by_length(np.arange(len(store.texts)), store, np.random.default_rng(0)):
        numbers, mask = padded([store.pieces[at] for at in batch], BATCH)
        for into, encoder in zip((inputs, plain), encoders):
            into[batch] = np.array(pooled(encoder, numbers, mask))[:len(batch)]
    direction(p, inputs, unit(plain[:, :model.WIDTH]), float(known))
    np.savez(out, **{name: value.astype(np.float32) for name, value in p.items()})
    print(len(texts), "texts")


if __name__ == "__main__":
    main(*sys.argv[1:])
