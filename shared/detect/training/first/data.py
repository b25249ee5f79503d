"""The messages, the splits and what is done to them."""
import glob
import hashlib
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def own(name):
    path = os.path.join(HERE, name)
    return lines(path) if os.path.exists(path) else []


def part(voice):
    """Whole voices are kept apart: one in nine is blind, one in nine is for what is fitted to the
    trained encoder's output; the encoder is trained on the others."""
    number = int(hashlib.sha256(("part two" + voice).encode()).hexdigest(), 16) % 9
    return {0: "blind", 1: "fit"}.get(number, "train")


def requests():
    paths = sorted(glob.glob(os.path.join(HERE, "voices/*.jsonl")))
    rows = [row for path in paths for row in lines(path)]
    return [row | {"lang": row["lang"][:2], "part": part(row["voice"])} for row in rows]


def feedback():
    rows = own("feedback.jsonl")
    return [row | {"lang": row.get("lang", "en"), "part": part(row.get("voice", str(at // 25) + "feedback"))}
            for at, row in enumerate(rows)]


def replies():
    rows = own("replies.jsonl")
    return [{"text": row["text"], "lang": row.get("lang", "en"), "label": int(row.get("label", row.get("non_answer", 0))),
             "promise": int(row["promise"]), "part": part(row.get("voice", str(at // 25) + "replies"))}
            for at, row in enumerate(rows)]


def issues():
    """Each with what is the same, what refers back to it, and what is near."""
    made = []
    for at, row in enumerate(own("issues.jsonl")):
        made.append({"same": row.get("same", row.get("asks")), "near": row["near"], "lang": row.get("lang", "en"),
                     "part": part(f"issue {row.get('business', '')} {row.get('voice', at)}")})
    return made


def owners():
    return [row | {"lang": row.get("lang", "en"), "part": part("owner " + row["owner"])} for row in own("phrases.jsonl")]


def background(path):
    """Ordinary utterances: of each nine, seven to train on, one to fit on, one blind."""
    return [{"text": row["text"], "part": part("background " + row["text"])} for row in lines(path)]


def foreign_background():
    return [row | {"part": part("background " + row["text"])} for row in own("background.jsonl")]


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


def bare(text):
    """As dictated: no punctuation."""
    return " ".join("".join(" " if letter in ".,!?;:-\"()" else letter for letter in text).split())


def changed(text, rng):
    """A text as another device would have it, half of the time."""
    chance = rng.random()
    return misspelt(text, rng) if chance < 0.25 else bare(text) if chance < 0.5 else text
