"""The pieces that are kept: marks, ASCII, and what European languages are written with."""
import os
import re


def vocabulary(folder):
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as file:
        return file.read().splitlines()


def kept(folder):
    wanted = re.compile(r"\[(PAD|UNK|CLS|SEP)\]|(##)?[!-~]|(##)?[a-z0-9ß]+|[¿¡€£«»–—…’‘“”„•]")
    return [number for number, piece in enumerate(vocabulary(folder)) if wanted.fullmatch(piece)]
