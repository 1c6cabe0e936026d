# Stands before a recipe: its accesses and its time go to the test, one question a line on stderr.
import os
import sys
import time


def ask(question):
    sys.stderr.write(question + "\n")
    sys.stderr.flush()
    return int(sys.stdin.readline())


os.open = lambda path, flags: -1
os.pread = lambda device, length, port: bytes([ask(f"R {port}")])
os.pwrite = lambda device, data, port: ask(f"W {port} {data[0]}")
time.perf_counter_ns = lambda: ask("T")
time.sleep = lambda seconds: ask(f"S {int(seconds * 1e9)}")
