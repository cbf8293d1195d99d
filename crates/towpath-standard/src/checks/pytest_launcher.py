"""Starts pytest as `pytest` or `python -m pytest` would, with towpath's event plugin.

Arguments: `module` or `script`, the plugin's file, then pytest's own.
"""

import importlib.util
import os
import sys


def main():
    how, plugin_file = sys.argv[1:3]
    sys.argv = ["pytest"] + sys.argv[3:]
    # Both coverage and Python put this script's folder first; the two ways to start pytest do not.
    sys.path[0] = os.getcwd() if how == "module" else os.path.dirname(sys.executable)
    import pytest

    spec = importlib.util.spec_from_file_location("towpath_pytest_plugin", plugin_file)
    plugin = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = plugin
    spec.loader.exec_module(plugin)
    return pytest.main(sys.argv[1:], plugins=[plugin])


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.exit(int(code))
