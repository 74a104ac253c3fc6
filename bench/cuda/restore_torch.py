#!/usr/bin/env python3
"""The same 1 GiB (64 tensors of 16 MiB) through safetensors to PyTorch on a GPU:  restore_torch.py FOLDER [ROUNDS]   prints one JSON object."""
import json
import os
import sys
import time

import torch
from safetensors.torch import load_file, save_file


def main():
    path, rounds = os.path.join(sys.argv[1], "cuda_restore.safetensors"), int(sys.argv[2]) if len(sys.argv) > 2 else 9
    made = {"t%02d" % i: torch.arange(4 << 20, dtype=torch.float32).remainder(1000) / 1024 + i for i in range(64)}
    save_file(made, path)
    torch.zeros(1, device="cuda")
    taken = []
    for _ in range(rounds):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        tensors = load_file(path, device="cuda")
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - begin)
        if len(taken) in (1, rounds):
            assert all(torch.equal(tensors[k].cpu(), v) for k, v in made.items())
        del tensors
    os.remove(path)
    print(json.dumps({"workload": "restore_a_cuda", "implementation": "safetensors", "torch": torch.__version__, "restore_s": taken}))


if __name__ == "__main__":
    main()
