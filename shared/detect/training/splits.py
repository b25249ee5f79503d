"""Writes one of the parts as files for the crate's example `evaluate`.

    python splits.py fit|blind OUT_FOLDER [BACKGROUND.jsonl]
"""
import json
import os
import sys

import data


def main(part, out, background=None):
    os.makedirs(out, exist_ok=True)

    def write(name, rows):
        with open(os.path.join(out, name + ".jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        print(name, len(rows))

    def of_part(rows):
        return [row for row in rows if row["part"] == part]
    requests = of_part(data.requests())
    for row in requests:
        # As in the samples: plain messages apart from those that look like a request.
        row["kind"] = row["kind"] if row["label"] == 1 or row["kind"] == "plain" else "hard " + row["kind"]
    write("requests_en", [row for row in requests if row["lang"] == "en"])
    write("requests_other", [row for row in requests if row["lang"] != "en"])
    if background:
        ordinary = [{"text": row["text"], "label": 0, "kind": "ordinary"} for row in of_part(data.background(background))]
        write("requests_ordinary", [row for row in requests if row["lang"] == "en" and row["label"] == 1] + ordinary)
    write("feedback", of_part(data.feedback()))
    write("non_answers", [{"text": row["text"], "label": row["label"], "lang": row["lang"]} for row in of_part(data.replies())])
    write("phrases", of_part(data.owners()))
    groups, pairs = of_part(data.issues()), []
    for at, issue in enumerate(groups):
        for place, one in enumerate(issue["same"]):
            for other in issue["same"][place + 1:]:
                pairs.append({"a": one, "b": other, "label": 1, "kind": "rephrase", "lang": issue["lang"]})
            for other in issue["again"]:
                pairs.append({"a": one, "b": other, "label": 1, "kind": "refers back", "lang": issue["lang"]})
            for other in issue["near"]:
                pairs.append({"a": one, "b": other, "label": 0, "kind": "near", "lang": issue["lang"]})
            other = groups[(at + 1 + place) % len(groups)]["same"][0]
            pairs.append({"a": one, "b": other, "label": 0, "kind": "other", "lang": issue["lang"]})
    write("issues", pairs)


if __name__ == "__main__":
    main(*sys.argv[1:])
