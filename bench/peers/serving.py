"""What peers in Python answer: bench/contender.ts's protocol."""
import json, re, resource, sys, time


def peak():
    """KiB of this process's memory alone, as bench/peak.ts says it."""
    try:
        return int(re.search(r"^VmHWM:\s+(\d+) kB$", open("/proc/self/status").read(), re.M)[1])
    except (OSError, TypeError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def say(o):
    print(json.dumps(o), flush=True)


def serve(step, restore, version):
    """Says the first loss, and answers until nothing more is asked: step(n) is a step on batch n and gives its loss, restore() begins anew."""
    restore()
    say({"first": step(0), "version": version, "rss": peak()})
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["kind"] == "losses":
            restore()
            say({"losses": [step(n) for n in range(ask["steps"])]})
        elif ask["kind"] == "run":
            wall, cpu = time.perf_counter(), time.process_time()
            for n in range(ask["steps"]):
                step(n)
            say({"wall": (time.perf_counter() - wall) * 1e3, "cpu": (time.process_time() - cpu) * 1e3, "rss": peak()})
        else:
            break
