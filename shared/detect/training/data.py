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
    return [{"text": row["text"], "lang": row.get("lang", "en"), "label": row["label"],
             "promise": int(row["promise"]), "part": part(row.get("voice", str(at // 25) + "replies"))}
            for at, row in enumerate(rows)]


def issues():
    """Each with what is the same, what refers back to it, and what is near."""
    made = []
    for at, row in enumerate(own("issues.jsonl")):
        made.append({"same": row["same"], "near": row["near"], "again": row.get("again", []), "lang": row.get("lang", "en"),
                     "part": part(f"issue {row.get('business', '')} {row.get('voice', at)}")})
    return made


def again():
    """What goes on about a matter without naming it."""
    rows = [row | {"part": part(row["voice"])} for row in own("again.jsonl")]
    return rows + [{"text": text, "part": issue["part"], "lang": issue["lang"]} for issue in issues() for text in issue["again"]]


def owners():
    return [row | {"lang": row.get("lang", "en"), "part": part("owner " + row["owner"])} for row in own("phrases.jsonl")]


def background(path):
    """Ordinary utterances: of each nine, seven to train on, one to fit on, one blind."""
    return [{"text": row["text"], "part": part("background " + row["text"])} for row in lines(path)]


def more_background():
    """Ordinary messages in the other languages, and in all of them what clients answer in a word or two."""
    return [row | {"part": part("background " + row["text"])} for row in own("background.jsonl")]


def asking_words():
    """The words of short requests: what holds one of them may be a request, however it is cut."""
    short = [row["text"].lower().split() for row in requests() if row["label"] == 1 and len(row["text"].split()) <= 3]
    return {bare(word) for words in short for word in words}


def cut(text, asking, rng):
    """One to three words out of an ordinary message, which ask for nobody; none where they might."""
    words = bare(text).split()
    size = int(rng.integers(1, 4))
    start = int(rng.integers(0, max(1, len(words) - size + 1)))
    some = words[start:start + size]
    if not some or any(word.lower() in asking for word in some):
        return None
    text = " ".join(some)
    return misspelt(text, rng) if rng.random() < 0.3 else text


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
