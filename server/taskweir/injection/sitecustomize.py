"""Loaded by every Python that starts under `taskweir exec`: installs taskweir.sdk, then gives way to the
sitecustomize that this one hides, if there is one.
"""

# ruff: noqa: PTH100, PTH118, PTH120 - loading pathlib takes longer than all the rest
import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader

_HERE = os.path.dirname(os.path.abspath(__file__))


def _install() -> None:
    path = os.path.join(os.path.dirname(_HERE), "sdk.py")
    try:
        module = type(sys)("_taskweir_sdk")
        SourceFileLoader("_taskweir_sdk", path).exec_module(module)
        module.install()
    except Exception as error:
        # Whatever is wrong, the program must run as it would without us.
        sys.stderr.write(f"taskweir: the Cloud Tasks SDK was not redirected: {error!r}\n")


def _give_way() -> None:
    """Run the next sitecustomize as site would have; what it raises is for site to report, as ever."""
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != _HERE]
    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = type(sys)("sitecustomize")
    module.__spec__, module.__file__, module.__loader__ = spec, spec.origin, spec.loader
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_install()
_give_way()
