"""The encoder: a MiniLM of some layers, with a head for each question and two vectors."""
import os

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

WIDTH, HEADS, VECTOR, MAX_PIECES = 384, 12, 128, 64
# What the classification head answers, in its order.
ANSWERS = ("request", "unhelpful", "resolved", "non_answer", "promise", "again")
PARTS = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
         "o": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"}
NORMS = {"ln1": "attention.output.LayerNorm", "ln2": "output.LayerNorm"}


def pretrained(folder, kept):
    """The MiniLM as it came: its layers stacked, its embeddings of the pieces that are kept."""
    source = load_file(os.path.join(folder, "model.safetensors"))
    p = {"pieces": source["embeddings.word_embeddings.weight"][kept],
         "places": source["embeddings.position_embeddings.weight"][:MAX_PIECES]
         + source["embeddings.token_type_embeddings.weight"][0],
         "ln0.w": source["embeddings.LayerNorm.weight"], "ln0.b": source["embeddings.LayerNorm.bias"]}
    for short, long in (PARTS | NORMS).items():
        each = [source[f"encoder.layer.{number}.{long}.weight"] for number in range(6)]
        p[short + ".w"] = np.stack([one.T for one in each]) if short in PARTS else np.stack(each)
        p[short + ".b"] = np.stack([source[f"encoder.layer.{number}.{long}.bias"] for number in range(6)])
    return {name: jnp.array(value, jnp.float32) for name, value in p.items()}


def with_layers(p, numbers):
    """The same with some of its layers only."""
    numbers = jnp.array(numbers)
    stacked = {short + end for short in PARTS | NORMS for end in (".w", ".b")}
    return {name: value[numbers] if name in stacked else value for name, value in p.items()}


@jax.custom_vjp
def product(x, w):
    return jnp.dot(x.astype(jnp.bfloat16), w.astype(jnp.bfloat16), preferred_element_type=jnp.float32)


def _forward(x, w):
    return product(x, w), (x.astype(jnp.bfloat16), w.astype(jnp.bfloat16))


def _backward(kept, g):
    x, w = kept
    g = g.astype(jnp.bfloat16)
    # Written so that the compiler keeps to its fast product of halves.
    gx = jnp.dot(*jax.lax.optimization_barrier((g, w.T)), preferred_element_type=jnp.float32)
    return gx, jnp.einsum("abk,abo->ko", x, g, preferred_element_type=jnp.float32)


product.defvjp(_forward, _backward)


def norm(x, weight, bias):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-12) * weight + bias


def drop(x, key, rate):
    """Drops the same numbers of every piece of a text."""
    if key is None:
        return x
    return x * jax.random.bernoulli(key, 1 - rate, (len(x), 1, x.shape[-1])) / (1 - rate)


def split(p, count):
    """The embeddings with the lowest so many layers, and the rest."""
    stacked = {short + end for short in PARTS | NORMS for end in (".w", ".b")}
    below = {name: p[name] for name in ("pieces", "places", "ln0.w", "ln0.b")} | {name: p[name][:count] for name in stacked}
    above = {name: value[count:] if name in stacked else value for name, value in p.items() if name in stacked or name not in below}
    return below, above


def joined(below, above):
    """The inverse of `split`."""
    return below | above | {name: jnp.concatenate([below[name], above[name]]) for name in below if name in above}


def run(p, numbers, mask, key=None, rate=0.1):
    """What stands for each piece after the last layer."""
    x = p["pieces"][numbers] + p["places"][:numbers.shape[1]][None]
    return through(p, norm(x, p["ln0.w"], p["ln0.b"]), mask, key, rate)


def through(p, x, mask, key=None, rate=0.1):
    """The same from what stands before the first layer."""
    hidden = (1 - mask)[:, None, None, :] * -1e9
    count = len(p["q.w"])
    keys = None if key is None else jax.random.split(key, 2 * count).reshape(count, 2, -1)

    def layer(x, one):
        w, key = one

        def linear(x, part):
            return product(x, w[part + ".w"]) + w[part + ".b"]

        def split(x):
            return x.reshape(len(x), -1, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

        scores = split(linear(x, "q")) @ split(linear(x, "k")).transpose(0, 1, 3, 2) / np.sqrt(WIDTH // HEADS)
        seen = jax.nn.softmax(scores + hidden, -1) @ split(linear(x, "v"))
        seen = linear(seen.transpose(0, 2, 1, 3).reshape(len(x), -1, WIDTH), "o")
        x = norm(x + drop(seen, None if key is None else key[0], rate), w["ln1.w"], w["ln1.b"])
        inner = linear(jax.nn.gelu(linear(x, "up"), approximate=True), "down")
        return norm(x + drop(inner, None if key is None else key[1], rate), w["ln2.w"], w["ln2.b"])

    layers = ({name: p[name] for short in PARTS | NORMS for name in (short + ".w", short + ".b")}, keys)
    return jax.lax.scan(lambda x, one: (layer(x, one), None), x, layers)[0]


def average(x, mask):
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)


def unit(x):
    return x / jnp.sqrt((x**2).sum(-1, keepdims=True) + 1e-9)


def read(p, numbers, mask, key=None, below=None):
    """The evidence for each answer, and the vectors of the issue and of the meaning; `below` are layers that
    stand before those of `p` and are not taught."""
    x = run(p, numbers, mask, key) if below is None else through(p, jax.lax.stop_gradient(run(below, numbers, mask)), mask, key)
    pooled = jnp.concatenate([average(x, mask), x[:, 0]], -1)
    return (pooled @ p["answers.w"] + p["answers.b"],
            unit(pooled @ p["issue.w"] + p["issue.b"]), unit(pooled @ p["meaning.w"] + p["meaning.b"]))


def heads(directions, seed):
    """New heads: the vectors begin with the main directions of the MiniLM's own."""
    rng = np.random.default_rng(seed)
    vector = np.r_[directions.T, np.zeros((WIDTH, VECTOR))]
    p = {"answers.w": rng.normal(0, 0.02, (2 * WIDTH, len(ANSWERS))), "answers.b": np.zeros(len(ANSWERS)),
         "issue.w": vector, "issue.b": np.zeros(VECTOR), "meaning.w": vector, "meaning.b": np.zeros(VECTOR),
         # How sure a cosine makes, for each vector.
         "sure": np.array([[8.0, -4.0], [8.0, -4.0]])}
    return {name: jnp.array(value, jnp.float32) for name, value in p.items()}
