"""Runs one case: fresh graph, the scratch folder as working directory, every step's value, log and error."""

import gc
import logging
import os
import random

import numpy as np

from tensorflow_testee import notation, verbs_files, verbs_graph, verbs_model, verbs_saver
from tensorflow_testee.api import checkpoint_management, saver_module, tf

VERBS = {}
for _module in (verbs_graph, verbs_saver, verbs_model, verbs_files):
    VERBS.update(_module.VERBS)

FEATURES = ["log", "resource_variables", "several_cpus", "clock", "checkpoint_v1"]
DTYPES = ["float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
          "uint64", "bool", "complex64", "complex128", "string", "qint8", "quint8", "qint16", "quint16", "qint32"]


def hello():
    return {
        "protocol": 1, "name": "tensorflow", "version": notation.VERSION, "behaves_as": notation.BEHAVES_AS,
        "verbs": sorted(VERBS) + sorted(Context.BLOCKS), "dtypes": DTYPES, "ops": ["*"], "devices": ["cpu"],
        "features": FEATURES,
    }


class _Log(logging.Handler):
    """Keeps what TensorFlow's own logger says."""

    LEVELS = {"WARNING": "warning", "WARN": "warning", "INFO": "info", "ERROR": "error", "FATAL": "error",
              "CRITICAL": "error", "DEBUG": "debug"}

    def __init__(self):
        logging.Handler.__init__(self)
        self.lines = []

    def emit(self, record):
        self.lines.append({"level": self.LEVELS.get(record.levelname, "info"), "text": record.getMessage()})

    def take(self):
        lines, self.lines = self.lines, []
        return lines


class _Clock(object):
    """Stands in for the time module where Saver and the state file ask what time it is."""

    def __init__(self, module):
        self._module = module
        self.advance = 0.0

    def time(self):
        return self._module.time() + self.advance

    def __getattr__(self, name):
        return getattr(self._module, name)


class NoHandle(Exception):
    pass


class Context(object):
    """What the verbs of one case share: handles, sessions, log."""

    BLOCKS = ("graph", "name_scope", "device", "variable_scope", "control_dependencies")

    def __init__(self, log):
        self.handles = {}
        self.missing = set()
        self.sessions = []
        self.stack = []
        self.scopes = []
        self.log = log
        self.spilled = 0
        import time  # pylint: disable=import-outside-toplevel
        self.clock = _Clock(time)
        self._real_time = time

    # -- handles --

    def handle(self, name):
        """The object of a handle, None where there is no such handle."""
        if name in self.handles:
            return self.handles[name]
        if name in self.missing:
            raise NoHandle(name)
        return None

    def get(self, name):
        """The object of a handle, which has to exist."""
        thing = self.handle(name)
        if thing is None and name not in self.handles:
            raise NoHandle(name)
        return thing

    def element(self, name):
        """A handle's object, or what the default graph holds under that name."""
        if isinstance(name, dict):
            return tf.constant(notation.tensor_from(name), dtype=notation.dtype(name["dtype"]))
        thing = self.handle(name)
        return tf.get_default_graph().as_graph_element(name) if thing is None else thing

    def bind(self, name, thing):
        if isinstance(name, list):
            for part, item in zip(name, thing):
                self.bind(part, item)
            return
        self.handles[name] = thing
        if isinstance(thing, (list, tuple)) or type(thing).__name__ == "PartitionedVariable":
            for i, item in enumerate(thing):
                self.handles["%s[%d]" % (name, i)] = item

    def unbind(self, name):
        for part in name if isinstance(name, list) else [name]:
            if part not in self.handles:
                self.missing.add(part)

    def spill(self, array):
        self.spilled += 1
        name = "value_%d.npy" % self.spilled
        np.save(name, array)
        return name

    # -- steps --

    def steps(self, steps):
        return [self.step(s) for s in steps]

    def step(self, step):
        self.log.take()
        answer = {}
        try:
            if step["do"] in self.BLOCKS and "steps" in step:
                with self._block(step):
                    answer["steps"] = self.steps(step["steps"])
                made, value = None, None
            elif step["do"] == "graph":
                made, value = self._default_graph(), None
            elif step["do"] in VERBS:
                made, value = VERBS[step["do"]](self, step)
            else:
                raise notation.Unsupported("verb " + step["do"])
            if "as" in step and step["do"] != "graph":
                self.bind(step["as"], made)
            elif "as" in step:
                self.bind(step["as"], self.stack[-1] if "steps" not in step else self.last_graph)
            answer["ok"] = True
            answer["value"] = value
        except notation.Unsupported:
            raise
        except NoHandle as error:
            answer = {"skipped": "no handle %s" % error}
            self.unbind(step.get("as", []))
        except Exception as error:  # pylint: disable=broad-except
            answer["error"] = notation.error_to(error)
            self.unbind(step.get("as", []))
        log = self.log.take()
        if log:
            answer["log"] = log
        return answer

    def _default_graph(self):
        graph = tf.Graph()
        scope = graph.as_default()
        scope.__enter__()
        self.stack.append(graph)
        self.scopes.append(scope)  # dropping it would leave the scope
        return graph

    def _block(self, step):
        verb = step["do"]
        if verb == "graph":
            self.last_graph = tf.Graph()
            return self.last_graph.as_default()
        if verb == "name_scope":
            return tf.name_scope(step["name"])
        if verb == "device":
            return tf.device(step["name"])
        if verb == "variable_scope":
            return tf.variable_scope(step["name"])
        return tf.control_dependencies([self.element(i) for i in step["inputs"]])

    def set_clock(self):
        for module in (saver_module, checkpoint_management):
            if hasattr(module, "time"):
                module.time = self.clock

    def close(self):
        for module in (saver_module, checkpoint_management):
            if hasattr(module, "time"):
                module.time = self._real_time
        for session in self.sessions:
            session.close()


def run(request):
    os.chdir(request["folder"])
    random.seed(1)
    log = _Log()
    logger = logging.getLogger("tensorflow")
    logger.addHandler(log)
    context = Context(log)
    context.set_clock()
    # Leaves the graphs that steps opened, too: the stack of default graphs is the thread's.
    graph = tf.Graph()
    scope = graph.as_default()
    scope.__enter__()
    context.stack.append(graph)
    try:
        answer = {"seq": request["seq"], "steps": context.steps(request["case"]["steps"])}
    except notation.Unsupported as reason:
        answer = {"seq": request["seq"], "unsupported": str(reason)}
    finally:
        logger.removeHandler(log)
        context.close()
        from tensorflow.python.framework import ops  # pylint: disable=import-outside-toplevel,no-name-in-module
        ops._default_graph_stack.reset()  # pylint: disable=protected-access
        os.chdir("/")
        del context
        gc.collect()
    return answer
