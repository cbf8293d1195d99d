"""Runs the hooks of PEP 517 and PEP 660 of one project, and says what came of it."""

import importlib
import json
import os
import re
import sys

request = json.loads(sys.argv[1])


def answer(**result):
    with open(os.path.join(request["outputs"], "result.json"), "w") as file:
        json.dump(result, file)
    sys.exit(0)


def backend():
    sys.path[:0] = [os.path.abspath(path) for path in request["backend_path"]]
    module, _, attributes = request["backend"].partition(":")
    found = importlib.import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute) if attribute else found
    return found


def normal(requirement):
    name = re.match(r"\s*([A-Za-z0-9._-]+)", requirement)
    return re.sub(r"[-_.]+", "-", name.group(1)).lower() if name else requirement


hooks = backend()
editable = hasattr(hooks, "build_editable")
kind = "editable" if editable else "wheel"
requires = getattr(hooks, "get_requires_for_build_" + kind, lambda settings: [])(None) or []
missing = [wanted for wanted in requires if normal(wanted) not in request["installed"]]
if missing:
    answer(missing=missing)
if editable:
    answer(editable=hooks.build_editable(request["outputs"]))
answer(wheel=hooks.build_wheel(request["outputs"]))
