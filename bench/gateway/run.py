"""script/bench gateway: the bench is the module beside this file, run as part of the package `bench`."""
import os
import runpy
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
runpy.run_module("bench.gateway.measure", run_name="__main__")
