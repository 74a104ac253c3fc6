"""Files of the scratch folder: copies, deletions and patches."""

import os
import shutil

from tensorflow_testee import notation, patches


def _read(name):
    with open(name, "rb") as source:
        return source.read()


def _write(name, data):
    with open(name, "wb") as target:
        target.write(data)


def delete_file(context, step):
    if os.path.isdir(step["file"]):
        shutil.rmtree(step["file"])
    else:
        os.remove(step["file"])
    return None, None


def mkdir(context, step):
    os.makedirs(step["file"])
    return None, None


def copy_file(context, step):
    shutil.copyfile(step["file"], step["to"])
    return None, None


def rename_file(context, step):
    os.rename(step["file"], step["to"])
    return None, None


def patch_file(context, step):
    _write(step["file"], patches.apply(_read(step["file"]), step["patch"]))
    return None, None


def write_file(context, step):
    _write(step["file"], bytes.fromhex(step["hex"]) if "hex" in step else step["text"].encode("utf-8"))
    return None, None


def list_files(context, step):
    return None, sorted(os.listdir(step["dir"]))


def read_file(context, step):
    return None, notation.bytes_to(_read(step["file"]))


VERBS = {
    "delete_file": delete_file, "mkdir": mkdir, "copy_file": copy_file, "rename_file": rename_file,
    "patch_file": patch_file, "write_file": write_file, "list_files": list_files, "read_file": read_file,
}
