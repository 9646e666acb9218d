"""What the tests, the demo and the benches stand on: servers on free ports in one folder, scenarios as text, audits.

Python 3 standard library only. Every wait is for a condition and has a deadline; processes end by pid, never by name.

    python3 -m harness.play FILE.play       plays one scenario (PYTHONPATH=tests)
    python3 -m harness.sweep FILE.play      counts its fault points, then once per point
    python3 -m harness.run                  what script/run calls
    python3 -m harness.postgres start DIR   a private PostgreSQL
"""
