"""What a benchmark result says of where it was measured."""

import datetime
import os
import platform
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def said(*command):
    """What a command prints; empty where it is not there or fails."""
    try:
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=60).stdout.decode().strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def read(file):
    try:
        with open(file, encoding="utf-8") as f:
            return f.read()
    except OSError:
        return ""


def today():
    return datetime.date.today().isoformat()


def gpus():
    return [line.strip() for line in said("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader").split("\n") if line.strip()]


def machine():
    cpuinfo = read("/proc/cpuinfo")
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    flags = (re.search(r"^flags\s*: (.*)$", cpuinfo, re.M) or ["", ""])[1].split()
    memory = re.search(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"), re.M)
    card = {"cpu": model[1] if model else platform.processor(), "cores": os.cpu_count(), "memory_mib": int(memory[1]) // 1024 if memory else 0,
            "system": platform.system() + " " + platform.release(), "distribution": (re.search(r'^PRETTY_NAME="(.*)"', read("/etc/os-release"), re.M) or ["", ""])[1],
            "vector": " ".join(f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile") if f in flags), "virtual": "hypervisor" in flags,
            "load_at_start": os.getloadavg()[0]}
    governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
    if governor:
        card["governor"] = governor
    if gpus():
        card["gpus"] = gpus()
    return card


def versions():
    """Of what was built and what it stands on. Competitors add theirs."""
    found = {"tfpersist": said("git", "describe", "--always", "--dirty"), "compiler": said("c++", "--version").split("\n")[0]}
    for name, package in (("oneDNN", "libdnnl-dev"), ("protobuf", "libprotobuf-dev"), ("Eigen", "libeigen3-dev"), ("OpenCV", "libopencv-dev")):
        version = said("dpkg-query", "-W", "-f=${Version}", package)
        if version:
            found[name] = version
    return found
