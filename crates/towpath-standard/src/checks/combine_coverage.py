"""Combines the data files in `data` below a folder and writes `coverage.json` there.

Argument: the folder. Runs in the project's folder, so that its coverage settings are found.
"""

import glob
import os
import sys

import coverage


def main():
    out = sys.argv[1]
    measured = coverage.Coverage(data_file=os.path.join(out, "combined"))
    measured.combine(glob.glob(os.path.join(glob.escape(os.path.join(out, "data")), ".coverage.*")), keep=True)
    measured.save()
    measured.json_report(outfile=os.path.join(out, "coverage.json"), ignore_errors=True)


main()
