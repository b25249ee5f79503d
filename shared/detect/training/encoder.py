"""Trains the encoder: a teacher, its small student, and the student's last round. All seeded.

    python encoder.py MINILM_FOLDER BACKGROUND.jsonl OUT_FOLDER [ROUND ...]     rounds: teacher student last

MINILM_FOLDER holds model.safetensors, tokenizer.json and vocab.txt of all-MiniLM-L6-v2.
"""
import glob
import hashlib
import json
import os
import pickle
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEADS, MEANING, BATCH = 384, 12, 128, 32
PARTS = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
         "o": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"}
NORMS = {"ln1": "attention.output.LayerNorm", "ln2": "output.LayerNorm"}

MINILM, BACKGROUND, OUT = sys.argv[1:4]
pretrained = load_file(os.path.join(MINILM, "model.safetensors"))
tokenizer = Tokenizer.from_file(os.path.join(MINILM, "tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(64)
pieces = jnp.array(pretrained["embeddings.word_embeddings.weight"])
places = jnp.array(pretrained["embeddings.position_embeddings.weight"]
                   + pretrained["embeddings.token_type_embeddings.weight"][0])
first_norm = [jnp.array(pretrained["embeddings.LayerNorm." + part]) for part in ("weight", "bias")]


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def messages():
    paths = sorted(glob.glob(os.path.join(HERE, "voices/*.jsonl")))
    return [dict(row, lang=os.path.basename(path)[:2]) for path in paths for row in lines(path)]


def held(voice):
    """One voice in five is the blind split: never trained on."""
    return int(hashlib.sha256(("split" + voice).encode()).hexdigest(), 16) % 5 == 0


def layers(numbers, source):
    """Layers of a MiniLM under the student's names."""
    made = {}
    for to, number in enumerate(numbers):
        name = f"encoder.layer.{number}."
        for short, long in PARTS.items():
            made[f"{to}.{short}.w"] = jnp.array(source[name + long + ".weight"]).T
            made[f"{to}.{short}.b"] = jnp.array(source[name + long + ".bias"])
        for short, long in NORMS.items():
            made[f"{to}.{short}.w"] = jnp.array(source[name + long + ".weight"])
            made[f"{to}.{short}.b"] = jnp.array(source[name + long + ".bias"])
    return made


def norm(x, weight, bias):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-12) * weight + bias


def layer(p, number, x, hidden, first_only=False):
    name = f"{number}."

    def linear(x, part):
        return x @ p[name + part + ".w"] + p[name + part + ".b"]

    def split(x):
        return x.reshape(len(x), -1, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

    asking = x[:, :1] if first_only else x
    scores = split(linear(asking, "q")) @ split(linear(x, "k")).transpose(0, 1, 3, 2) / np.sqrt(WIDTH // HEADS)
    seen = jax.nn.softmax(scores + hidden, -1) @ split(linear(x, "v"))
    seen = seen.transpose(0, 2, 1, 3).reshape(len(x), -1, WIDTH)
    x = norm(asking + linear(seen, "o"), p[name + "ln1.w"], p[name + "ln1.b"])
    inner = jax.nn.gelu(linear(x, "up"), approximate=True)
    return norm(x + linear(inner, "down"), p[name + "ln2.w"], p[name + "ln2.b"])


def embed(numbers, mask):
    x = norm(pieces[numbers] + places[:numbers.shape[1]][None], *first_norm)
    return x, (1 - mask)[:, None, None, :] * -1e9


def average(x, mask):
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)


def unit(x):
    return x / jnp.sqrt((x**2).sum(-1, keepdims=True) + 1e-9)


def six_layers(p, numbers, mask):
    x, hidden = embed(numbers, mask)
    for number in range(6):
        x = layer(p, number, x, hidden)
    return average(x, mask)


def teacher(p, numbers, mask):
    mean = six_layers(p, numbers, mask)
    return (mean @ p["head.w"] + p["head.b"])[:, 0], mean


def student(p, numbers, mask):
    x, hidden = embed(numbers, mask)
    x = layer(p, 1, layer(p, 0, x, hidden), hidden)
    meaning = unit(average(x, mask) @ p["vec.w"] + p["vec.b"])
    first = layer(p, 2, x, hidden, first_only=True)[:, 0]
    return (first @ p["head.w"] + p["head.b"])[:, 0], meaning


def batches(encoded, size, rng=None):
    """Batches of texts of about one length, in a shuffled order when there is a generator."""
    order = rng.permutation(len(encoded)) if rng else np.arange(len(encoded))
    made = []
    for start in range(0, len(order), size * 20):
        some = sorted(order[start:start + size * 20], key=lambda at: len(encoded[at]))
        made += [some[at:at + size] for at in range(0, len(some), size)]
    for at in rng.permutation(len(made)) if rng else range(len(made)):
        batch = made[at]
        longest = max(len(encoded[one]) for one in batch)
        length = next(step for step in (8, 12, 16, 24, 32, 48, 64) if step >= longest)
        numbers, mask = np.zeros((size, length), np.int32), np.zeros((size, length), np.float32)
        mask[:, 0] = 1
        for row, one in enumerate(batch):
            numbers[row, :len(encoded[one])] = encoded[one]
            mask[row, :len(encoded[one])] = 1
        yield batch, numbers, mask


def encode(texts):
    return [one.ids for one in tokenizer.encode_batch(texts)]


def predict(model, p, texts, width):
    run = jax.jit(model)
    evidence, meaning = np.zeros(len(texts)), np.zeros((len(texts), width), np.float32)
    for batch, numbers, mask in batches(encode(texts), 64):
        found = run(p, numbers, mask)
        evidence[batch], meaning[batch] = np.array(found[0])[:len(batch)], np.array(found[1])[:len(batch)]
    return evidence, meaning


def train(model, p, texts, answers, meanings, epochs, rate, meaning_weight, gram_weight, rng):
    """Logistic loss on the request; the meaning kept near the given vectors, alone and pair by pair."""
    steps = epochs * (len(texts) // BATCH + 2)
    schedule = optax.warmup_cosine_decay_schedule(0, rate, steps // 12, steps, 2e-6)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))

    @jax.jit
    def step(p, state, numbers, mask, answer, weight, wanted):
        def loss(p):
            evidence, meaning = model(p, numbers, mask)
            total = (weight * (jax.nn.softplus(evidence) - answer * evidence)).sum() / weight.sum()
            if meaning_weight:
                total += meaning_weight * (weight * (1 - (meaning * wanted).sum(-1))).sum() / weight.sum()
                apart = (meaning @ meaning.T - wanted @ wanted.T) ** 2
                total += gram_weight * (apart * weight[:, None] * weight[None]).mean()
            return total
        gradient = jax.grad(loss)(p)
        updates, state = optimiser.update(gradient, state, p)
        return optax.apply_updates(p, updates), state

    state, encoded = optimiser.init(p), encode(texts)
    for _ in range(epochs):
        for batch, numbers, mask in batches(encoded, BATCH, rng):
            answer, weight = np.zeros(BATCH, np.float32), np.zeros(BATCH, np.float32)
            wanted = np.zeros((BATCH, meanings.shape[1]), np.float32)
            answer[:len(batch)], weight[:len(batch)], wanted[:len(batch)] = answers[batch], 1, meanings[batch]
            p, state = step(p, state, numbers, mask, answer, weight, wanted)
    return p


def misspelt(text, rng):
    letters = list(text)
    for _ in range(max(1, len(letters) // 14)):
        at, kind = int(rng.integers(0, max(1, len(letters) - 1))), rng.integers(0, 3)
        if kind == 0 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif kind == 1 and len(letters) > 2:
            letters.pop(at)
        elif kind == 2:
            letters.insert(at, letters[at])
    return "".join(letters)


def shortened(text, rng):
    words = text.split()
    return " ".join([word for word in words if rng.random() > 0.12] or words)


def save(name, p):
    pickle.dump({key: np.array(value) for key, value in p.items()}, open(os.path.join(OUT, name), "wb"))


def load(name):
    return {key: jnp.array(value) for key, value in pickle.load(open(os.path.join(OUT, name), "rb")).items()}


def soft(rows):
    return np.array([row["label"] * 0.96 + 0.02 for row in rows], np.float32)


def first_round(rows, background):
    """The teacher: MiniLM, all six layers, on the English messages."""
    rng = np.random.default_rng(1)
    english = [row for row in rows if row["lang"] == "en"]
    ordinary = [background[at] for at in rng.permutation(len(background))[:4000]]
    start = layers(range(6), pretrained)
    start["head.w"] = jnp.array(np.random.default_rng(0).normal(0, 0.02, (WIDTH, 1)), jnp.float32)
    start["head.b"] = jnp.zeros(1)
    texts = [row["text"] for row in english] + ordinary
    answers = np.r_[soft(english), np.full(len(ordinary), 0.02)].astype(np.float32)
    save("teacher.pkl", train(teacher, start, texts, answers, np.zeros((len(texts), 1), np.float32), 3, 1.5e-4, 0, 0, rng))


def second_round(rows, background):
    """The student, from the teacher's first three layers: all languages, what the teacher says of
    changed messages, and the meaning of the MiniLM as it came, in its main directions."""
    rng = np.random.default_rng(3)
    learnt = load("teacher.pkl")
    english = [row for row in rows if row["lang"] == "en"]
    texts, plain = [row["text"] for row in english], [row["text"] for row in english if row["label"] == 0]
    changed = [misspelt(text, rng) if rng.random() < 0.5 else shortened(text, rng) for text in texts]
    for _ in range(2500):
        one, other = texts[rng.integers(len(texts))], plain[rng.integers(len(plain))]
        changed.append(". ".join((one, other) if rng.random() < 0.5 else (other, one)))
    ordinary = [background[at] for at in rng.permutation(len(background))[:5000]]
    judged, _ = predict(teacher, learnt, changed, WIDTH)
    every = [row["text"] for row in rows] + changed + ordinary
    answers = np.r_[soft(rows), 1 / (1 + np.exp(-judged)), np.full(len(ordinary), 0.01)].astype(np.float32)
    original = layers(range(6), pretrained)
    _, meanings = predict(lambda p, n, m: (jnp.zeros(len(n)), unit(six_layers(p, n, m))), original, every, WIDTH)
    directions = np.linalg.svd(meanings[::3], full_matrices=False)[2][:MEANING]
    meanings = meanings @ directions.T
    meanings /= np.linalg.norm(meanings, axis=1, keepdims=True)
    start = {key: value for key, value in learnt.items() if key[:2] in ("0.", "1.", "2.")}
    draw = np.random.default_rng(0)
    start["vec.w"] = jnp.array(draw.normal(0, 0.05, (WIDTH, MEANING)), jnp.float32)
    start["head.w"] = jnp.array(draw.normal(0, 0.05, (WIDTH, 1)), jnp.float32)
    start["vec.b"], start["head.b"] = jnp.zeros(MEANING), jnp.zeros(1)
    save("student.pkl", train(student, start, every, answers, meanings, 3, 3e-4, 1.0, 1.0, rng))


def last_round(rows, background):
    """More ordinary messages, in all languages, and requests within other matters."""
    rng = np.random.default_rng(11)
    start = load("student.pkl")
    own = [row["text"] for row in lines(os.path.join(HERE, "background.jsonl"))]
    ordinary = [background[at] for at in rng.permutation(len(background))[:9000]]
    changed, labels, by_language = [], [], {}
    for row in rows:
        by_language.setdefault(row["lang"], ([], []))[row["label"]].append(row["text"])
        if rng.random() < 0.3:
            changed.append(misspelt(row["text"], rng))
            labels.append(row["label"])
    for plain, asks in by_language.values():
        for _ in range(int(0.12 * (len(plain) + len(asks)))):
            ask, one, other = asks[rng.integers(len(asks))], *(plain[at] for at in rng.integers(len(plain), size=2))
            if len(ask.split()) > 2:
                changed.append(f"{one}. {ask}" if rng.random() < 0.5 else f"{ask}. {one}")
                labels.append(1)
            changed.append(f"{one}. {other}")
            labels.append(0)
    capitals = [text.capitalize() + "." for text in ordinary[:1500]]
    every = [row["text"] for row in rows] + changed + ordinary + own + own + capitals
    rest = len(every) - len(rows) - len(changed)
    answers = np.r_[soft(rows), np.array(labels) * 0.94 + 0.03, np.full(rest, 0.005)].astype(np.float32)
    _, meanings = predict(student, start, every, MEANING)
    save("encoder.pkl", train(student, start, every, answers, meanings, 2, 1.5e-4, 2.0, 0.0, rng))


if __name__ == "__main__":
    fitted = [row for row in messages() if not held(row["voice"])]
    ordinary = [row["text"] for row in lines(BACKGROUND)]
    rounds = {"teacher": first_round, "student": second_round, "last": last_round}
    for name in sys.argv[4:] or rounds:
        rounds[name](fitted, ordinary)
