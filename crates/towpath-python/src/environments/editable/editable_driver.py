"""Builds the editable wheel of PEP 660, or where the backend has no such hook, one that leads to the
project's folders.

Arguments: the output folder, the repository as this job sees it and as the wheel shall lead to it, the
backend (`module:object`), the import roots joined by `:`, `compiled` where the project has extension
modules, then folders of `backend-path`. Runs in the project's folder. Writes `editable.json`: the name of the wheel in `dist`, or what the backend asks for in
addition, or the error.
"""

import json
import os
import sys
import traceback
import zipfile

import build_hooks


def main():
    out, seen, source, name, roots, kind = sys.argv[1:7]
    paths = [os.path.abspath(folder) for folder in sys.argv[7:]]
    dist = os.path.join(out, "dist")
    os.makedirs(dist, exist_ok=True)
    answer = {}
    try:
        backend = build_hooks.load(name, paths)
        # meson-python's runs ninja at each import, which lies in the environment of the build, out of reach.
        is_editable = hasattr(backend, "build_editable") and name != "mesonpy"
        answer["requires"] = build_hooks.missing(backend, "editable" if is_editable else "wheel")
        if not answer["requires"]:
            if is_editable:
                wheel = backend.build_editable(dist, {})
            elif kind == "compiled":
                wheel = compiled(backend, dist, roots.split(":"), seen, source)
            else:
                wheel = leading(dist, roots.split(":"), metadata(backend, os.path.join(dist, "metadata")))
            answer["wheel"] = os.path.basename(wheel)
            if seen != source:
                redirect(os.path.join(dist, answer["wheel"]), seen.encode(), source.encode())
    except BaseException as error:
        traceback.print_exc()
        answer["error"] = "{}: {}".format(type(error).__name__, error)
    with open(os.path.join(out, "editable.json"), "w") as stream:
        json.dump(answer, stream)


def leading(dist, roots, files, name=None):
    """Writes a wheel that holds the metadata and a path file."""
    info = next(iter(files)).split("/")[0]
    name = name or info[: -len(".dist-info")] + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(dist, name), "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr("__editable__.{}.pth".format(name.split("-")[0]), "\n".join(roots) + "\n")
    return name


def compiled(backend, dist, roots, seen, source):
    """Puts the extension modules of a whole wheel beside their sources, and writes a wheel that leads there."""
    folder = os.path.join(dist, "whole")
    os.makedirs(folder)
    name = os.path.basename(backend.build_wheel(folder, {}))
    folders = [root.replace(source, seen, 1) for root in roots]
    with zipfile.ZipFile(os.path.join(folder, name)) as wheel:
        for path in wheel.namelist():
            if path.endswith((".so", ".pyd")):
                package = os.path.dirname(path)
                holding = [root for root in folders if os.path.isdir(os.path.join(root, package))]
                wheel.extract(path, (holding or folders)[0])
        files = infos(wheel)
    return leading(dist, roots, files, name)


def infos(wheel):
    return {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" in name}


def redirect(path, seen, source):
    """Lets a wheel that was built in a copy of the repository lead to the repository."""
    with zipfile.ZipFile(path) as wheel:
        files = [(info, wheel.read(info)) for info in wheel.infolist()]
    with zipfile.ZipFile(path, "w") as wheel:
        for info, content in files:
            is_compiled = info.filename.endswith((".so", ".pyd", ".a"))
            wheel.writestr(info, content if is_compiled else content.replace(seen, source))


def metadata(backend, folder):
    """Returns the files of the metadata by name; from a whole wheel where the backend gives nothing less."""
    os.makedirs(folder, exist_ok=True)
    if not hasattr(backend, "prepare_metadata_for_build_wheel"):
        with zipfile.ZipFile(os.path.join(folder, backend.build_wheel(folder, {}))) as wheel:
            return infos(wheel)
    info = backend.prepare_metadata_for_build_wheel(folder, {})
    files = {}
    for place, _, names in os.walk(os.path.join(folder, info)):
        for name in names:
            with open(os.path.join(place, name), "rb") as stream:
                files[os.path.relpath(os.path.join(place, name), folder)] = stream.read()
    return files


main()
