"""session/loops: every golden graph of `loops`, run as TensorFlow 1.11.0 ran it."""

import json
import os

from generators.frozen import tensor
from generators.notation import GOLDEN, case, suite


def one(name, entry):
    if "error" in entry:
        expect = {"error": {3: "INVALID_ARGUMENT"}[entry["error"]["code"]], "message_has": [entry["error"]["message"]]}
    else:
        expect = {"value": [tensor(v) for v in entry["values"]]}
    run = {"do": "run", "session": "sess", "fetches": entry["fetches"], "feeds": {k: tensor(v) for k, v in entry["feeds"].items()}, "expect": expect}
    if name == "fails_inside":
        run["expect_on"] = {"2.21.0": dict(expect, message_has=["Matrix size-incompatible: In[0]: [1,2], In[1]: [1,2]"])}
    steps = [{"do": "read_graph_def", "as": "g", "file": "g.pb"}, {"do": "import_graph_def", "graph_def": "g", "name": ""},
             {"do": "session", "as": "sess"}, run]
    return case("session/loops/" + name, "The loop %s gives what TensorFlow 1.11.0 gave." % name.replace("_", " "), ["op While"], steps,
                files={"g.pb": "golden:tf-1.11.0/loops/%s.pb" % name})


def suites():
    with open(os.path.join(GOLDEN, "tf-1.11.0", "loops", "cases.json"), encoding="utf-8") as source:
        entries = json.load(source)
    return [suite("session/loops", "while_loop graphs that TensorFlow 1.11.0 made and ran.", [one(k, v) for k, v in sorted(entries.items())])]
