"""freeze/networks: small frozen networks as TensorFlow 1.11.0 wrote them, loaded, fed and fetched: what an inference engine does."""

import json
import os

from generators.notation import GOLDEN, case, suite


def one(name, entry):
    # Sums of products may be taken in any order.
    run = {"do": "run", "session": "sess", "fetches": ["out:0"], "feeds": {"x:0": entry["feeds"]["x:0"]},
           "expect": {"value": [entry["values"]["out:0"]], "rel": 1e-4, "abs": 1e-5}}
    steps = [{"do": "read_graph_def", "as": "g", "file": "g.pb"}, {"do": "import_graph_def", "graph_def": "g", "name": ""},
             {"do": "session", "as": "sess"}, run]
    return case("freeze/networks/" + name, "A frozen network with %s gives TensorFlow's values." % entry["about"],
                ["op " + op for op in entry["ops"] if op not in ("Const", "Placeholder", "Identity")] or ["op Identity"], steps,
                files={"g.pb": "golden:tf-1.11.0/networks/%s.pb" % name})


def suites():
    with open(os.path.join(GOLDEN, "tf-1.11.0", "networks", "cases.json"), encoding="utf-8") as source:
        entries = json.load(source)
    return [suite("freeze/networks", "Small frozen networks, loaded, fed and fetched.", [one(k, v) for k, v in sorted(entries.items())])]
