"""Combines the data files in `data` below a folder and writes `coverage.json` there.

Arguments: the folder, and the repository as this job sees it. Runs in the project's folder, so that its
coverage settings are found. Where jobs run on copies of the repository, the paths in the data are mapped
to this job's copy.
"""

import glob
import json
import os
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


def write(measured, report):
    """Writes the report and returns whether there was anything to report."""
    try:
        measured.json_report(outfile=report, ignore_errors=True)
    except coverage.exceptions.NoDataError:
        return False
    return True


main()
