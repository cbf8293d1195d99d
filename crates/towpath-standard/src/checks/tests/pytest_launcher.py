"""Starts pytest as `pytest` or `python -m pytest` would, with towpath's event plugin.

Arguments: `module` or `script`, then `,unittest` where only what unittest would find is collected, and
`,wheel` where nothing but the installed wheel is judged; the plugin's file; then pytest's own. `installed:NAME` among them is a module of the installed wheel.
"""

import importlib.util
import inspect
import os
import sys
import unittest


def main():
    how, plugin_file = sys.argv[1:3]
    how = how.split(",")
    # Both coverage and Python put this script's folder first; the two ways to start pytest do not.
    sys.path[0] = os.getcwd() if "module" in how else os.path.dirname(sys.executable)
    sys.argv = ["pytest"] + sys.argv[3:]
    arguments = installed(sys.argv[1:])
    if arguments is None:
        open(os.path.join(os.path.dirname(plugin_file), "not_installed"), "w").close()
        return 5
    sys.argv[1:] = arguments
    import pytest

    spec = importlib.util.spec_from_file_location("towpath_pytest_plugin", plugin_file)
    plugin = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = plugin
    spec.loader.exec_module(plugin)
    plugins = [plugin]
    if "unittest" in how:
        plugins.append(only_unittest(pytest))
    if "wheel" in how:
        plugins.append(WithoutLinters())
    return pytest.main(sys.argv[1:], plugins=plugins)


def installed(arguments):
    """Leaves out modules that the wheel does not hold; None where nothing is left to run."""
    wanted = [argument for argument in arguments if argument.startswith("installed:")]
    there = [argument for argument in wanted if is_installed(argument.split(":", 1)[1])]
    kept = []
    for argument in arguments:
        if argument not in wanted:
            kept.append(argument)
        elif argument in there:
            kept.extend(collected(argument.split(":", 1)[1]))
    if wanted and not there and not any(os.path.exists(argument) for argument in kept):
        return None
    return kept


def is_installed(name):
    return place_of(name) is not None


def place_of(name):
    """Returns the folder or file that the wheel installed as a module."""
    parts = name.split("::")[0].split(".")
    for folder in sys.path:
        place = os.path.join(folder, *parts)
        for path in (place, place + ".py"):
            if "site-packages" in folder and os.path.exists(path):
                return path
    return None


def collected(name):
    """Returns the arguments by which pytest collects a module of the wheel.

    A folder that is no package, such as one of tests that are installed as data, has no name for pytest. The
    package around it has one, and what lies beside the way from there to the folder is left out.
    """
    module, _, test = name.partition("::")
    place, beside = place_of(name), []
    if test or os.path.isfile(place):
        return [name]
    while "." in module and not os.path.exists(os.path.join(place, "__init__.py")):
        around, own = os.path.split(place)
        kept = (own, "__init__.py", "conftest.py")
        beside += [os.path.join(around, entry) for entry in sorted(os.listdir(around)) if entry not in kept]
        place, module = around, module.rpartition(".")[0]
    return [module] + ["--ignore=" + path for path in beside]


def write_importable(path):
    """Writes the first part of every name that an import could begin with."""
    names = set()
    for folder in sys.path:
        if os.path.isdir(folder):
            names.update(entry.split(".")[0] for entry in os.listdir(folder))
    with open(path, "w") as stream:
        stream.write("\n".join(sorted(names)))


LINTERS = {
    "pytest_black",
    "pytest_checkdocs",
    "pytest_codestyle",
    "pytest_flake8",
    "pytest_isort",
    "pytest_mypy",
    "pytest_pycodestyle",
    "pytest_pylint",
    "pytest_ruff",
}


class WithoutLinters(object):
    """What plugins say of the files that they read is about the sources, not about the wheel."""

    def pytest_collection_modifyitems(self, config, items):
        linted = [item for item in items if type(item).__module__.split(".")[0] in LINTERS]
        items[:] = [item for item in items if item not in linted]
        config.hook.pytest_deselected(items=linted)


def only_unittest(pytest):
    class OnlyUnittest(object):
        """unittest knows classes of test cases, and nothing else that looks like a test to pytest."""

        @pytest.hookimpl(tryfirst=True)
        def pytest_pycollect_makeitem(self, obj):
            if inspect.isclass(obj) and issubclass(obj, unittest.TestCase):
                return None
            return []

        @pytest.hookimpl(tryfirst=True)
        def pytest_make_collect_report(self, collector):
            if isinstance(collector, pytest.Module):
                collector.collect = honouring_load_tests(collector, collector.collect)

    class LoadedCase(pytest.Item):
        """A test case that `load_tests` of a module made."""

        def __init__(self, case=None, **rest):
            super(LoadedCase, self).__init__(**rest)
            self.case = case

        def runtest(self):
            result = unittest.TestResult()
            unittest.TestSuite([self.case]).run(result)
            for _, text in result.errors + result.failures:
                pytest.fail(text, pytrace=False)
            for _, reason in result.skipped:
                pytest.skip(reason)

    def honouring_load_tests(module, collect):
        def collected():
            usual = list(collect())
            if not hasattr(module.obj, "load_tests"):
                return usual
            suite = unittest.TestLoader().loadTestsFromModule(module.obj)
            return [LoadedCase.from_parent(module, name=case.id(), case=case) for case in cases(suite)]

        return collected

    return OnlyUnittest()


def cases(suite):
    """Returns the single test cases of a suite, in order."""
    if not isinstance(suite, unittest.TestSuite):
        return [suite]
    return [case for inner in suite for case in cases(inner)]


if __name__ == "__main__":
    out = os.path.dirname(sys.argv[2])
    code = 3
    try:
        code = int(main())
    finally:
        if code:
            write_importable(os.path.join(out, "importable"))
    sys.stdout.flush()
    sys.exit(code)
