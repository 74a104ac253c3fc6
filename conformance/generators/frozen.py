"""freeze/golden: every golden graph of `freeze`, run, frozen, loaded again and run, as TensorFlow 1.11.0 did."""

import json
import os

from generators.notation import GOLDEN, case, suite

SPECS = {"cond_resource": ["F08"], "while_resource": ["F08"], "functions": ["F16"], "handle_through_identity": ["F09"], "resource_gather": ["F07"],
         "ref_assign_add": ["F15"], "no_variables": ["F14"], "control_inputs": ["F01", "F06"], "colocation": ["F03"], "cond_ref": ["F08"]}

RESOURCES = ("resource", "control_inputs", "mixed", "handle")


def tensor(stored):
    return {k: stored[k] for k in ("dtype", "shape", "values", "encoding") if k in stored}


def one(name, entry):
    outputs = entry["outputs"]
    fetches = [o + ":0" for o in outputs]
    feeds = {k: tensor(v) for k, v in entry["feeds"].items()}
    run = {"do": "run", "session": "sess", "fetches": fetches, "feeds": feeds, "expect": {"value": [tensor(entry["values"][f]) for f in fetches]}}
    convert = {"do": "convert_variables_to_constants", "as": "frozen", "session": "sess", "graph_def": "g", "output_node_names": outputs}
    for key, argument in (("whitelist", "variable_names_whitelist"), ("blacklist", "variable_names_blacklist")):
        if entry[key] is not None:
            convert[argument] = entry[key]
    convert["expect"] = {"value": "?"}
    steps = [{"do": "read_graph_def", "as": "g", "file": "g.pb"}, {"do": "import_graph_def", "graph_def": "g", "name": ""},
             {"do": "session", "as": "sess"}, {"do": "run", "session": "sess", "fetches": ["init"]}, run, convert,
             {"do": "graph", "as": "second"}, {"do": "import_graph_def", "graph_def": "frozen", "name": "", "expect": "?"}]
    if "frozen_values" in entry:
        again = dict(run, session="sess2", expect={"value": [tensor(entry["frozen_values"][f]) for f in fetches]})
        steps += [{"do": "session", "as": "sess2"}, again]
    elif "blacklist" in name or "list" in name:
        steps += [{"do": "session", "as": "sess2"}, dict(run, session="sess2", expect="?")]
    about = "The golden graph %s is run and frozen; %s." % (name, "what is left gives the same values" if "frozen_values" in entry else "what is left does not run by itself")
    return case("freeze/golden/" + name, about, SPECS.get(name, ["F04", "F13"]), steps, files={"g.pb": "golden:tf-1.11.0/freeze/%s.pb" % name},
                needs=["resource_variables"] if any(word in name for word in RESOURCES) else None)


def suites():
    with open(os.path.join(GOLDEN, "tf-1.11.0", "freeze", "cases.json"), encoding="utf-8") as source:
        entries = json.load(source)
    return [suite("freeze/golden", "Graphs that TensorFlow froze, frozen again.", [one(k, v) for k, v in sorted(entries.items())])]
