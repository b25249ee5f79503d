"""Writes the examples as they stood when the first round ran: the first lines of today's files, with the
lines that were corrected since put back.

    python restore.py [note] FOLDER

With `note`, the other way: notes in lines.json what FOLDER has that today's files have not.
"""
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TODAY = os.path.join(HERE, "..")
FILES = ["background", "feedback", "issues", "phrases", "replies"] + [
    "voices/" + name for name in ("de", "en_a", "en_b", "en_c", "en_d", "es", "fr", "it", "nl", "pt")]


def lines(folder, name):
    with open(os.path.join(folder, name + ".jsonl"), encoding="utf-8") as file:
        return file.read().splitlines()


def note(folder):
    noted = {}
    for name in FILES:
        today, then = lines(TODAY, name), lines(folder, name)
        noted[name] = [len(then), {at: line for at, line in enumerate(then) if line != today[at]}]
    with open(os.path.join(HERE, "lines.json"), "w", encoding="utf-8") as file:
        json.dump(noted, file, ensure_ascii=False, indent=0)


def restore(folder):
    os.makedirs(os.path.join(folder, "voices"), exist_ok=True)
    with open(os.path.join(HERE, "lines.json"), encoding="utf-8") as file:
        noted = json.load(file)
    for name, (count, others) in noted.items():
        then = [others.get(str(at), line) for at, line in enumerate(lines(TODAY, name)[:count])]
        with open(os.path.join(folder, name + ".jsonl"), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in then)
    for script in ("data.py", "model.py", "train.py", "vocabulary.py"):
        shutil.copy(os.path.join(HERE, script), folder)


if __name__ == "__main__":
    note(sys.argv[2]) if sys.argv[1] == "note" else restore(sys.argv[1])
