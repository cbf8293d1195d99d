"""Builds the editable wheel of PEP 660, or where the backend has no such hook, one that leads to the
project's folders.

Arguments: the output folder, the backend (`module:object`), the import roots joined by `:`, then folders
of `backend-path`. Runs in the project's folder. Writes `editable.json`: the wheel's name, or what the
backend asks for in addition, or the error.
"""

import importlib
import json
import os
import sys
import traceback
import zipfile


def main():
    out, backend_name, roots = sys.argv[1:4]
    sys.path[0:1] = [os.path.abspath(folder) for folder in sys.argv[4:]]
    dist = os.path.join(out, "dist")
    os.makedirs(dist, exist_ok=True)
    answer = {}
    try:
        module, _, attribute = backend_name.partition(":")
        backend = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            backend = getattr(backend, part)
        if hasattr(backend, "build_editable"):
            answer["needs"] = missing(getattr(backend, "get_requires_for_build_editable", None))
            if not answer["needs"]:
                answer["wheel"] = os.path.basename(backend.build_editable(dist, {}))
        else:
            answer["needs"] = missing(getattr(backend, "get_requires_for_build_wheel", None))
            if not answer["needs"]:
                answer["wheel"] = leading(backend, dist, roots.split(":"))
    except BaseException as error:
        traceback.print_exc()
        answer["error"] = "{}: {}".format(type(error).__name__, error)
    with open(os.path.join(out, "editable.json"), "w") as stream:
        json.dump(answer, stream)


def missing(hook):
    """Returns the requirements of a hook that are not installed."""
    from importlib import metadata

    wanted = []
    for requirement in hook({}) if hook else []:
        name = requirement.split(";")[0].strip()
        for mark in "<>=!~[ (":
            name = name.split(mark)[0]
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            wanted.append(requirement)
    return wanted


def leading(backend, dist, roots):
    """Writes a wheel that holds the metadata and a path file."""
    info = backend.prepare_metadata_for_build_wheel(dist, {})
    name = info[: -len(".dist-info")] + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(dist, name), "w") as archive:
        for folder, _, files in os.walk(os.path.join(dist, info)):
            for file in files:
                path = os.path.join(folder, file)
                archive.write(path, os.path.relpath(path, dist))
        archive.writestr("__editable__.{}.pth".format(name.split("-")[0]), "\n".join(roots) + "\n")
    return name


main()
