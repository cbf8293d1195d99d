"""Writes what happens in a pytest run as JSON lines, one event each.

Loaded with ``-p towpath_pytest_plugin``. ``TOWPATH_PYTEST_EVENTS`` names the file, which is appended
to; without it the plugin does nothing. ``TOWPATH_PYTEST_ROOT`` is the folder that paths are made
relative to. Both are removed from the environment, so that tests do not see them and a pytest started
by a test does not write here.

Works on Python 3.6 and later with pytest 3.10 and later. Nothing in here may change a run: an
exception ends the recording, never the run.
"""

import json
import os
import re

import pytest

FILE = "TOWPATH_PYTEST_EVENTS"
ROOT = "TOWPATH_PYTEST_ROOT"
LIMIT = 64 * 1024
COLOUR = re.compile("\x1b\\[[0-9;]*m")
SYNTAX_ERROR = re.compile('^E +File "([^"]+)", line ([0-9]+)$', re.MULTILINE)


def pytest_configure(config):
    path = os.environ.pop(FILE, None)
    root = os.environ.pop(ROOT, None)
    # The controller of pytest-xdist reports for its workers.
    if path is None or hasattr(config, "workerinput") or hasattr(config, "slaveinput"):
        return
    try:
        rootdir = str(getattr(config, "rootpath", None) or config.rootdir)
        recorder = Recorder(path, rootdir, root or rootdir)
    except Exception:
        return
    config.pluginmanager.register(recorder, "towpath-recorder")


class Recorder(object):
    def __init__(self, path, rootdir, root):
        self.pid = os.getpid()
        self.rootdir = rootdir
        self.root = os.path.realpath(root)
        self.names = {}
        self.collected = 0
        self.stream = open(path, "a", encoding="utf-8", errors="backslashreplace")

    def write(self, kind, value):
        self.stream.write(json.dumps({kind: value}) + "\n")
        self.stream.flush()

    def give_up(self, error):
        stream, self.stream = self.stream, None
        try:
            stream.write(json.dumps({"plugin_error": repr(error)[:500]}) + "\n")
            stream.close()
        except Exception:
            pass

    def record(self, method, *args):
        """Calls a method that writes events; ends the recording where it fails."""
        if self.stream is None or os.getpid() != self.pid:
            return
        try:
            method(*args)
        except Exception as error:
            self.give_up(error)

    # Hooks.

    def pytest_collection_finish(self, session):
        self.record(self.collection_finished, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.record(self.collection_finished, len(ids))

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.record(self.not_collected, report)

    def pytest_runtest_logreport(self, report):
        self.record(self.phase_ended, report)

    def pytest_internalerror(self, excrepr, excinfo):
        self.record(self.broke, excrepr, excinfo)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self.record(self.write, "finished", int(getattr(session, "exitstatus", exitstatus)))

    # Events.

    def collection_finished(self, count):
        # Under pytest-xdist every worker collects everything, and the controller nothing.
        if count > self.collected:
            self.collected = count
            self.write("session", {"collected": count})

    def not_collected(self, report):
        path, line, message = self.crash(report)
        event = {
            "id": self.node(report.nodeid),
            "path": self.relative(report.nodeid.split("::")[0], self.rootdir),
            "message": message,
        }
        self.add_place(event, path, line)
        if report.outcome == "failed":
            event["longrepr"] = cut(long_text(report))
            self.write("collect_error", event)
        else:
            self.write("collect_skip", event)

    def phase_ended(self, report):
        outcome = outcome_of(report)
        event = {
            "id": self.node(report.nodeid),
            "when": report.when,
            "outcome": outcome,
            "seconds": round(getattr(report, "duration", 0.0), 6),
        }
        subtest = subtest_of(report)
        if subtest is not None:
            if outcome == "passed":
                return
            event["subtest"] = subtest
        if report.when != "teardown" or outcome != "passed":
            path, line, _ = report.location
            event["path"] = self.relative(path, self.rootdir)
            if line is not None:
                event["line"] = line + 1
        if outcome != "passed":
            path, line, event["message"] = self.crash(report)
            self.add_place(event, path, line)
        if outcome in ("failed", "error", "rerun"):
            event["longrepr"] = cut(long_text(report))
            event["sections"] = [[str(name), cut(text)] for name, text in report.sections]
        self.write("test", event)

    def broke(self, excrepr, excinfo):
        message = one_line("%s: %s" % (excinfo.type.__name__, excinfo.value))
        self.write("internal_error", {"message": message, "longrepr": cut(str(excrepr))})

    # Names and places.

    def node(self, nodeid):
        """Returns a node id with its file relative to the root."""
        file, separator, rest = nodeid.partition("::")
        return self.relative(file, self.rootdir) + separator + rest

    def relative(self, path, start):
        """Returns a path relative to the root; one outside of it is absolute."""
        known = self.names.get((path, start))
        if known is None:
            whole = os.path.normpath(os.path.join(start, str(path)))
            if not whole.startswith(self.root + os.sep):
                real = os.path.realpath(whole)
                whole = real if real.startswith(self.root + os.sep) else whole
            if whole.startswith(self.root + os.sep):
                whole = whole[len(self.root) + 1 :]
            known = self.names[(path, start)] = whole.replace(os.sep, "/")
        return known

    def add_place(self, event, path, line):
        if path and line is not None:
            event["crash"] = {"path": self.relative(path, self.rootdir), "line": line}

    def crash(self, report):
        """Returns (path, line from 1, message on one line) of a report that did not pass."""
        longrepr = report.longrepr
        reason = getattr(report, "wasxfail", None)
        if isinstance(longrepr, tuple) and len(longrepr) == 3:
            path, line, message = longrepr
            message = str(message)
            if message.startswith("Skipped: "):
                message = message[len("Skipped: ") :]
            return path, line, one_line(message)
        crash = getattr(longrepr, "reprcrash", None)
        path, line = self.own_place(longrepr)
        if reason is not None and report.outcome != "failed":
            reason = str(reason)
            if reason.startswith("reason: "):
                reason = reason[len("reason: ") :]
            return path, line, one_line(reason)
        if crash is not None:
            return path, line, one_line(str(crash.message))
        # A doctest.
        for location, lines in getattr(longrepr, "reprlocation_lines", None) or ():
            return location.path, location.lineno, doctest_message(location, lines)
        text = long_text(report)
        place = SYNTAX_ERROR.search(text)
        path, line = (place.group(1), int(place.group(2))) if place else (None, None)
        return path, line, one_line(last_error(text))

    def own_place(self, longrepr):
        """Returns (path, line) of the innermost frame in the root: unittest's own frames are not it."""
        places = [getattr(longrepr, "reprcrash", None)]
        entries = getattr(getattr(longrepr, "reprtraceback", None), "reprentries", ())
        places.extend(getattr(entry, "reprfileloc", None) for entry in reversed(entries))
        for place in places:
            if place is not None and not os.path.isabs(self.relative(place.path, self.rootdir)):
                return place.path, place.lineno
        return None, None


def outcome_of(report):
    outcome = report.outcome
    if outcome == "failed" and report.when in ("setup", "teardown"):
        return "error"
    if hasattr(report, "wasxfail"):
        if outcome == "skipped":
            return "xfailed"
        if outcome == "passed":
            return "xpassed"
    return outcome


def subtest_of(report):
    """Returns the description of a subtest, None for a test."""
    context = getattr(report, "context", None)
    if context is None or not hasattr(context, "kwargs"):
        return None
    parts = []
    if context.msg is not None:
        parts.append(str(context.msg))
    for name in sorted(context.kwargs):
        parts.append("%s=%s" % (name, context.kwargs[name]))
    return one_line(", ".join(parts)) or "subtest"


def doctest_message(location, lines):
    text = [line.strip() for line in lines]
    for start, prefix in (("Expected:", "expected "), ("UNEXPECTED EXCEPTION:", "")):
        for index, line in enumerate(text):
            if line.startswith(start):
                found = line[len(start) :].strip() or " ".join(text[index + 1 : index + 4])
                return one_line(prefix + found.replace(" Got: ", ", got "))
    return one_line(str(location.message))


def last_error(text):
    """Returns the first line that pytest marks as an error, else the last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        # Of a syntax error the file and the code come before it, further in.
        if line.startswith("E   ") and not line.startswith("E    "):
            return line[1:].strip()
    return lines[-1].strip() if lines else ""


def long_text(report):
    # An error of collection is text, coloured under FORCE_COLOR.
    text = getattr(report, "longreprtext", None)
    return COLOUR.sub("", str(report.longrepr) if text is None else text)


def one_line(text):
    lines = [line.strip() for line in text.strip().splitlines()]
    return lines[0][:1000] if lines else ""


def cut(text):
    """Keeps both ends of a text that is too long."""
    if len(text) <= LIMIT:
        return text
    half = LIMIT // 2
    return "%s\n… (%d characters cut)\n%s" % (text[:half], len(text) - 2 * half, text[-half:])
