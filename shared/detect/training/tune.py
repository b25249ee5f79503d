"""Trains the encoder's heads on, its layers as they are: minutes instead of hours. Seeded.

    python tune.py MINILM_FOLDER BACKGROUND.jsonl FEATURES_PROGRAM ENCODER.npz OUT.npz [--seed N]

The answers are fitted to the texts of `train.py` by the same weights, the vectors of meaning by the score
that `src/meaning.rs` gives: the mean of the closest phrases, not the closest alone.
"""
import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import data
import model
from train import BATCH, Plan, by_length, issue_loss, owner_loss, padded

CALM = 64
STEPS = {"answers": 3000, "issue": 1200, "meaning": 2500}


def pooled(p, texts):
    """What stands for each text before the heads."""
    def read(numbers, mask):
        x = model.run(p, numbers, mask)
        return jnp.concatenate([model.average(x, mask), x[:, 0]], -1)
    read, rng = jax.jit(read), np.random.default_rng(0)
    made = np.zeros((len(texts.texts), 2 * model.WIDTH), np.float32)
    for batch in by_length(np.arange(len(made)), texts, rng):
        made[batch] = np.array(read(*padded([texts.pieces[at] for at in batch], BATCH)))[:len(batch)]
    return made


def fitted(name, p, loss, batches, steps, rate, keep):
    """The head after so many steps, as the mean of the last half; `keep` holds it to where it began."""
    parts = {name + ".w": p[name + ".w"], name + ".b": p[name + ".b"]} | ({} if name == "answers" else {"sure": p["sure"]})
    begun, optimiser = parts, optax.adamw(optax.cosine_decay_schedule(rate, steps), weight_decay=0.0)

    @jax.jit
    def step(parts, state, *batch):
        def whole(parts):
            return loss(parts, *batch) + keep * sum(((parts[key] - begun[key])**2).sum() for key in parts if key != "sure")
        value, gradient = jax.value_and_grad(whole)(parts)
        updates, state = optimiser.update(gradient, state, parts)
        return optax.apply_updates(parts, updates), state, value
    state, mean, total = optimiser.init(parts), jax.tree.map(jnp.zeros_like, parts), 0.0
    for done, batch in zip(range(steps), batches):
        parts, state, value = step(parts, state, *batch)
        total += float(value)
        if done >= steps // 2:
            mean = jax.tree.map(lambda old, new: old + new / (steps - steps // 2), mean, parts)
        if (done + 1) % 500 == 0:
            print(name, done + 1, "loss", round(total / 500, 4), flush=True)
            total = 0.0
    return mean


def main(options):
    rng, clock = np.random.default_rng(options.seed), time.time()
    p = {name: jnp.array(value) for name, value in np.load(options.start).items()}
    plan = Plan(options, rng)
    vectors = pooled(p, plan.texts)
    print(len(vectors), "texts", round(time.time() - clock), "s", flush=True)
    single = np.array(plan.single)

    def singles():
        while True:
            some = rng.choice(single, 512)
            yield vectors[some], plan.answers[some], plan.weights[some]

    # Ordinary messages, which no owner means and which are about no issue of a batch.
    calm = single[(plan.answers[single, 0] == 0) & (plan.weights[single, 0] > 0)]

    def groups(which):
        while True:
            for batch, group, kind, of in plan.batches():
                if of == which:
                    some = rng.choice(calm, CALM)
                    rows = np.zeros((BATCH + CALM, 2 * model.WIDTH), np.float32)
                    group_of, kinds = np.full(len(rows), -1, np.int32), np.zeros(len(rows), np.int32)
                    rows[:len(batch)], group_of[:len(batch)], kinds[:len(batch)] = vectors[batch], group, kind
                    rows[BATCH:], group_of[BATCH:] = vectors[some], 1000 + np.arange(CALM)
                    # Against learning by heart: the same numbers dropped from all texts of a batch.
                    yield rows * (rng.random(rows.shape[1]) > 0.1) / 0.9, group_of, kinds

    def answers(parts, rows, right, weights):
        evidence = rows @ parts["answers.w"] + parts["answers.b"]
        return (weights * (jax.nn.softplus(evidence) - right * evidence)).sum() / len(rows)

    def direction(name, rows, parts):
        return model.unit(rows @ parts[name + ".w"] + parts[name + ".b"])
    p |= fitted("answers", p, answers, singles(), STEPS["answers"], 3e-4, options.keep)
    for name, which, loss in (("issue", 1, issue_loss), ("meaning", 2, owner_loss)):
        p |= fitted(name, p, lambda parts, rows, group, kind: loss(direction(name, rows, parts), group, kind, parts["sure"][which - 1]),
                    groups(which), STEPS[name], 3e-4, options.keep)
    print(round(time.time() - clock), "s", flush=True)
    np.savez(options.out, **{name: np.array(value) for name, value in p.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("minilm", "background", "program", "start", "out"):
        parser.add_argument(name)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--keep", type=float, default=1e-3)
    for name, value in (("ordinary", 4000), ("cuts", 5000), ("owners", 3), ("issues", 2), ("close", 1)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--topics", type=float, default=1.0)
    parser.add_argument("--hard", type=float, default=1.8)
    main(parser.parse_args())
