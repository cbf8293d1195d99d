"""Builds an sdist and, from it, a wheel through the hooks of PEP 517, and looks into both.

Arguments: the output folder, the backend (`module:object`), folders of `backend-path`. Runs in the
project's folder. Writes `build.json`: what was built, and problems with a rule, a message, a place and
whether they block; or what the backend asks for in addition (`requires`).
"""

import base64
import csv
import email
import hashlib
import io
import json
import os
import sys
import tarfile
import traceback
import zipfile

import build_hooks


def main():
    out, backend_name = sys.argv[1:3]
    backend_path = [os.path.abspath(folder) for folder in sys.argv[3:]]
    dist = os.path.join(out, "dist")
    os.makedirs(dist, exist_ok=True)
    report = {"problems": []}
    source = os.getcwd()
    if backend_name.split(":")[0] == "maturin" and os.path.exists("PKG-INFO"):
        # That of an unpacked sdist, which maturin refuses to write anew; this tree is the check's own.
        os.remove("PKG-INFO")
    if needs_history(backend_name) and not has_history(source):
        report["notes"] = ["no sdist was built: meson-python builds one from a git or Mercurial history alone"]
        build_wheel(backend_name, source, backend_path, dist, report)
    else:
        sdist = hook("sdist", backend_name, source, backend_path, dist, report)
        if sdist:
            report["sdist"] = described(dist, sdist)
            tree = unpacked(os.path.join(dist, sdist), os.path.join(out, "unpacked"), report)
            if tree:
                inside = [os.path.join(tree, os.path.relpath(folder, source)) for folder in backend_path]
                build_wheel(backend_name, tree, inside, dist, report)
    with open(os.path.join(out, "build.json"), "w") as stream:
        json.dump(report, stream)


def build_wheel(backend_name, tree, backend_path, dist, report):
    wheel = hook("wheel", backend_name, tree, backend_path, dist, report)
    if wheel:
        report["wheel"] = described(dist, wheel)
        compare(os.path.join(dist, wheel), tree, report)


def needs_history(backend_name):
    return backend_name.split(":")[0] == "mesonpy"


def has_history(folder):
    if any(os.path.exists(os.path.join(folder, name)) for name in (".git", ".hg")):
        return True
    parent = os.path.dirname(folder)
    return parent != folder and has_history(parent)


def hook(kind, backend_name, folder, backend_path, dist, report):
    """Builds one `kind` in a process of its own: backends keep state between calls."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        answer = {}
        try:
            os.chdir(folder)
            backend = build_hooks.load(backend_name, backend_path)
            answer["requires"] = build_hooks.missing(backend, kind)
            if not answer["requires"]:
                answer["name"] = os.path.basename(getattr(backend, "build_" + kind)(dist, {}))
        except BaseException as error:
            traceback.print_exc()
            answer["error"] = "{}: {}".format(type(error).__name__, error)
            answer["place"] = place(error, folder)
        sys.stdout.flush()
        sys.stderr.flush()
        with os.fdopen(writer, "w") as stream:
            json.dump(answer, stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    answer = json.loads(text) if text else {"error": "the backend ended without an answer"}
    if "error" in answer:
        message = "{} failed: {}".format(backend_name, answer["error"])
        problem(report, "build_" + kind, message, place=answer.get("place"))
    report["requires"] = answer.get("requires", [])
    return answer.get("name")


def place(error, folder):
    """Returns the last line of the project's own that led to an error, as [path, line]."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        found = inside(frame.f_code.co_filename, line, folder) or found
    if isinstance(error, SyntaxError) and error.filename:
        found = inside(error.filename, error.lineno, folder) or found
    return found


def inside(path, line, folder):
    # setuptools compiles setup.py under this name.
    path = os.path.join(folder, "setup.py" if path == "<string>" else path)
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(folder))
    if line and os.path.isfile(path) and not relative.startswith(os.pardir):
        return [relative, line]
    return None


def unpacked(archive, folder, report):
    os.makedirs(folder, exist_ok=True)
    with tarfile.open(archive) as tar:
        tops = set(name.split("/")[0] for name in tar.getnames())
        if len(tops) != 1:
            problem(report, "sdist-folder", "the sdist has {} top folders, not one".format(len(tops)))
            return None
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:
            tar.extractall(folder)
    tree = os.path.join(folder, tops.pop())
    if not os.path.exists(os.path.join(tree, "PKG-INFO")):
        problem(report, "pkg-info", "the sdist has no PKG-INFO")
    return tree


def compare(wheel, tree, report):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        # Those of vendored packages lie deeper.
        infos = [name for name in names if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        if len(infos) != 1:
            problem(report, "metadata", "the wheel has {} METADATA files, not one".format(len(infos)))
            return
        folder = infos[0].rsplit("/", 1)[0]
        record = archive.read(folder + "/RECORD").decode("utf-8")
        verify_record(archive, record, report)
        metadata = email.message_from_bytes(archive.read(infos[0]))
    own = [name for name in names if not name.startswith(folder + "/")]
    if not own:
        problem(report, "empty-wheel", "the wheel holds no file of the project")
    tops = sorted(set(name.split("/")[0] for name in own))
    for top in ("tests", "test", "docs", "examples"):
        if top in tops and len(tops) > 1:
            problem(report, "stray-package", "the wheel installs a top-level `{}`".format(top), blocking=False)
    path = os.path.join(tree, "PKG-INFO")
    if os.path.exists(path):
        with open(path, "rb") as stream:
            source = email.message_from_bytes(stream.read())
        for field in ("Name", "Version"):
            if metadata[field] != source[field]:
                problem(
                    report,
                    "metadata",
                    "{} is {} in the wheel and {} in the sdist".format(field, metadata[field], source[field]),
                )


def verify_record(archive, record, report):
    listed = {}
    for row in csv.reader(io.StringIO(record)):
        if row:
            listed[row[0]] = row[1] if len(row) > 1 else ""
    for name in archive.namelist():
        if name.endswith("/") or name.endswith((".dist-info/RECORD", ".jws", ".p7s")):
            continue
        if name not in listed:
            problem(report, "record", "RECORD of the wheel does not list {}".format(name))
            continue
        algorithm, _, expected = listed[name].partition("=")
        if not expected:
            continue
        digest = hashlib.new(algorithm, archive.read(name)).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected:
            problem(report, "record", "RECORD of the wheel has another hash for {}".format(name))


def described(folder, name):
    return {"name": name, "size": os.path.getsize(os.path.join(folder, name))}


def problem(report, rule, message, blocking=True, place=None):
    report["problems"].append({"rule": rule, "message": message, "blocking": blocking, "place": place})


main()
