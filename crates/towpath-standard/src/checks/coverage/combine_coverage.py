"""Combines the data files in `data` below a folder and writes `coverage.json` there, and to
`other_pythons.txt` how many of the missed lines depend on the version of Python.

Arguments: the folder, and the repository as this job sees it. Runs in the project's folder, so that its
coverage settings are found. Where jobs run on copies of the repository, the paths in the data are mapped
to this job's copy.
"""

import ast
import glob
import json
import os
import re
import sys

import coverage


def main():
    out, tree = sys.argv[1:3]
    measured = coverage.Coverage(data_file=os.path.join(out, "combined"))
    paths = dict(measured.get_option("paths") or {})
    paths["towpath"] = [tree, "*/scratch/job-*/copy"]
    measured.set_option("paths", paths)
    data = glob.glob(os.path.join(glob.escape(os.path.join(out, "data")), ".coverage.*"))
    for path in data:
        # What cannot be read would be left out with a warning.
        coverage.CoverageData(basename=path).read()
    measured.combine(data, keep=True)
    measured.save()
    report = os.path.join(out, "coverage.json")
    if not write(measured, report):
        # Settings may look for the project where tox installs it; here it is measured in the tree.
        measured.set_option("report:include", [])
        if not write(measured, report):
            # No test reached the project, which the tests themselves say.
            with open(report, "w") as stream:
                stream.write('{"meta": {}, "files": {}}')
            return
    keep_below(tree, report)


def keep_below(tree, report):
    """Leaves out what lies elsewhere, such as the drivers of the tests, if this job can read it."""
    with open(report) as stream:
        said = json.load(stream)
    inside = os.path.join(os.path.realpath(tree), "")
    said["files"] = {
        name: file for name, file in said["files"].items() if os.path.realpath(name).startswith(inside)
    }
    with open(report, "w") as stream:
        json.dump(said, stream)
    missed = sum(len(version_lines(name).intersection(file["missing_lines"])) for name, file in said["files"].items())
    with open(os.path.join(os.path.dirname(report), "other_pythons.txt"), "w") as stream:
        stream.write(str(missed))


# Names such as `PY_3_14_PLUS` and `IS_PY314`.
PYTHON = re.compile(r"_?(IS_|HAS_)?PY(THON)?_?3_?[0-9]", re.IGNORECASE)


def version_lines(path):
    """Returns the lines of a file that stand under a condition on the version of Python."""
    try:
        with open(path, "rb") as stream:
            module = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return set()
    names = set()

    def asks(node):
        return any(
            getattr(part, "attr", getattr(part, "id", "")) in ("version_info", "hexversion")
            or (isinstance(part, ast.Name) and (part.id in names or PYTHON.match(part.id)))
            for part in ast.walk(node)
        )

    for node in module.body:
        if isinstance(node, ast.Assign) and asks(node.value):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    lines = set()
    for node in ast.walk(module):
        if isinstance(node, ast.If) and asks(node.test):
            held = node.body + node.orelse
        elif any(asks(decorator) for decorator in getattr(node, "decorator_list", ())):
            held = [node]
        else:
            continue
        for part in held:
            lines.update(line for line in (getattr(inner, "lineno", 0) for inner in ast.walk(part)))
    return lines


def write(measured, report):
    """Writes the report and returns whether there was anything to report."""
    try:
        measured.json_report(outfile=report, ignore_errors=True)
    except coverage.exceptions.NoDataError:
        return False
    return True


main()
