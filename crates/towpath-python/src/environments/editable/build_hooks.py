"""Finds a build backend and what it asks for in addition, by PEP 517 and PEP 660.

The file `requirements.json` beside this one holds the requirements that were given to it (`given`) and the
normalised names of the packages that came of them (`installed`).
"""

import importlib
import json
import os
import re
import sys


def load(name, paths):
    """Returns the backend (`module:object`), found in the folders of `backend-path` first."""
    sys.path[0:1] = paths
    module, _, attributes = name.partition(":")
    backend = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    return backend


def missing(backend, kind):
    """Returns what the backend asks for to build a `kind` that it was not given."""
    hook = getattr(backend, "get_requires_for_build_" + kind, None)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "requirements.json")) as stream:
        known = json.load(stream)
    asked = [requirement.strip() for requirement in (hook({}) if hook else None) or []]
    return [one for one in asked if one not in known["given"] and normal(one) not in known["installed"]]


def normal(requirement):
    """Returns the normalised name of a requirement that asks for nothing but a name."""
    return re.sub(r"[-_.]+", "-", requirement).lower()
