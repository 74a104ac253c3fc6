#!/usr/bin/env python3
"""The task `checkpoint` of bench/run. As a program it runs one competitor, in a process of its own for each thing that is to be first:

    task.py PROGRAM FOLDER [ARGUMENT...]      prints the JSON of all processes as one
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    sys.path.insert(0, HERE)
else:
    from bench.checkpoint.page_cache import drop

VERSIONS = ["1.15.5", "2.21.0"]
GIB = 1 << 30

# Per measurement: how many times faster than each TensorFlow, and the most that it may take, in its own unit.
MARKS = {"checkpoint/restore_a/threads:1": (3, None), "checkpoint/restore_a/threads:2": (3, None),
         "checkpoint/restore_a_mapped/threads:1": (8, None), "checkpoint/restore_a_mapped/threads:2": (8, None),
         "checkpoint/save_a_memory": (2, None), "checkpoint/saver_restore_c_first": (100, None), "checkpoint/saver_restore_c_warm": (5, None),
         "checkpoint/all_of_b": (10, None), "checkpoint/open_and_list_b": (None, 50), "checkpoint/one_of_b": (None, 1)}

# What has no counterpart of its own elsewhere, and what of the others' it is held against.
AGAINST = {"checkpoint/restore_%s_mapped/threads:%d" % (w, n): "checkpoint/restore_%s/threads:%d" % (w, n) for w, n in (("a", 1), ("a", 2), ("resnet50", 2), ("one", 2))}
AGAINST["checkpoint/all_of_b"] = "checkpoint/restore_b/threads:2"

# What the machine can do, and the share of it that ours must reach.
LIMITS = {"checkpoint/restore_a/threads:1": ("checkpoint/limit_raw_read/threads:1", 0.9),
          "checkpoint/restore_a/threads:2": ("checkpoint/limit_raw_read/threads:2", 0.9),
          "checkpoint/save_a_disk_durable": ("checkpoint/limit_raw_write_disk_durable", 0.9)}

# 20,000 variables first and then warm, in one session; the first restore; everything else.
PROCESSES = ("saver_restore", "restore_a_first", "-(saver_restore|restore_a_first)")


def peers_python():
    """A Python with safetensors and NumPy: TFPERSIST_PEERS names it, or ci/setup --peers made it."""
    root = os.path.dirname(os.path.dirname(HERE))
    for python in (os.environ.get("TFPERSIST_PEERS"), os.path.join(root, "build", "peers", "bin", "python"), sys.executable):
        if python and shutil.which(python) and subprocess.run([python, "-c", "import numpy, safetensors"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return python
    return None


def room(folder):
    """Whether the tensor of 3 GiB fits: its files, twice over, and a restored copy beside the page cache."""
    with open("/proc/meminfo", encoding="utf-8") as f:
        available = next(int(line.split()[1]) * 1024 for line in f if line.startswith("MemAvailable"))
    disk = os.statvfs(folder)
    return available > 9 * GIB and disk.f_bavail * disk.f_frsize > 12 * GIB


def run(bench, rounds, result):
    """Reads files of the disk that are in the page cache, or not; saves to memory (/dev/shm) where 3 GiB fit, and to the disk."""
    shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
    base = "/dev/shm" if shm and shm.f_bavail * shm.f_frsize > 3 * GIB else None

    def not_run(name, why):
        print("not run: %s (%s)" % (name, why))
        result["not_run"].append(name)

    with tempfile.TemporaryDirectory(dir=bench.BUILD) as folder, tempfile.TemporaryDirectory(dir=base) as memory:
        os.symlink(memory, os.path.join(folder, "out"))
        os.makedirs(os.path.join(folder, "disk"))
        large = ["--large"] if room(folder) else []
        if not large:
            not_run("checkpoint/restore_one", "a tensor of 3 GiB wants 9 GiB of memory and 12 GiB of disk")
        bench.progress("checkpoint: writing the checkpoints")
        subprocess.run([bench.program("checkpoint_prepare"), folder] + large, check=True)
        result["page_cache_keeps"] = round(drop(os.path.join(folder, "a.data-00000-of-00001")), 3)
        if result["page_cache_keeps"] > 0.1:
            not_run("checkpoint/*_cold", "the page cache keeps files, whatever it is told: these rows are warm")
        here = [sys.executable, os.path.join(HERE, "task.py")]
        programs = {"tfpersist": here + [bench.program("checkpoint_tfpersist"), folder] + large}
        for version in VERSIONS:
            found = bench.libraries(version)
            if found is None:
                not_run("tensorflow " + version, "conformance/testees/fetch_tensorflow --get " + version)
            else:
                programs["tensorflow " + version] = here + [bench.program("checkpoint_tensorflow"), folder] + large + found
        python = peers_python()
        if python is None:
            not_run("safetensors", "TFPERSIST_PEERS names a Python that has it and NumPy")
        else:
            peer = [python, os.path.join(HERE, "safetensors_peer.py")]
            subprocess.run(peer + ["prepare", folder] + large, check=True)
            programs["safetensors"] = peer + ["run", folder] + large
        bench.in_turns("checkpoint", programs, rounds, result)
    result["memory_file_system"] = base is not None


def main():
    merged = None
    for only in PROCESSES:
        done = subprocess.run(sys.argv[1:] + ["--benchmark_filter=" + only, "--benchmark_format=json", "--benchmark_min_time=0.2"], stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            return done.returncode
        found = json.loads(done.stdout.decode())
        if merged is None:
            merged = found
        else:
            merged["benchmarks"] += found["benchmarks"]
    print(json.dumps(merged))
    return 0


if __name__ == "__main__":
    # bench/run's own options for the benchmark programs are set here.
    sys.argv = [a for a in sys.argv if not a.startswith("--benchmark_")]
    sys.exit(main())
