"""Fits two heads of a trained encoder again, its layers as they are, in a minute: what their inputs are comes
from the crate itself (examples/features.rs --pooled, built with that encoder in place).

    python retouch.py PLAIN_PROGRAM FEATURES_PROGRAM BACKGROUND.jsonl ENCODER.npz OUT.npz

- The answer `non_answer`, with replies that were written later (terse answers; greetings and other courtesies, which
  answer a courtesy): the weights stay as near as possible to what they were.
- The direction of the issue. Taught on our own issues alone it forgot much of what the MiniLM knows of texts of
  other kinds, so half of it (`KNOWN`) becomes the MiniLM's own direction, as far as it can be read from the
  present encoder. PLAIN_PROGRAM is `features` built with the MiniLM as it came (`plain.py`).
"""
import json
import subprocess
import sys

import numpy as np
from scipy.optimize import minimize

import data
import model

# How much the weights of an answer are held to what they were, and a reading of the MiniLM to nought.
HOLD, CALM = 300.0, 3000.0
# The share of the MiniLM's own direction in that of the issue.
KNOWN = 0.5


def pooled(program, texts):
    """What stands for each text before the heads."""
    asked = "\n".join(json.dumps(text) for text in texts)
    printed = subprocess.run([program, "--pooled"], input=asked, capture_output=True, text=True, check=True).stdout
    return np.array([json.loads(line) for line in printed.splitlines()])


def answer(p, name, rows, label, seen):
    """Fits one answer to the rows of the part `train`."""
    rows = [row for row in rows if row["part"] == "train"]
    inputs, labels = seen([row["text"] for row in rows]), np.array([row[label] for row in rows])
    column = model.ANSWERS.index(name)
    before = inputs @ p["answers.w"][:, column] + p["answers.b"][column]
    mean, spread = inputs.mean(0), inputs.std(0)
    scaled = np.c_[(inputs - mean) / spread, np.ones(len(inputs))]

    def loss(change):
        evidence = before + scaled @ change
        value = (np.logaddexp(0, evidence) - labels * evidence).sum() + HOLD / 2 * (change[:-1] ** 2).sum()
        return value, scaled.T @ (1 / (1 + np.exp(-evidence)) - labels) + np.r_[HOLD * change[:-1], 0.0]
    change = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    p["answers.w"][:, column] += change[:-1] / spread
    p["answers.b"][column] += change[-1] - (change[:-1] * mean / spread).sum()


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def direction(p, texts, seen, plain):
    """The issue's direction and the MiniLM's, side by side, in the main directions of both."""
    inputs, right = seen(texts), unit(plain(texts)[:, :model.WIDTH])
    main = np.linalg.svd(right, full_matrices=False)[2][:model.VECTOR].T
    mean, spread = inputs.mean(0), inputs.std(0)
    scaled = np.c_[(inputs - mean) / spread, np.ones(len(inputs))]
    read = np.linalg.solve(scaled.T @ scaled + CALM * np.eye(scaled.shape[1]), scaled.T @ (right @ main))
    read = np.r_[read[:-1] / spread[:, None], read[-1:] - (mean / spread) @ read[:-1]]
    issue = np.r_[p["issue.w"], p["issue.b"][None]]
    inputs = np.c_[inputs, np.ones(len(inputs))]
    both = np.c_[scale(inputs, issue) * np.sqrt(1 - KNOWN), scale(inputs, read) * np.sqrt(KNOWN)]
    main = np.linalg.svd(inputs @ both, full_matrices=False)[2][:model.VECTOR].T
    p["issue.w"], p["issue.b"] = (both @ main)[:-1], (both @ main)[-1]


def scale(inputs, weights):
    """Weights whose vectors are of length 1 on the average."""
    return weights / np.linalg.norm(inputs @ weights, axis=1).mean()


def main(plain, program, background, start, out):
    p = {name: np.array(value, float) for name, value in np.load(start).items()}

    def known(program):
        return lambda texts: pooled(program, texts)
    answer(p, "non_answer", data.replies(), "label", known(program))
    # As many texts as that needs.
    texts = {text for issue in data.issues() if issue["part"] == "train" for text in (issue["same"] + issue["near"])[::2]}
    texts |= {text for owner in data.owners() if owner["part"] == "train" for text in (owner["positives"] + owner["negatives"])[::4]}
    texts |= {row["text"] for row in data.background(background)[::16] if row["part"] == "train"}
    direction(p, sorted(texts), known(program), known(plain))
    np.savez(out, **{name: value.astype(np.float32) for name, value in p.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
