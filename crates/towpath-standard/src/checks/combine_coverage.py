"""Combines the data files in `data` below a folder and writes `coverage.json` there.

Arguments: the folder, and the repository as this job sees it. Runs in the project's folder, so that its
coverage settings are found. Where jobs run on copies of the repository, the paths in the data are mapped
to this job's copy.
"""

import glob
import os
import sys

import coverage


def main():
    out, tree = sys.argv[1:3]
    measured = coverage.Coverage(data_file=os.path.join(out, "combined"))
    paths = dict(measured.get_option("paths") or {})
    paths["towpath"] = [tree, "*/scratch/job-*/copy"]
    measured.set_option("paths", paths)
    measured.combine(glob.glob(os.path.join(glob.escape(os.path.join(out, "data")), ".coverage.*")), keep=True)
    measured.save()
    report = os.path.join(out, "coverage.json")
    if write(measured, report):
        return
    # Settings may look for the project where tox installs it; here it is measured in the tree.
    measured.set_option("report:include", [])
    if not write(measured, report):
        # No test reached the project, which the tests themselves say.
        with open(report, "w") as stream:
            stream.write('{"meta": {}, "files": {}}')


def write(measured, report):
    """Writes the report and returns whether there was anything to report."""
    try:
        measured.json_report(outfile=report, ignore_errors=True)
    except coverage.exceptions.NoDataError:
        return False
    return True


main()
