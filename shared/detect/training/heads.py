"""Fits the small models on top of the n-grams and the encoder, and writes them as src/head.rs reads
them. All inputs come from the crate itself (examples/features.rs), so there is one tokeniser and one hash.

    python heads.py FEATURES_PROGRAM BACKGROUND.jsonl
"""
import glob
import hashlib
import json
import os
import subprocess
import sys

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM, BACKGROUND = sys.argv[1:3]
SEED = 7
# How much a kind of n-gram, the encoder's mean and its evidence count before fitting.
# Taken from the evidence for a request: the blind split has far more requests than a day has.
CAUTION = 0.8
SCALES = {"words": 3.0, "chars": 3.0, "marks": 0.6}


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def own(name):
    return lines(os.path.join(HERE, name))


def inputs(texts):
    """What the crate's models see of texts."""
    asked = "\n".join(json.dumps(text) for text in texts)
    printed = subprocess.run([PROGRAM], input=asked, capture_output=True, text=True, check=True).stdout
    found = [json.loads(line) for line in printed.splitlines()]
    assert len(found) == len(texts)
    return found


def ngrams(found, buckets):
    begins, columns, values = [0], [], []
    for one in found:
        row = {}
        for kind, scale in SCALES.items():
            share = scale if kind == "marks" else scale / np.sqrt(max(1, len(one[kind])))
            for number in one[kind]:
                row[number % buckets] = row.get(number % buckets, 0) + share
        columns.extend(row)
        values.extend(row.values())
        begins.append(len(columns))
    return csr_matrix((np.array(values), np.array(columns), np.array(begins)), shape=(len(found), buckets))


def means(found):
    mean = np.array([one["mean"] for one in found])
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)


def requests(found):
    return np.array([one["request"] for one in found])


def held(voice):
    """One voice in five is the blind split: never fitted to."""
    return int(hashlib.sha256(("split" + voice).encode()).hexdigest(), 16) % 5 == 0


def fit(matrix, labels, strength, weights=None, balance=None):
    model = LogisticRegression(C=strength, solver="liblinear", max_iter=500, random_state=SEED, class_weight=balance)
    return model.fit(matrix, labels, sample_weight=weights)


def write(name, bias, request, mean, weights):
    unit = max(np.abs(weights).max() / 127, 1e-12)
    header = [bias, request] + [unit * scale for scale in SCALES.values()] + list(mean)
    with open(os.path.join(HERE, "../weights", name + ".bin"), "wb") as file:
        file.write(np.array(header, dtype="<f4").tobytes())
        file.write(np.round(weights / unit).astype(np.int8).tobytes())


def rounded(weights):
    unit = max(np.abs(weights).max() / 127, 1e-12)
    return np.round(weights / unit) * unit


def figures(name, labels, scores, threshold=0.5):
    labels, scores = np.asarray(labels), np.asarray(scores)
    says = scores >= threshold
    print(f"{name}: n {len(labels)} auc {roc_auc_score(labels, scores):.3f} "
          f"f1 {f1_score(labels, says):.3f} fpr {says[labels == 0].mean():.3f}")


def human_request():
    voices = [row for path in sorted(glob.glob(os.path.join(HERE, "voices/*.jsonl"))) for row in lines(path)]
    rng = np.random.default_rng(SEED)
    background = [row["text"] for row in lines(BACKGROUND)]
    background = [background[at] for at in rng.permutation(len(background))[:4000]]
    background += [row["text"] for row in own("background.jsonl")]
    seen, ordinary = inputs([row["text"] for row in voices]), inputs(background)
    labels = np.array([row["label"] for row in voices])
    blind = np.array([held(row["voice"]) for row in voices])
    matrix, rest = ngrams(seen, 1 << 18), ngrams(ordinary, 1 << 18)
    fitted = vstack([matrix[~blind], rest])
    answers = np.r_[labels[~blind], np.zeros(len(background))]
    model = fit(fitted, answers, 2.0, np.r_[np.ones((~blind).sum()), np.full(len(background), 0.5)])
    evidence = model.decision_function(matrix)
    # How much to believe each is learnt where neither has seen the answer.
    both = np.c_[requests(seen), evidence]
    # Half of the background is for the weights of the two, so that ordinary traffic counts too.
    stack_on = np.r_[both[blind], np.c_[requests(ordinary), model.decision_function(rest)][::8]]
    stack_labels = np.r_[labels[blind], np.zeros(len(stack_on) - blind.sum())]
    stack = fit(stack_on, stack_labels, 1.0)
    total = stack.decision_function(both)
    print("stack", stack.coef_, stack.intercept_)
    languages = np.array([row.get("lang", "en")[:2] for row in voices])
    for language in sorted(set(languages)):
        some = blind & (languages == language)
        if not some.any():
            continue
        figures("blind " + language, labels[some], 1 / (1 + np.exp(-total[some])))
        figures("   encoder " + language, labels[some], requests(seen)[some], 0)
        figures("   n-grams " + language, labels[some], evidence[some], 0)
    # What the crate has to give again: src/head.rs is tested on these.
    bias = stack.intercept_[0] - CAUTION + stack.coef_[0][1] * model.intercept_[0]
    exact = bias + stack.coef_[0][0] * requests(seen) + matrix @ rounded(stack.coef_[0][1] * model.coef_[0])
    some = np.flatnonzero(blind)[::12]
    fixtures = [{"text": voices[at]["text"], "score": round(float(1 / (1 + np.exp(-exact[at]))), 6)} for at in some]
    with open(os.path.join(HERE, "../tests/scores.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in fixtures)
    encoder, share = stack.coef_[0]
    write("human_request", bias, encoder,
          np.zeros(384), share * model.coef_[0])


def small(name, texts, answers, strength=2.0, extra=()):
    """A model of few examples: n-grams and the encoder's mean together; figures by cross-validation."""
    seen = inputs(list(texts) + list(extra))
    answers = np.r_[answers, np.zeros(len(extra))]
    buckets = 1 << 14
    matrix = hstack([ngrams(seen, buckets), csr_matrix(4.0 * means(seen))]).tocsr()
    rng = np.random.default_rng(SEED)
    fold = rng.integers(0, 5, len(seen))
    scores = np.zeros(len(seen))
    for number in range(5):
        scores[fold == number] = fit(matrix[fold != number], answers[fold != number], strength,
                                      balance="balanced").predict_proba(matrix[fold == number])[:, 1]
    figures(name + " cross-validated", answers[:len(texts)], scores[:len(texts)])
    model = fit(matrix, answers, strength, balance="balanced")
    write(name, model.intercept_[0], 0.0, 4.0 * model.coef_[0][buckets:], model.coef_[0][:buckets])
    return scores[:len(texts)]


def main():
    human_request()
    replies = own("replies.jsonl")
    texts = [row["text"] for row in replies]
    small("non_answer", texts, [row["non_answer"] for row in replies])
    small("promise", texts, [row["promise"] for row in replies])
    feedback = own("feedback.jsonl")
    texts = [row["text"] for row in feedback]
    labels = np.array([row["label"] for row in feedback])
    plain = [row["text"] for row in lines(os.path.join(HERE, "voices/en_a.jsonl")) if row["kind"] == "plain"][:150]
    unhelpful = small("unhelpful", texts, labels == "unhelpful", extra=plain)
    resolved = small("resolved", texts, labels == "resolved", extra=plain)
    said = np.where(np.maximum(unhelpful, resolved) < 0.5, "neutral", np.where(unhelpful >= resolved, "unhelpful", "resolved"))
    print("feedback macro f1", round(f1_score(labels, said, average="macro"), 3))
    issues = own("issues.jsonl")
    again = [text for issue in issues for text in issue["again"]]
    others = [text for issue in issues for text in issue["asks"] + issue["near"]]
    complaints = [row["text"] for row in feedback if row["label"] == "unhelpful"]
    scores = small("again", again + complaints[::2] + others, [1] * (len(again) + len(complaints[::2])) + [0] * len(others))
    pairs(issues, dict(zip(again + complaints[::2] + others, scores)))


def alike(one, other):
    """What src/issue.rs looks at in a pair."""
    cosine = max(0.0, float(np.dot(one["meaning"], other["meaning"])))
    sketch = 1 - bin(int(one["sketch"], 16) ^ int(other["sketch"], 16)).count("1") / 128
    return [cosine, cosine * cosine, sketch, other["again"], other["again"] * cosine]


def pairs(issues, again):
    """Two messages of one issue against near ones and others; an owner's phrase against messages."""
    rng = np.random.default_rng(SEED)
    groups = [{kind: inputs(issue[kind]) for kind in ("asks", "again", "near")} for issue in issues]
    for issue, group in zip(issues, groups):
        for kind, found in group.items():
            for text, one in zip(issue[kind], found):
                one["again"] = again[text]
    rest = inputs([row["text"] for row in own("background.jsonl")][::3])
    for one in rest:
        one["again"] = 0.0
    tables = {"ISSUE": [], "PHRASE": []}
    for number, group in enumerate(groups):
        asks = group["asks"]
        for at, ask in enumerate(asks):
            for other in asks[:at] + asks[at + 1:]:
                tables["ISSUE"].append((alike(ask, other), 1, 1.0, number))
                tables["PHRASE"].append((alike(ask, other), 1, 1.0, number))
            for other in group["again"]:
                tables["ISSUE"].append((alike(ask, other), 1, 1.0, number))
            for other in group["near"]:
                tables["ISSUE"].append((alike(ask, other), 0, 1.0, number))
                tables["PHRASE"].append((alike(ask, other), 0, 1.0, number))
            for _ in range(5):
                elsewhere = groups[rng.integers(len(groups))]
                if elsewhere is not group:
                    other = elsewhere["asks"][rng.integers(len(elsewhere["asks"]))]
                    tables["ISSUE"].append((alike(ask, other), 0, 1.0, number))
                    tables["PHRASE"].append((alike(ask, other), 0, 1.0, number))
                tables["PHRASE"].append((alike(ask, rest[rng.integers(len(rest))]), 0, 1.0, number))
    out = []
    for name, table in tables.items():
        matrix, labels = np.array([row[0] for row in table]), np.array([row[1] for row in table])
        fold = np.array([row[3] for row in table]) % 5
        scores = np.zeros(len(table))
        for number in range(5):
            model = fit(matrix[fold != number], labels[fold != number], 10.0)
            scores[fold == number] = model.predict_proba(matrix[fold == number])[:, 1]
        figures(name + " cross-validated", labels, scores)
        model = fit(matrix, labels, 10.0)
        numbers = [model.intercept_[0], *model.coef_[0]]
        out.append(f"pub(crate) const {name}: [f32; 6] = [{', '.join(f'{number:.4f}' for number in numbers)}];\n")
    # An owner's first half of the asks are the phrases, the other half and the near ones the traffic.
    weights = np.array(numbers)
    scores, labels = [], []
    for group in groups:
        half = (len(group["asks"]) + 1) // 2
        for kind, messages in ((1, group["asks"][half:]), (0, group["near"])):
            for message in messages:
                best = max(weights[0] + np.dot(weights[1:], alike(phrase, message)) for phrase in group["asks"][:half])
                scores.append(1 / (1 + np.exp(-best)))
                labels.append(kind)
    figures("PHRASE owners, near negatives only", labels, scores)
    scores, labels = np.array(scores), np.array(labels)
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        print(threshold, "recall", (scores[labels == 1] >= threshold).mean(), "fpr", (scores[labels == 0] >= threshold).mean())
    with open(os.path.join(HERE, "../src/pairs.rs"), "w") as file:
        file.write("//! The weights of what two texts have in common (`alike` in `issue.rs`): written by\n"
                   "//! `training/heads.py`.\n\n" + "".join(out))


main()
