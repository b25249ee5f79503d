"""Writes the MiniLM as it came as an encoder of the crate, for `retouch.py`; its heads say nothing.

    python plain.py MINILM_FOLDER OUT.npz
"""
import sys

import numpy as np

import model
from vocabulary import kept

if __name__ == "__main__":
    _, minilm, out = sys.argv
    parts = model.pretrained(minilm, kept(minilm)) | model.heads(np.eye(model.WIDTH)[:model.VECTOR], 0)
    np.savez(out, **{name: np.array(value) for name, value in parts.items()})
