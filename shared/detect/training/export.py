"""Writes the encoder's weights as the crate reads them (src/encoder.rs): signed bytes with a unit for
each row of the embeddings and each column of the other matrices; biases and scales as they are."""
import pickle
import re
import sys

import numpy as np
from safetensors.numpy import load_file

WEIGHTS = "../weights/"


def kept(vocabulary):
    """The pieces that are kept: marks, ASCII, and what European languages are written with."""
    wanted = re.compile(r"\[(PAD|UNK|CLS|SEP)\]|(##)?[!-~]|(##)?[a-z0-9ß]+|[¿¡€£«»–—…’‘“”„•]")
    return [number for number, piece in enumerate(vocabulary) if wanted.fullmatch(piece)]


def rows(matrix):
    unit = np.maximum(np.abs(matrix).max(1, keepdims=True), 1e-12) / 127
    return np.round(matrix / unit).astype(np.int8), unit[:, 0].astype("<f4")


def columns(matrix):
    quantised, unit = rows(np.ascontiguousarray(matrix.T))
    return quantised.T.tobytes() + unit.tobytes()


def dequantised(matrix):
    quantised, unit = rows(np.ascontiguousarray(matrix.T))
    return (quantised * unit[:, None]).T


def floats(vector):
    return np.asarray(vector, dtype="<f4").tobytes()


def main(student, minilm):
    vocabulary = open(minilm + "vocab.txt", encoding="utf-8").read().splitlines()
    pretrained = load_file(minilm + "model.safetensors")
    student = pickle.load(open(student, "rb"))
    numbers = kept(vocabulary)
    assert vocabulary[numbers[0]] == "[PAD]"
    open(WEIGHTS + "vocabulary.txt", "w", encoding="utf-8").write("\n".join(vocabulary[n] for n in numbers) + "\n")
    open(WEIGHTS + "pieces.in", "w").write(str(len(numbers)) + "\n")
    embeddings = pretrained["embeddings.word_embeddings.weight"][numbers]
    positions = pretrained["embeddings.position_embeddings.weight"][:64]
    positions = positions + pretrained["embeddings.token_type_embeddings.weight"][0]
    quantised, units = rows(embeddings)
    with open(WEIGHTS + "encoder.bin", "wb") as file:
        file.write(quantised.tobytes() + units.tobytes() + columns(positions))
        file.write(floats(pretrained["embeddings.LayerNorm.weight"]))
        file.write(floats(pretrained["embeddings.LayerNorm.bias"]))

        def dense(name):
            file.write(columns(student[name + ".w"]) + floats(student[name + ".b"]))

        def norm(name):
            file.write(floats(student[name + ".w"]) + floats(student[name + ".b"]))

        for layer in range(3):
            for name in ("q", "k", "v", "o"):
                dense(f"{layer}.{name}")
            norm(f"{layer}.ln1")
            dense(f"{layer}.up")
            dense(f"{layer}.down")
            norm(f"{layer}.ln2")
        dense("vec")
        dense("head")
    print(len(numbers), "pieces")


if __name__ == "__main__":
    main(*sys.argv[1:])
