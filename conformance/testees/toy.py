"""A testee of four verbs, to test the runner with and to copy from: constant, identity, session, run.

    tfpersist-conform smoke --testee "python3 conformance/testees/toy.py"
"""

import json
import sys


def run_case(case):
    """Answers each step; handles are kept as the values that they stand for."""
    handles, answers = {}, []
    for step in case["steps"]:
        verb, value = step["do"], None
        if verb in ("constant", "identity"):
            source = step["value"] if verb == "constant" else handles.get(step["x"])
            if source is None:
                answers.append({"skipped": "no handle " + step["x"]})
                continue
            handles[step["as"]] = source
            value = step.get("name", {"constant": "Const", "identity": "Identity"}[verb]) + ":0"
        elif verb == "run":
            missing = [name for name in step["fetches"] if name not in handles]
            if missing:
                text = "The name '%s' refers to no tensor." % missing[0]
                answers.append({"error": {"code": "INVALID_ARGUMENT", "message": text, "node": None}})
                continue
            value = [handles[name] for name in step["fetches"]]
        answers.append({"ok": True, "value": value, "log": []})
    return answers


def hello():
    return {"protocol": 1, "name": "toy", "version": "1", "behaves_as": "1.11.0", "dtypes": ["float32"], "ops": [],
            "verbs": ["constant", "identity", "session", "run"], "devices": ["cpu"], "features": []}


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "bye":
            return
        say(hello() if request["do"] == "hello" else {"seq": request["seq"], "steps": run_case(request["case"])})


if __name__ == "__main__":
    main()
