"""A worker in Python 3.9+, standard library only: fetches runs of the handler "shell" over HTTP and executes them.

    CRONSAGA_URL=http://127.0.0.1:8080 CRONSAGA_TOKEN=<API key with the scope workers:connect> python3 worker.py my-worker

docs/worker-protocol.md says what each step is for.
"""
import atexit, json, os, signal, subprocess, sys, threading, time, urllib.request, uuid
URL, TOKEN = os.environ["CRONSAGA_URL"].rstrip("/"), os.environ["CRONSAGA_TOKEN"]
NAME, SLOTS, INSTANCE = (sys.argv[1:] or ["python-worker"])[0], 4, uuid.uuid4().hex
running, results, known, groups = {}, {}, set(), set()  # the first three by (run, attempt)
ahead = 0.0  # the server's clock, in seconds before ours

def call(path, body=None):
    headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, None if body is None else json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=40) as answer:
        return json.load(answer)

def kill(group, number):
    if group in groups:
        os.killpg(group, number)

def run_command(command, seconds, cancelled):
    process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.PIPE, errors="replace", start_new_session=True)
    groups.add(process.pid)
    deadline, outcome, output = time.monotonic() + seconds, None, None
    while output is None:
        try:
            output, errors = process.communicate(timeout=None if outcome else 0.1)
        except subprocess.TimeoutExpired:
            if cancelled.is_set() or time.monotonic() > deadline:
                outcome = "cancelled" if cancelled.is_set() else "timed_out"
                kill(process.pid, signal.SIGTERM)
                timer = threading.Timer(10, kill, (process.pid, signal.SIGKILL))
                timer.daemon = True
                timer.start()
    groups.discard(process.pid)
    code = process.returncode
    how = {"exitCode": code} if code >= 0 else {"signal": signal.Signals(-code).name}
    outcome = outcome or ("failed" if code else "succeeded")
    return {"outcome": outcome, **how, "output": output[-8000:], "error" if code else "log": errors[-2000:]}

def execute(key, order, cancelled):
    cancelled.wait(max(0, order["notBefore"] / 1000 - time.time() - ahead))
    began = time.time() + ahead
    try:
        payload = json.loads(order["payload"]) if "payload" in order else call(order["payloadPath"])
        command, seconds = payload["command"], order["timeoutMs"] / 1000
        ending = {"outcome": "cancelled"} if cancelled.is_set() else run_command(command, seconds, cancelled)
    except Exception as error:
        ending = {"outcome": "failed", "reason": "bad_payload", "error": repr(error)[:2000]}
    times = {"startedAt": int(began * 1000), "durationMs": max(0, int((time.time() + ahead - began) * 1000))}
    results[key] = {"run": key[0], "attempt": key[1], **times, **ending}

def poll():
    global ahead
    ended = dict(results)  # what ends from now on goes with the next poll, and counts as running in this one
    held = [key for key in list(running) if key not in ended]
    body = {"handlers": ["shell"], "max_tasks": SLOTS, "instance": INSTANCE, "running": held, "results": [*ended.values()]}
    work = call(f"/api/workers/{NAME}/poll?wait={1 if running else 20}", body)["data"]
    ahead = work["at"] / 1000 - time.time()
    for key in ended:  # answered: the control plane has them
        del results[key], running[key]
    for key in map(tuple, work["cancel"]):
        if key in running:
            running[key].set()
    for order in work["runs"]:
        key = (order["run"], order["attempt"])
        if key not in known:  # what comes twice, because an answer was lost, is begun once
            known.add(key)
            running[key] = threading.Event()
            threading.Thread(target=execute, args=(key, order, running[key]), daemon=True).start()

atexit.register(lambda: [kill(group, signal.SIGKILL) for group in list(groups)])  # what runs dies with the worker
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
while True:
    try:
        poll()
    except (OSError, ValueError) as error:  # no answer: the same results go with the next poll
        print("poll failed:", error, file=sys.stderr, flush=True)
        time.sleep(2)
