import json, os, platform, sys, sysconfig

info = sys.implementation.version
release = "%d.%d.%d" % info[:3]
if info[3] != "final":
    release += info[3][0] + str(info[4])
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "version": platform.python_version(),
    "major": sys.version_info[0],
    "minor": sys.version_info[1],
    "is_virtual": sys.prefix != sys.base_prefix,
    "prefix": sys.base_prefix,
    "stdlib": os.path.dirname(os.__file__),
    "platform": sysconfig.get_platform(),
    "is_free_threaded": "t" in getattr(sys, "abiflags", ""),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": release,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}))
