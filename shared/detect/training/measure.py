"""Measures an encoder alone on one of the splits.

    python measure.py MINILM_FOLDER BACKGROUND.jsonl PIECES_PROGRAM FILE.npz [fit|blind]
"""
import sys

import jax
import numpy as np
from sklearn.metrics import f1_score, roc_auc_score, roc_curve

import data
import model
from train import Texts, by_length, padded

_, MINILM, BACKGROUND, PROGRAM, FILE = sys.argv[:5]
PART = sys.argv[5] if len(sys.argv) > 5 else "fit"
p = {name: jax.numpy.array(value) for name, value in np.load(FILE).items()}
run = jax.jit(model.read)


def outputs(texts):
    store = Texts(PROGRAM)
    for text in texts:
        store.add(text)
    store.encode()
    answers = np.zeros((len(texts), len(model.ANSWERS)), np.float32)
    issue, meaning = np.zeros((len(texts), model.VECTOR), np.float32), np.zeros((len(texts), model.VECTOR), np.float32)
    for batch in by_length(np.arange(len(texts)), store, np.random.default_rng(0), 64):
        found = run(p, *padded([store.pieces[at] for at in batch], 64))
        for into, out in zip((answers, issue, meaning), found):
            into[batch] = np.array(out)[:len(batch)]
    return answers, issue, meaning


def figures(name, labels, scores):
    labels, scores = np.array(labels), np.array(scores)
    if len(set(labels)) < 2:
        return
    fpr, tpr, _ = roc_curve(labels, scores)
    at = {most: tpr[fpr <= most].max() for most in (0.001, 0.01, 0.05)}
    best = max(2 * (scores[labels == 1] >= t).sum() / ((scores >= t).sum() + labels.sum()) for t in np.quantile(scores, np.linspace(0.05, 0.95, 91)))
    print(f"{name}: n {len(labels)} auc {roc_auc_score(labels, scores):.3f} best f1 {best:.3f} f1 at 0 {f1_score(labels, scores > 0):.3f} "
          f"fpr {(scores[labels == 0] > 0).mean():.3f} recall " + " ".join(f"{most}: {value:.2f}" for most, value in at.items()), flush=True)


def main():
    rows = [row for row in data.requests() if row["part"] == PART]
    evidence = outputs([row["text"] for row in rows])[0][:, 0]
    for lang in sorted({row["lang"] for row in rows}):
        some = [at for at, row in enumerate(rows) if row["lang"] == lang]
        figures("request " + lang, [rows[at]["label"] for at in some], evidence[some])
        if lang == "en":
            kinds = sorted({(rows[at]["label"], rows[at]["kind"]) for at in some})
            print("  ", {f"{kind} {label}": round(float(np.mean([(evidence[at] > 0) == label for at in some if rows[at]["kind"] == kind and rows[at]["label"] == label])), 2)
                         for label, kind in kinds})
            english = [at for at in some]
    ordinary = [row["text"] for row in data.background(BACKGROUND) if row["part"] == PART]
    low = outputs(ordinary)[0][:, 0]
    asks = [evidence[at] for at in english if rows[at]["label"] == 1]
    figures("request en against ordinary", [1] * len(asks) + [0] * len(low), asks + list(low))
    rows = [row for row in data.feedback() if row["part"] == PART]
    answers = outputs([row["text"] for row in rows])[0]
    said = np.where(answers[:, 1:3].max(1) < 0, "neutral", np.where(answers[:, 1] >= answers[:, 2], "unhelpful", "resolved"))
    print("feedback macro f1", round(f1_score([row["label"] for row in rows], said, average="macro"), 3), len(rows))
    rows = [row for row in data.replies() if row["part"] == PART]
    answers = outputs([row["text"] for row in rows])[0]
    figures("non-answer", [row["label"] for row in rows], answers[:, 3])
    figures("promise", [row["promise"] for row in rows], answers[:, 4])
    groups = [issue for issue in data.issues() if issue["part"] == PART]
    texts = [text for issue in groups for text in issue["same"] + issue["near"]]
    vectors = dict(zip(texts, outputs(texts)[1]))
    labels, scores = [], []
    for at, issue in enumerate(groups):
        for i, one in enumerate(issue["same"]):
            for other in issue["same"][i + 1:]:
                labels.append(1), scores.append(vectors[one] @ vectors[other])
            for other in issue["near"]:
                labels.append(0), scores.append(vectors[one] @ vectors[other])
            other = groups[(at + 1 + i) % len(groups)]["same"][0]
            labels.append(0), scores.append(vectors[one] @ vectors[other])
    figures(f"issues ({len(groups)})", labels, np.array(scores) - 0.5)
    owners = [owner for owner in data.owners() if owner["part"] == PART]
    labels, scores = [], []
    for owner in owners:
        phrases = outputs(owner["phrases"])[2]
        for kind, label in (("positives", 1), ("negatives", 0)):
            cosine = outputs(owner[kind])[2] @ phrases.T
            labels += [label] * len(cosine)
            scores += list(cosine.max(1))
    figures(f"phrases ({len(owners)})", labels, np.array(scores) - 0.5)


if __name__ == "__main__":
    main()
