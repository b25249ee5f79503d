"""Writes what the crate has to give again (tests/scores.rs): the trainer's own encoder with the
weights as they were written, in plain floating point, and the models on top.

    python fixtures.py ENCODER.npz FEATURES_PROGRAM
"""
import json
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np

import data
import model
from export import rounded
from heads import EVIDENCE, HERE, Seen, ngrams
from train import Texts, padded

FILES = {"request": "human_request"}


def head(name):
    with open(os.path.join(HERE, "../weights", FILES.get(name, name) + ".bin"), "rb") as file:
        content = file.read()
    numbers = np.frombuffer(content[:20], dtype="<f4").astype(float)
    return numbers, np.frombuffer(content[20:], dtype=np.int8).astype(float)


def main(encoder, program):
    model.product = jnp.dot
    run = jax.jit(model.read)
    p = {name: jnp.array(value) for name, value in rounded(np.load(encoder)).items()}
    rows = [row for row in data.requests() if row["part"] == "blind"][::11] + [row for row in data.replies() if row["part"] == "blind"][::9]
    rows += [row for row in data.feedback() if row["part"] == "blind"][::9]
    store = Texts(program)
    for row in rows:
        store.add(row["text"])
    store.encode()
    seen = Seen(program, "--ngrams")(store.texts)
    heads = {name: head(name) for name in EVIDENCE}
    with open(os.path.join(HERE, "../tests/scores.jsonl"), "w", encoding="utf-8") as file:
        for row, pieces, one in zip(rows, store.pieces, seen):
            evidence, issue, meaning = (np.array(out[0], float) for out in run(p, *padded([pieces], 1)))
            joined = []
            for at, name in enumerate(EVIDENCE):
                (bias, share, *units), weights = heads[name]
                # The units of a file hold how much a kind of n-gram counts.
                unit = units[2] / 0.6
                joined.append(bias + share * evidence[at] + unit * (ngrams([one], len(weights)) @ weights)[0])
            line = {"text": row["text"], "pieces": pieces, "evidence": joined, "issue": issue[:8], "meaning": meaning[:8]}
            for name in ("evidence", "issue", "meaning"):
                line[name] = [round(float(number), 5) for number in line[name]]
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(len(rows), "fixtures")


if __name__ == "__main__":
    main(*sys.argv[1:])
