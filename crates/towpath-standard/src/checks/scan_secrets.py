"""Scans files for secrets with detect-secrets and prints the results as its own scan does.

Arguments: the baseline's file, whose plugins and filters are used (empty for the defaults), then the
files. Unlike `detect-secrets scan` it takes exactly the files it is given.
"""

import inspect
import json
import os
import sys


def main():
    baseline_file, files = sys.argv[1], sys.argv[2:]
    from detect_secrets.core import baseline
    from detect_secrets.core import scan as core
    from detect_secrets.core.scan import scan_file
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import configure_settings_from_baseline, default_settings

    spare_filters(core)
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


def spare_filters(core):
    """Lets the filters of whole lines judge only lines in which a plugin found something.

    Some of them take time that grows with the square of a line's length, and most lines hold nothing
    that could be filtered out. The findings are the same in either order. A line in which plugins of
    detect-secrets itself found nothing holds nothing elsewhere in the same file either.
    """
    try:
        order = list(inspect.signature(core._process_line_based_plugins).parameters)
        takes_context = "context" in inspect.signature(core._scan_line).parameters
    except AttributeError:
        return
    if order != ["lines", "filename"] or not takes_context:
        return

    def process(lines, filename):
        content = [line for _, line in lines]
        own = all(type(one).__module__.startswith("detect_secrets.") for one in core.get_plugins())
        idle = set()
        for number, line in lines:
            line = line.rstrip()
            if line in idle:
                continue
            context = core.get_code_snippet(lines=content, line_number=number)
            candidates = [
                (plugin, secret)
                for plugin in core.get_plugins()
                for secret in core._scan_line(
                    plugin=plugin,
                    filename=filename,
                    line=line,
                    line_number=number,
                    context=context,
                )
            ]
            if own and not candidates:
                idle.add(line)
            of_line = dict(filename=filename, line=line, context=context)
            if not candidates or core._is_filtered_out(["line"], **of_line):
                continue
            for plugin, secret in candidates:
                of_line.update(
                    filename=secret.filename, secret=secret.secret_value, plugin=plugin
                )
                if not core._is_filtered_out(["context"], **of_line):
                    yield secret

    core._process_line_based_plugins = process


def scan(found, files, scan_file):
    for name in files:
        for secret in scan_file(name):
            found[name].add(secret)


main()
