"""Trains the encoder on every question at once. Seeded.

    python train.py MINILM_FOLDER BACKGROUND.jsonl FEATURES_PROGRAM OUT.npz [--seed N] [--epochs N] [--start FILE.npz] ...

MINILM_FOLDER holds model.safetensors and vocab.txt of all-MiniLM-L6-v2; FEATURES_PROGRAM is the
crate's example `features`, so that there is one tokeniser.
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

LENGTHS = (12, 16, 24, 32, 64)
BATCH = 64
# Owners in a batch, and texts of each kind of one of them.
OWNERS, OF_OWNER = 4, 5
NEG = -1e9
# Issues in a batch, texts of one that are the same and that are near.
ISSUES, SAME, NEAR = 6, 5, 5
# Of texts that come in groups only so many pieces are read: few are longer, and the longest of a batch sets its time.
GROUPED_PIECES = 32
# A text is easy when its greatest loss is at most this: the encoder is right at 95 %.
SURE = 0.05


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
        self.options, self.rng, self.texts = options, rng, Texts(options.program)
        self.answers, self.weights, self.single, self.issue_groups, self.owner_groups = [], [], [], [], []
        ordinary = [row["text"] for row in data.background(options.background) if row["part"] == "train"]
        foreign = [row["text"] for row in data.more_background() if row["part"] == "train"]
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
            weight = 1.0 if row["kind"] in ("plain", "explicit") else 1.3 if row["label"] else options.hard
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
            self.single.append(put(text, 0.6, request=0.0, unhelpful=0.0, resolved=0.0, again=0.0))
        for text in foreign:
            self.single.append(put(text, 0.6, request=0.0, unhelpful=0.0, resolved=0.0, again=0.0))
        asking = data.asking_words()
        pool = ordinary + foreign + [text for texts in plain.values() for text in texts]
        for at in rng.integers(len(pool), size=options.cuts):
            text = data.cut(pool[at], asking, rng)
            if text:
                self.single.append(put(text, 0.6, request=0.0))
        for row in data.feedback():
            if row["part"] == "train":
                self.single.append(put(data.changed(row["text"], rng), 1.0, unhelpful=float(row["label"] == "unhelpful"),
                                       resolved=float(row["label"] == "resolved"), **({"again": 0.0} if row["label"] == "resolved" else {})))
        for row in data.replies():
            if row["part"] == "train":
                self.single.append(put(row["text"], 1.0, non_answer=row["label"], promise=row["promise"]))
        for row in data.again():
            if row["part"] == "train":
                for _ in range(2):
                    self.single.append(put(data.changed(row["text"], rng), 1.0, again=1.0, resolved=0.0))
        for issue in data.issues():
            if issue["part"] == "train":
                self.issue_groups.append([(put(text, 0.3, again=0.0), kind) for kind, name in ((1, "same"), (0, "near")) for text in issue[name]])
        for owner in data.owners():
            if owner["part"] == "train":
                self.owner_groups.append([(put(text), kind) for kind, name in ((2, "phrases"), (1, "positives"), (0, "negatives"))
                                          for text in owner[name]])
        self.owners = len(self.owner_groups)
        # An issue asked in several ways is an owner's topic as well.
        for at in rng.permutation(len(self.issue_groups))[:int(options.topics * len(self.issue_groups))]:
            group = self.issue_groups[at]
            group = [group[at] for at in rng.permutation(len(group))]
            same = [number for number, kind in group if kind]
            if len(same) > 3:
                self.owner_groups.append([(number, 2 if at < 2 else 1) for at, number in enumerate(same)]
                                         + [one for one in group if not one[1]])
        self.texts.encode()
        self.close = [at for at, group in enumerate(self.issue_groups) if self.is_close(group)]
        self.answers, self.weights = np.array(self.answers, np.float32), np.array(self.weights, np.float32)

    def leave_out(self, read, p):
        """Of the texts that stand alone and that the encoder is already sure of, keeps a share."""
        self.single = [self.single[at] for at in self.rng.permutation(len(self.single))[:self.options.singles]]
        kept, share = [], self.options.easy
        for batch in by_length(self.single, self.texts, self.rng):
            evidence = np.array(read(p, *padded([self.texts.pieces[at] for at in batch], BATCH))[0])[:len(batch)]
            wrong = np.logaddexp(0, evidence) - self.answers[batch] * evidence
            hard = ((self.weights[batch] > 0) * wrong).max(1) > SURE
            kept += [at for at, one in zip(batch, hard) if one or self.rng.random() < share]
        print(len(kept), "of", len(self.single), "single texts kept", flush=True)
        self.single = kept

    def is_close(self, group):
        """Whether the near ones of an issue share a third of their pieces with one that is the same."""
        same = [set(self.texts.pieces[number][1:-1]) for number, kind in group if kind]
        near = [set(self.texts.pieces[number][1:-1]) for number, kind in group if not kind]
        return np.mean([max(len(one & other) / len(one) for other in same) for one in near if one] or [0]) > 1 / 3

    def of_a_length(self, groups, size, some=None):
        """Groups in a random order, of each so many those of about one length together."""
        longest = [max(len(self.texts.pieces[number]) for number, _ in group) for group in groups]
        order = self.rng.permutation(len(groups) if some is None else some)
        return [at for start in range(0, len(order), size) for at in sorted(order[start:start + size], key=lambda at: longest[at])]

    def batches(self):
        """Each as its texts and, for a contrastive one, groups and kinds."""
        made = [(batch, None, None, 0) for batch in by_length(self.single, self.texts, self.rng)]
        for which, groups, times in ((1, self.issue_groups, self.options.issues), (2, self.owner_groups, 1),
                                     (2, self.owner_groups[:self.owners], self.options.owners)):
            for _ in range(times):
                per = ISSUES if which == 1 else OWNERS
                order = self.of_a_length(groups, 8 * per)
                if which == 1:
                    order += self.of_a_length(groups, 8 * per, self.close) * (self.options.close - 1)
                for start in range(0, len(order), per):
                    batch, of, kinds = [], [], []
                    for place, number in enumerate(order[start:start + per]):
                        some = [groups[number][at] for at in self.rng.permutation(len(groups[number]))]
                        if which == 1:
                            some = [one for one in some if one[1] == 1][:SAME] + [one for one in some if one[1] == 0][:NEAR]
                        else:
                            some = [one for kind in (2, 1, 0) for one in [row for row in some if row[1] == kind][:OF_OWNER]]
                        batch += [one[0] for one in some]
                        kinds += [one[1] for one in some]
                        of += [place] * len(some)
                    made.append((batch[:BATCH], of[:BATCH], kinds[:BATCH], which))
        return [made[at] for at in self.rng.permutation(len(made))]


def shared(numbers, mask):
    """The share of a text's pieces that stand in another as well, for every pair: by the text that has more of them."""
    inner = mask.at[:, 0].set(0) * jnp.roll(mask, -1, 1).at[:, -1].set(0)
    equal = (numbers[:, None, :, None] == numbers[None, :, None, :]) & (inner[None, :, None, :] > 0)
    found = (equal.any(-1) * inner[:, None, :]).sum(-1) / jnp.maximum(inner.sum(1), 1)[:, None]
    return jnp.maximum(found, found.T)


def issue_loss(vectors, group, kind, sure, share=0.0):
    """Same or not, for every pair: by the odds that the cosine gives (one threshold for all), against the
    others of the batch, and each message that is the same against each near one of its issue: what is near
    shares its words with the issue, what is the same often shares none. So near ones count more, the greater
    the share of their words."""
    live = group >= 0
    cosine = vectors @ vectors.T
    known = ~jnp.eye(len(vectors), dtype=bool) & live[:, None] & live[None]
    same_group = (group[:, None] == group[None]) & known
    positive = same_group & (kind[:, None] > 0) & (kind[None] > 0)
    negative = known & ~positive
    hard = negative & same_group & ((kind[:, None] > 0) | (kind[None] > 0))
    near = hard * (1.0 + 4.0 * share)
    near *= 1.5 * hard.sum() / jnp.maximum(near.sum(), 1)
    likely = balanced(sure[0] * cosine + sure[1], positive, near, negative & ~same_group)
    # InfoNCE: each positive pair against all negatives of its row; near ones count four times, or as said.
    logits = cosine / 0.07
    rest = jax.nn.logsumexp(jnp.where(negative, logits + jnp.log(1.0 + 2.0 * near), NEG), axis=1, keepdims=True)
    contrast = jnp.where(positive, jax.nn.softplus(rest - logits), 0).sum() / jnp.maximum(positive.sum(), 1)
    apart = jax.nn.softplus((cosine[:, None, :] - cosine[:, :, None]) / 0.1)
    weight = positive[:, :, None] * near[:, None, :]
    ranked = (weight * apart).sum() / jnp.maximum(weight.sum(), 1)
    return likely + 0.4 * contrast + ranked


def owner_loss(vectors, group, kind, sure):
    """Messages against owners, by the score that `src/meaning.rs` gives (the mean of the phrases beside the
    closest): every positive against every negative of its owner and against the other owners' in the batch,
    because one threshold serves all owners."""
    phrase = (kind == 2)[:, None] & (group[:, None] == jnp.arange(OWNERS)[None])
    cosine = vectors @ vectors.T
    mean = (cosine @ phrase) / jnp.maximum(phrase.sum(0), 1)[None]
    most = jax.nn.logsumexp(jnp.where(phrase.T[None], 16.0 * cosine[:, None], NEG), axis=2) / 16.0
    known = ((group >= 0) & (kind < 2))[:, None] & phrase.any(0)[None]
    score = jnp.where(known, 0.8 * mean + 0.2 * most, 0.0)
    own = known & (group[:, None] == jnp.arange(OWNERS)[None])
    positive, hard, other = own & (kind == 1)[:, None], own & (kind == 0)[:, None], known & ~own
    odds = sure[0] * score + sure[1]
    weight = 1.5 * positive / jnp.maximum(positive.sum(), 1) + hard / jnp.maximum(hard.sum(), 1) + 0.5 * other / jnp.maximum(other.sum(), 1)
    likely = (weight * (jax.nn.softplus(odds) - positive * odds)).sum()
    pairs = positive.ravel()[:, None] * (3.0 * hard + other).ravel()[None]
    apart = (score.ravel()[None] - score.ravel()[:, None]) / 0.1
    return likely + (pairs * jax.nn.softplus(apart)).sum() / jnp.maximum(pairs.sum(), 1)


def balanced(odds, positive, hard, other):
    """Logistic loss, half of it on what is to be found, a third on what is near."""
    weight = 1.5 * positive / jnp.maximum(positive.sum(), 1) + hard / jnp.maximum((hard > 0).sum(), 1) \
        + 0.5 * other / jnp.maximum(other.sum(), 1)
    return (weight * (jax.nn.softplus(odds) - positive * odds)).sum()


def train(options):
    rng = np.random.default_rng(options.seed)
    start = model.pretrained(options.minilm, kept(options.minilm))
    original = jax.jit(lambda numbers, mask: model.unit(model.average(model.run(start, numbers, mask), mask)))

    clock = time.time()
    plan = Plan(options, rng)
    sample = [] if options.start else [original(*padded([plan.texts.pieces[at] for at in batch], BATCH)) for batch in by_length(plan.single, plan.texts, rng)[:30]]
    directions = None if options.start else np.linalg.svd(np.concatenate(sample), full_matrices=False)[2][:model.VECTOR]
    if options.start is None:
        p = model.with_layers(start, options.layers) | model.heads(directions, options.seed)
    else:
        p = {name: jnp.array(value) for name, value in np.load(options.start).items()}
        # An earlier encoder may have had fewer answers; they came first.
        missing = len(model.ANSWERS) - len(p["answers.b"])
        p |= {name: jnp.pad(p[name], [(0, 0)] * (p[name].ndim - 1) + [(0, missing)]) for name in ("answers.w", "answers.b")}
    read = jax.jit(model.read)
    if options.easy < 1:
        plan.leave_out(read, p)
    steps = options.steps or options.epochs * len(plan.batches())
    print(len(plan.texts.texts), "texts an epoch", steps, "batches", round(time.time() - clock), "s", flush=True)
    schedule = optax.warmup_cosine_decay_schedule(0, options.rate, steps // 12, steps, options.rate / 50)
    if options.constant:
        schedule = optax.linear_schedule(0, options.rate, 25)
    below, p = model.split(p, options.frozen)
    groups = {name: "new" if name.split(".")[0] in ("answers", "issue", "meaning", "sure") else "old" for name in p}
    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.multi_transform({"old": optax.adamw(schedule, weight_decay=0.01),
                               "new": optax.adamw(lambda at: 5 * schedule(at), weight_decay=0.01)}, groups))

    @jax.jit
    def step(p, state, mean, key, numbers, mask, answers, weights, wanted, group, kind, which, keeps):
        def loss(p):
            evidence, issue, meaning = model.read(p, numbers, mask, key, below)
            each = weights * (jax.nn.softplus(evidence) - answers * evidence)
            total = each.sum() / BATCH
            of_issue = issue_loss(issue, group, kind, p["sure"][0], shared(numbers, mask))
            of_owner = owner_loss(meaning, group, kind, p["sure"][1])
            total += jnp.where(which == 1, of_issue, 0.0) + jnp.where(which == 2, of_owner, 0.0)
            # Elsewhere the vectors keep to what the MiniLM says of any two texts.
            real = (mask.sum(1) > 1).astype(jnp.float32)
            square = real[:, None] * real[None]
            truth = wanted @ wanted.T
            keep = sum(share * (square * (vector @ vector.T - truth)**2).sum() / square.sum()
                       for vector, share in ((issue, options.keep_issue), (meaning, options.keep)))
            return total + keeps * keep
        value, gradient = jax.value_and_grad(loss)(p)
        updates, state = optimiser.update(gradient, state, p)
        p = optax.apply_updates(p, updates)
        return p, state, jax.tree.map(lambda old, new: 0.98 * old + 0.02 * new, mean, p), value

    nowhere = np.zeros((BATCH, model.WIDTH), np.float32)
    state, mean, done, key = optimiser.init(p), p, 0, jax.random.PRNGKey(options.seed)
    for epoch in range(options.epochs):
        if epoch:
            plan = Plan(options, rng)
            if options.easy < 1:
                plan.leave_out(read, model.joined(below, mean))
        total, some = 0.0, plan.batches()[:steps - done]
        for batch, group, kind, which in some:
            numbers, mask = padded([plan.texts.pieces[at][:GROUPED_PIECES if which else None] for at in batch], BATCH)
            answers, weights = np.zeros((BATCH, len(model.ANSWERS)), np.float32), np.zeros((BATCH, len(model.ANSWERS)), np.float32)
            answers[:len(batch)], weights[:len(batch)] = plan.answers[batch], plan.weights[batch]
            # Where the MiniLM as it came points, for every other batch of texts that stand alone.
            keeps = 2.0 * (which == 0 and done % 2 == 0)
            wanted = original(numbers, mask) if keeps else nowhere
            groups_of, kinds = np.full(BATCH, -1, np.int32), np.zeros(BATCH, np.int32)
            if which:
                groups_of[:len(batch)], kinds[:len(batch)] = group, kind
            key, now = jax.random.split(key)
            p, state, mean, value = step(p, state, mean, now, numbers, mask, answers, weights, wanted, groups_of, kinds, which, keeps)
            done += 1
            if done == (50 if options.constant else max(steps * 3 // 5, 1)):
                mean = p
            total += float(value)
            if done % 100 == 0:
                save(options.out, model.joined(below, mean))
            if done % 25 == 0:
                print("step", done, "of", steps, "loss", round(float(value), 3), round(time.time() - clock), "s", flush=True)
        print("epoch", epoch, "loss", round(total / len(some), 4), round(time.time() - clock), "s", flush=True)
    save(options.out, model.joined(below, mean))


def save(path, p):
    np.savez(path, **{name: np.array(value) for name, value in p.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("minilm", "background", "program", "out"):
        parser.add_argument(name)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--steps", type=int, help="stop after as many batches, whatever the epochs")
    parser.add_argument("--start", help="an encoder to go on from")
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--keep", type=float, default=4.0)
    parser.add_argument("--keep-issue", type=float, default=4.0, help="the same for the issue's vector")
    parser.add_argument("--constant", action="store_true", help="the rate does not fall: for a round that another goes on from")
    parser.add_argument("--easy", type=float, default=1.0, help="the share of the single texts it is sure of that is kept")
    parser.add_argument("--singles", type=int, help="of the single texts, so many are looked at")
    parser.add_argument("--close", type=int, default=1, help="times that issues whose near questions share words come for others' once")
    parser.add_argument("--hard", type=float, default=1.3, help="what only looks like a request counts so much")
    parser.add_argument("--owners", type=int, default=1, help="times that owners come again in an epoch")
    parser.add_argument("--issues", type=int, default=1, help="times that issues come in an epoch")
    parser.add_argument("--frozen", type=int, default=0, help="the embeddings and so many of the lowest layers stay as they are")
    parser.add_argument("--topics", type=float, default=1.0, help="the share of issues that are an owner's topic as well")
    parser.add_argument("--cuts", type=int, default=0, help="pieces of ordinary messages, which ask for nobody")
    parser.add_argument("--ordinary", type=int, default=2000)
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5])
    train(parser.parse_args())
