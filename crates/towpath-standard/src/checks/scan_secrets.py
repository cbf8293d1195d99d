"""Scans files for secrets with detect-secrets and prints the results as its own scan does.

Arguments: the baseline's file, whose plugins and filters are used (empty for the defaults), then the
files. Unlike `detect-secrets scan` it takes exactly the files it is given.
"""

import json
import os
import sys


def main():
    baseline_file, files = sys.argv[1], sys.argv[2:]
    from detect_secrets.core import baseline
    from detect_secrets.core.scan import scan_file
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import configure_settings_from_baseline, default_settings

    found = SecretsCollection()
    if os.path.getsize(baseline_file):
        with open(baseline_file, encoding="utf-8") as stream:
            configure_settings_from_baseline(json.load(stream), filename=baseline_file)
        scan(found, files, scan_file)
        print(json.dumps(baseline.format_for_output(found)))
    else:
        with default_settings():
            scan(found, files, scan_file)
            print(json.dumps(baseline.format_for_output(found)))


def scan(found, files, scan_file):
    for name in files:
        for secret in scan_file(name):
            found[name].add(secret)


main()
