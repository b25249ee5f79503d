"""Trains the encoder on every question at once. Seeded.

    python train.py MINILM_FOLDER BACKGROUND.jsonl PIECES_PROGRAM OUT.npz [--seed N] [--layers N ...] [--epochs N] [--teacher FILE.npz ...]

MINILM_FOLDER holds model.safetensors and vocab.txt of all-MiniLM-L6-v2; PIECES_PROGRAM is the crate's
example `features`, so that there is one tokeniser.
"""
import argparse
import json
import os
import subprocess
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import data
import model
from vocabulary import kept

LENGTHS = (12, 16, 24, 32, 48, 64)
BATCH = 64
NEG = -1e9


class Texts:
    """Texts with their pieces, and what is known of each."""

    def __init__(self, program):
        self.program, self.texts = program, []

    def add(self, text):
        self.texts.append(text)
        return len(self.texts) - 1

    def encode(self):
        asked = "\n".join(json.dumps(text) for text in self.texts)
        printed = subprocess.run([self.program, "--pieces"], input=asked, capture_output=True, text=True, check=True)
        self.pieces = [json.loads(line) for line in printed.stdout.splitlines()]
        assert len(self.pieces) == len(self.texts)


def padded(pieces, size):
    longest = max(len(one) for one in pieces)
    length = next(step for step in LENGTHS if step >= longest)
    numbers, mask = np.zeros((size, length), np.int32), np.zeros((size, length), np.float32)
    mask[:, 0] = 1
    for row, one in enumerate(pieces):
        numbers[row, :len(one)], mask[row, :len(one)] = one, 1
    return numbers, mask


def by_length(indices, texts, rng, size=BATCH):
    """Batches of texts of about one length."""
    made, order = [], rng.permutation(indices)
    for start in range(0, len(order), size * 12):
        some = sorted(order[start:start + size * 12], key=lambda at: len(texts.pieces[at]))
        made += [some[at:at + size] for at in range(0, len(some), size)]
    return made


class Plan:
    """What is trained on in one epoch: rows of (text, answers and their weights, group)."""

    def __init__(self, options, rng):
        self.rng, self.texts = rng, Texts(options.program)
        self.answers, self.weights, self.single, self.issue_groups, self.owner_groups = [], [], [], [], []
        ordinary = [row["text"] for row in data.background(options.background) if row["part"] == "train"]
        foreign = [row["text"] for row in data.foreign_background() if row["part"] == "train"]
        rows = [row for row in data.requests() if row["part"] == "train"]
        plain = {lang: [row["text"] for row in rows if row["label"] == 0 and row["lang"] == lang]
                 for lang in {row["lang"] for row in rows}}
        asks = {lang: [row["text"] for row in rows if row["label"] == 1 and row["lang"] == lang] for lang in plain}

        def put(text, weight=1.0, **answers):
            number = self.texts.add(text)
            self.answers.append([answers.get(name, 0.0) for name in model.ANSWERS])
            self.weights.append([weight * (name in answers) for name in model.ANSWERS])
            return number

        for row in rows:
            # What only looks like a request, and what asks indirectly, is where others fail.
            weight = 1.0 if row["kind"] in ("plain", "explicit") else 1.3
            if row["lang"] != "en":
                weight *= 1.5
            self.single.append(put(data.changed(row["text"], rng), weight, request=row["label"]))
            if rng.random() < 0.15:
                other = plain[row["lang"]][rng.integers(len(plain[row["lang"]]))]
                pair = (row["text"], other) if rng.random() < 0.5 else (other, row["text"])
                if row["label"] == 0 or len(row["text"].split()) > 2:
                    self.single.append(put(rng.choice([". ", " ", "\n", ", "]).join(pair), 0.7, request=row["label"]))
        for at in rng.permutation(len(ordinary))[:options.ordinary]:
            text = ordinary[at]
            if rng.random() < 0.3:
                text = text.capitalize() + rng.choice(["", ".", "?", "!"])
            self.single.append(put(text, 0.6, request=0.0, unhelpful=0.0, resolved=0.0))
        for text in foreign:
            self.single.append(put(text, 0.6, request=0.0, unhelpful=0.0, resolved=0.0))
        for row in data.feedback():
            if row["part"] == "train":
                self.single.append(put(data.changed(row["text"], rng), 1.0, unhelpful=float(row["label"] == "unhelpful"),
                                       resolved=float(row["label"] == "resolved")))
        for row in data.replies():
            if row["part"] == "train":
                self.single.append(put(row["text"], 1.0, non_answer=row["label"], promise=row["promise"]))
        for issue in data.issues():
            if issue["part"] == "train":
                self.issue_groups.append([(put(text), kind) for kind, name in ((1, "same"), (0, "near")) for text in issue[name]])
        for owner in data.owners():
            if owner["part"] == "train":
                self.owner_groups.append([(put(text), kind) for kind, name in ((2, "phrases"), (1, "positives"), (0, "negatives"))
                                          for text in owner[name]])
        self.texts.encode()
        self.answers, self.weights = np.array(self.answers, np.float32), np.array(self.weights, np.float32)

    def batches(self):
        """Each as its texts and, for a contrastive one, groups and kinds."""
        made = [(batch, None, None, 0) for batch in by_length(self.single, self.texts, self.rng)]
        for which, groups, times in ((1, self.issue_groups, 2), (2, self.owner_groups, 2)):
            for _ in range(times):
                order = self.rng.permutation(len(groups))
                per = 9 if which == 1 else 7
                for start in range(0, len(order), per):
                    batch, of, kinds = [], [], []
                    for number in order[start:start + per]:
                        some = [groups[number][at] for at in self.rng.permutation(len(groups[number]))]
                        if which == 1:
                            some = [one for one in some if one[1] == 1][:4] + [one for one in some if one[1] == 0][:3]
                        else:
                            some = [one for kind in (2, 1, 0) for one in [row for row in some if row[1] == kind][:3]]
                        batch += [one[0] for one in some]
                        kinds += [one[1] for one in some]
                        of += [number] * len(some)
                    made.append((batch[:BATCH], of[:BATCH], kinds[:BATCH], which))
        return [made[at] for at in self.rng.permutation(len(made))]


def pair_loss(vectors, group, kind, live, sure, owners):
    """Same or not, for every pair that is known: by the odds that the cosine gives (one threshold for
    all), and against the others of the batch."""
    cosine = vectors @ vectors.T
    same_group = (group[:, None] == group[None]) & live[:, None] & live[None]
    apart = ~jnp.eye(len(vectors), dtype=bool) & live[:, None] & live[None]
    positive = same_group & (kind[:, None] > 0) & (kind[None] > 0) & apart
    if owners:
        # A message against the phrases of an owner; phrases among themselves say nothing.
        known = apart & (kind[:, None] < 2) & (kind[None] == 2)
        positive &= known
    else:
        known = apart
    negative = known & ~positive
    hard = negative & same_group
    odds = sure[0] * cosine + sure[1]
    weight = positive / jnp.maximum(positive.sum(), 1) + 0.5 * hard / jnp.maximum(hard.sum(), 1) \
        + 0.5 * (negative & ~hard) / jnp.maximum((negative & ~hard).sum(), 1)
    likely = (weight * (jax.nn.softplus(odds) - positive * odds)).sum()
    # InfoNCE: each positive pair against all negatives of its row; near ones count twice.
    logits = cosine / 0.07
    rest = jax.nn.logsumexp(jnp.where(negative, logits + jnp.log(1.0 + hard), NEG), axis=1, keepdims=True)
    against = jax.nn.softplus(rest - logits)
    contrast = jnp.where(positive, against, 0).sum() / jnp.maximum(positive.sum(), 1)
    return likely + 0.4 * contrast


def train(options):
    rng = np.random.default_rng(options.seed)
    start = model.pretrained(options.minilm, kept(options.minilm))
    original = jax.jit(lambda numbers, mask: model.unit(model.average(model.run(start, numbers, mask, last=False), mask)))

    def originals(texts):
        """Where the MiniLM as it came points."""
        found = np.zeros((len(texts.texts), model.WIDTH), np.float32)
        for batch in by_length(np.arange(len(texts.texts)), texts, np.random.default_rng(0), 64):
            found[batch] = np.array(original(*padded([texts.pieces[at] for at in batch], 64)))[:len(batch)]
        return found

    plans, clock = [], time.time()
    plan = Plan(options, rng)
    meanings = originals(plan.texts)
    directions = np.linalg.svd(meanings[::3], full_matrices=False)[2][:model.VECTOR]
    print(len(plan.texts.texts), "texts an epoch", len(plan.batches()), "batches", round(time.time() - clock), "s", flush=True)
    p = model.with_layers(start, options.layers) | model.heads(directions, options.seed)
    steps = options.epochs * len(plan.batches())
    schedule = optax.warmup_cosine_decay_schedule(0, options.rate, steps // 12, steps, options.rate / 50)
    groups = {name: "new" if name.split(".")[0] in ("answers", "issue", "meaning", "sure") else "old" for name in p}
    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.multi_transform({"old": optax.adamw(schedule, weight_decay=0.01),
                               "new": optax.adamw(lambda at: 5 * schedule(at), weight_decay=0.01)}, groups))

    @jax.jit
    def step(p, state, mean, key, numbers, mask, answers, weights, wanted, group, kind, which):
        def loss(p):
            evidence, issue, meaning = model.read(p, numbers, mask, key)
            each = weights * (jax.nn.softplus(evidence) - answers * evidence)
            total = each.sum() / BATCH
            live = group >= 0
            of_issue = pair_loss(issue, group, kind, live, p["sure"][0], False)
            of_owner = pair_loss(meaning, group, kind, live, p["sure"][1], True)
            total += jnp.where(which == 1, of_issue, 0.0) + jnp.where(which == 2, of_owner, 0.0)
            # Elsewhere the vectors keep to what the MiniLM says of any two texts.
            real = (mask.sum(1) > 1).astype(jnp.float32)
            square = real[:, None] * real[None]
            truth = wanted @ wanted.T
            keep = sum((square * (vector @ vector.T - truth)**2).sum() / square.sum() for vector in (issue, meaning))
            return total + jnp.where(which == 0, options.keep, options.keep * 0.1) * keep
        value, gradient = jax.value_and_grad(loss)(p)
        updates, state = optimiser.update(gradient, state, p)
        p = optax.apply_updates(p, updates)
        return p, state, jax.tree.map(lambda old, new: 0.998 * old + 0.002 * new, mean, p), value

    state, mean, done, key = optimiser.init(p), p, 0, jax.random.PRNGKey(options.seed)
    for epoch in range(options.epochs):
        if epoch:
            plan = Plan(options, rng)
            meanings = originals(plan.texts)
        total, some = 0.0, plan.batches()
        for batch, group, kind, which in some:
            numbers, mask = padded([plan.texts.pieces[at] for at in batch], BATCH)
            answers, weights = np.zeros((BATCH, len(model.ANSWERS)), np.float32), np.zeros((BATCH, len(model.ANSWERS)), np.float32)
            wanted = np.zeros((BATCH, model.WIDTH), np.float32)
            answers[:len(batch)], weights[:len(batch)], wanted[:len(batch)] = plan.answers[batch], plan.weights[batch], meanings[batch]
            groups_of, kinds = np.full(BATCH, -1, np.int32), np.zeros(BATCH, np.int32)
            if which:
                groups_of[:len(batch)], kinds[:len(batch)] = group, kind
            key, now = jax.random.split(key)
            p, state, mean, value = step(p, state, mean, now, numbers, mask, answers, weights, wanted, groups_of, kinds, which)
            done += 1
            if done == max(steps * 3 // 5, 1):
                mean = p
            total += float(value)
        print("epoch", epoch, "loss", round(total / len(some), 4), round(time.time() - clock), "s", flush=True)
    np.savez(options.out, **{name: np.array(value) for name, value in mean.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("minilm", "background", "program", "out"):
        parser.add_argument(name)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--keep", type=float, default=4.0)
    parser.add_argument("--ordinary", type=int, default=4000)
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5])
    train(parser.parse_args())
