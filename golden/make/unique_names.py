"""Names that a graph gives out.

unique_names/unique_names.json  a list of sequences: {"about", "steps": [...]}. A step is {"unique_name": asked, "mark": bool, "gives": name},
                                {"op": asked, "gives": node name} (a NoOp made by that name, null for the op's own), {"enter": asked, "gives": the scope's
                                value} and {"leave": true} for name_scope, {"variable": asked, "gives": name}, {"get_variable": asked, "gives": name},
                                {"enter_variable_scope": asked, "default": bool, "gives": its name, "name_scope": its original_name_scope},
                                or any of them with "error": {"class", "text"} in place of "gives"
"""
from common import *

U, M, O, E, L, V, G, VS, VD = "unique_name", "peek", "op", "enter", "leave", "variable", "get_variable", "enter_variable_scope", "enter_default_variable_scope"

SEQUENCES = [
    ("numbers are added from _1 on", [(U, "a"), (U, "a"), (U, "a"), (U, "b"), (U, "a")]),
    ("a numbered name already taken is passed over", [(U, "a_1"), (U, "a"), (U, "a"), (U, "a"), (U, "a_1"), (U, "a_1_1"), (U, "a")]),
    ("asking without marking", [(M, "a"), (M, "a"), (U, "a"), (M, "a"), (U, "a"), (M, "a")]),
    ("case does not count", [(U, "abc"), (U, "ABC"), (U, "Abc"), (U, "aBC_1"), (U, "abc")]),
    ("ops and scopes share the table", [(O, "a"), (E, "a"), (O, "x"), (L,), (E, "a"), (O, "x"), (L,), (O, "a"), (O, "a_1")]),
    ("scopes nest", [(E, "s"), (E, "t"), (O, "x"), (O, "x"), (L,), (E, "t"), (O, "x"), (L,), (L,), (E, "s"), (O, "x"), (L,)]),
    ("a trailing slash enters again", [(E, "s"), (O, "x"), (L,), (E, "s/"), (O, "x"), (E, "t"), (O, "y"), (L,), (L,), (E, "s/t/"), (O, "y"), (L,), (O, "s/x")]),
    ("an op named with a trailing slash is taken as it is", [(O, "n/"), (O, "n"), (O, "n")]),
    ("no scope", [(E, "s"), (E, None), (O, "x"), (L,), (E, ""), (O, "x"), (L,), (O, "x"), (L,)]),
    ("slashes inside a name", [(O, "a/b"), (O, "a/b"), (O, "a"), (O, "a/b_1"), (E, "a"), (O, "b"), (L,), (E, "a/b"), (O, "c"), (L,)]),
    ("a name does not reserve its parents", [(U, "p/q/r"), (U, "p/q"), (U, "p"), (O, "p"), (E, "p"), (L,)]),
    ("op types give default names", [(O, None), (O, None), (E, "s"), (O, None), (L,)]),
    ("characters", [(O, "a.b-c_d"), (O, "0digit"), (O, ".dot"), (O, "-dash"), (O, "_under"), (O, "a b"), (O, "a:0"), (O, ""), (O, "a>b"), (O, u"\u00e9"),
                    (E, "_s"), (E, "0"), (L,), (E, "s p"), (E, "in"), (O, "_under"), (E, "_inner"), (O, "y"), (L,), (L,)]),
    ("numbers in names", [(O, "v1"), (O, "v1"), (O, "v1_1"), (O, "v1_2"), (O, "v"), (O, "v_1"), (O, "v")]),
    ("variables", [(V, "v"), (V, "v"), (G, "v"), (G, "w"), (V, "w"), (O, "w"), (V, None), (V, None)]),
    ("get_variable after an op of its name", [(O, "v"), (G, "v"), (G, "s/v"), (O, "s/v")]),
    ("get_variable twice", [(G, "v"), (G, "v"), (VS, "s"), (G, "v"), (L,), (VS, "s"), (G, "v"), (L,)]),
    ("variable scopes", [(VS, "s"), (G, "v"), (O, "x"), (V, "v"), (L,), (VS, "s"), (O, "x"), (V, "v"), (G, "w"), (L,), (O, "s/x")]),
    ("variable scopes inside name scopes", [(E, "n"), (VS, "s"), (G, "v"), (V, "v"), (O, "x"), (L,), (G, "u"), (V, "u"), (L,)]),
    ("default variable scopes are numbered", [(VD, "d"), (G, "v"), (O, "x"), (L,), (VD, "d"), (G, "v"), (O, "x"), (L,), (VS, "e"), (VD, "d"), (G, "v"), (L,), (VD, "d"), (G, "v"), (L,), (L,)]),
    ("variable scope after a name scope of its name", [(E, "s"), (L,), (VS, "s"), (G, "v"), (V, "v"), (O, "x"), (L,)]),
    ("a variable takes the sub-names it needs", [(V, "v"), (O, "v/read"), (O, "v/Assign"), (O, "v/initial_value"), (O, "v/x")]),
]


def run(steps):
    result = []
    stack = []
    with tf.Graph().as_default() as graph:
        for step in steps:
            kind, asked = step[0], step[1] if len(step) > 1 else None
            entry = {}
            try:
                if kind in (U, M):
                    entry = {"unique_name": asked, "mark": kind == U}
                    entry["gives"] = graph.unique_name(asked, mark_as_used=kind == U)
                elif kind == O:
                    entry = {"op": asked}
                    entry["gives"] = tf.no_op(name=asked).name if asked is not None else tf.no_op().name
                elif kind == E:
                    entry = {"enter": asked}
                    scope = graph.name_scope(asked)
                    entry["gives"] = scope.__enter__()
                    stack.append(scope)
                elif kind == L:
                    entry = {"leave": True}
                    if stack:
                        stack.pop().__exit__(None, None, None)
                elif kind == V:
                    entry = {"variable": asked}
                    entry["gives"] = tf.Variable(1.0, name=asked).op.name
                elif kind == G:
                    entry = {"get_variable": asked}
                    entry["gives"] = tf.get_variable(asked, [1], initializer=tf.zeros_initializer()).op.name
                else:
                    entry = {"enter_variable_scope": asked, "default": kind == VD}
                    scope = tf.variable_scope(None, default_name=asked) if kind == VD else tf.variable_scope(asked)
                    inside = scope.__enter__()
                    entry.update(gives=inside.name, name_scope=inside.original_name_scope)
                    stack.append(scope)
            except (ValueError, tf.errors.OpError) as e:
                # The text goes on with a trace of this machine's files where a variable exists already.
                entry["error"] = {"class": type(e).__name__, "text": str(e).split(" Originally defined at:")[0]}
            result.append(entry)
        for scope in reversed(stack):
            scope.__exit__(None, None, None)
        return {"steps": result, "nodes": [n.name for n in graph.as_graph_def().node]}


def main():
    write_json(out("unique_names.json"), [dict(run(steps), about=about) for about, steps in SEQUENCES])
    finish()


main()
