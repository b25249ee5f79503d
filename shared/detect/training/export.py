"""Writes the encoder's weights as the crate reads them (src/encoder.rs): signed bytes with a unit for
each row of the embeddings and for each number that a matrix makes; biases, scales, places and the
answers' weights as they are.

    python export.py MINILM_FOLDER ENCODER.npz
"""
import os
import sys

import numpy as np

from vocabulary import kept, vocabulary

WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../weights/")


def rows(matrix):
    unit = np.maximum(np.abs(matrix).max(1, keepdims=True), 1e-12) / 127
    return np.round(matrix / unit).astype(np.int8).tobytes(), floats(unit[:, 0])


def panels(matrix):
    """Rows of a matrix as `src/kernel.rs` has them: sixteen rows at a time, for each pair of numbers (one of
    the first half of a row, one of the second) those of each row in turn."""
    content, units = rows(matrix)
    numbers = np.frombuffer(content, np.int8).reshape(len(matrix) // 16, 16, 2, -1)
    return np.ascontiguousarray(numbers.transpose(0, 3, 1, 2)).tobytes(), units


def rounded(p):
    """The parameters as the crate has them: what is written as signed bytes is rounded."""
    def back(matrix):
        unit = np.maximum(np.abs(matrix).max(1, keepdims=True), 1e-12) / 127
        return np.round(matrix / unit) * unit
    made = {}
    for name, value in p.items():
        if name == "pieces":
            value = back(value)
        elif name in ("issue.w", "meaning.w"):
            value = back(value.T).T
        elif name.split(".")[0] in ("q", "k", "v", "o", "up", "down") and name.endswith(".w"):
            value = np.stack([back(one.T).T for one in value])
        made[name] = value
    return made


def floats(numbers):
    return np.asarray(numbers, dtype="<f4").tobytes()


def main(minilm, encoder):
    words, numbers = vocabulary(minilm), kept(minilm)
    with open(WEIGHTS + "vocabulary.txt", "w", encoding="utf-8") as file:
        file.writelines(words[number] + "\n" for number in numbers)
    p = np.load(encoder)
    with open(WEIGHTS + "encoder.bin", "wb") as file:

        def dense(w, b):
            # A row for each number that is made.
            file.writelines(panels(np.ascontiguousarray(w.T)))
            file.write(floats(b))

        def norm(name, layer):
            file.write(floats(p[name + ".w"][layer]) + floats(p[name + ".b"][layer]))

        file.writelines(rows(p["pieces"]))
        file.write(floats(p["places"]) + floats(p["ln0.w"]) + floats(p["ln0.b"]))
        for layer in range(len(p["q.w"])):
            for name in ("q", "k", "v", "o"):
                dense(p[name + ".w"][layer], p[name + ".b"][layer])
            norm("ln1", layer)
            for name in ("up", "down"):
                dense(p[name + ".w"][layer], p[name + ".b"][layer])
            norm("ln2", layer)
        dense(p["issue.w"], p["issue.b"])
        dense(p["meaning.w"], p["meaning.b"])
        file.write(floats(p["answers.w"].T) + floats(p["answers.b"]))
    print(len(numbers), "pieces", os.path.getsize(WEIGHTS + "encoder.bin"), "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
