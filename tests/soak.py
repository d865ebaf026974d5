#!/usr/bin/env python3
"""Runs `sandbox serve` for a long time under mixed load, and holds it to what it answered.

    tests/soak.py [--minutes 60] [--connections 64] [--rate 300] [--kills 20] [--spectrum target/release/spectrum]

Each connection owns its own people, so that what the server has to know at the end is exact. For the first third the server
is killed (SIGKILL) again and again and started anew; then it runs on alone, and its memory, descriptors, write-ahead log and
latency at the end are compared with those at the beginning. Deliveries, the journal, the page and event readers are part of
it. Wants Linux and Python 3.9, and nothing else.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = "5a4db0c5-7e1f-4c3a-9b2d-0f5e8c7d1a60"
SECRET = "sandbox-secret-known-to-everybody"
PEOPLE = 200  # of each connection
AUTHORIZATION = "Basic " + base64.b64encode(f"{PROJECT}:{SECRET}".encode()).decode()


class Lost(Exception):
    """The connection ended before the whole answer was here."""


class Server:
    """The sandbox, on one port and one store for all of its lives."""

    def __init__(self, spectrum, folder):
        self.spectrum, self.folder, self.store = spectrum, folder, folder / "store.sqlite3"
        self.projects, self.address = folder / "projects.toml", "127.0.0.1:0"
        self.projects.write_text(
            f'[[projects]]\nid = "{PROJECT}"\nsecret = "{SECRET}"\nmax_shared_users = 1000000\n'
        )
        self.process = None

    def start(self):
        command = [self.spectrum, "sandbox", "serve", "--listen", self.address, "--store", self.store]
        command += ["--projects", self.projects, "--rate-limit", "0", "--pool", "10000", "--delivery-speed", "10"]
        log = open(self.folder / "log", "w")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.address = self.process.stdout.readline().strip().split("//")[1]
        self.process.stdout.readline()
        self.process.stdout.readline()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def figures(self):
        """Memory in MB, descriptors, the log's length in MB, processor seconds."""
        pid = self.process.pid
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
        log = pathlib.Path(f"{self.store}-wal")
        log = log.stat().st_size / 1e6 if log.exists() else 0.0
        times = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        seconds = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        return memory, len(os.listdir(f"/proc/{pid}/fd")), log, seconds


class Connection:
    """One HTTP/1.1 connection that is made anew when it broke."""

    def __init__(self, server):
        self.server, self.streams = server, None

    async def ask(self, method, path, body=None, headers=()):
        """Status and body; Lost when nobody knows whether it was done."""
        try:
            if self.streams is None:
                host, port = self.server.address.split(":")
                self.streams = await asyncio.open_connection(host, int(port))
            reader, writer = self.streams
            data = b"" if body is None else json.dumps(body).encode()
            head = [f"{method} {path} HTTP/1.1", f"Host: {self.server.address}", *headers]
            if data:
                head += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
            writer.write(("\r\n".join(head) + "\r\n\r\n").encode() + data)
            return await asyncio.wait_for(self.answer(reader), 120)
        except (OSError, asyncio.IncompleteReadError, EOFError, ValueError, asyncio.TimeoutError) as error:
            if self.streams is not None:
                self.streams[1].close()
            self.streams = None
            raise Lost(str(error)) from error

    @staticmethod
    async def answer(reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        status, length = int(head.split(" ", 2)[1]), int(fields.get("content-length", 0))
        return status, await reader.readexactly(length)

    async def api(self, method, path, body=None):
        return await self.ask(method, f"/projects/{PROJECT}{path}", body, [f"Authorization: {AUTHORIZATION}"])

    async def control(self, method, path, body=None):
        return await self.ask(method, f"/_sandbox/{path}", body, ["X-Sandbox: 1"])


class Person:
    """What the service has to know of one number: its id, whether it opted in; `doubt` is the write whose answer was lost."""

    def __init__(self, phone):
        self.phone, self.id, self.opted_in, self.doubt = phone, None, False, None


class Load:
    """Everything that is asked, and what was answered."""

    def __init__(self, server, options):
        self.server, self.random = server, random.Random(options.seed)
        self.pause = options.connections / options.rate if options.rate else 0
        self.delivered = []  # moments
        self.over, self.answered, self.lost, self.faults = False, 0, 0, []
        self.times = []  # (moment, seconds) of reads and writes alike

    def wrong(self, what):
        self.faults.append(what)
        print(f"WRONG: {what}", file=sys.stderr)

    async def timed(self, asking):
        begin = time.monotonic()
        result = await asking
        self.answered += 1
        self.times.append((begin, time.monotonic() - begin))
        return result

    async def create(self, connection, person):
        doubt, person.doubt = person.doubt, person.doubt or "create"
        body = {"type": "shared", "phoneNumber": person.phone, "firstName": "Ada"}
        status, answer = await self.timed(connection.api("POST", "/users/", body))
        if status not in (200, 201):
            return self.wrong(f"create {person.phone}: {status} {answer[:200]}")
        user = json.loads(answer)["data"]
        opted_in = bool((user.get("meta") or {}).get("opt_in"))
        if person.id and doubt != "delete" and user["id"] != person.id:
            self.wrong(f"{person.phone} was {person.id} and is {user['id']}, in doubt: {doubt}")
        if user["id"] == person.id and opted_in != person.opted_in and not (doubt == "text" and opted_in):
            self.wrong(f"{person.phone} opted in: {person.opted_in}, and now {opted_in}, in doubt: {doubt}")
        person.id, person.opted_in, person.doubt = user["id"], opted_in, None

    async def delete(self, connection, person):
        person.doubt = "delete"
        status, answer = await self.timed(connection.api("DELETE", f"/users/{person.id}/"))
        if status != 200:
            return self.wrong(f"delete {person.phone}: {status} {answer[:200]}")
        person.id, person.opted_in, person.doubt = None, False, None

    async def text(self, connection, person):
        person.doubt = "text"
        status, answer = await self.timed(connection.control("POST", "messages", {"from": person.phone, "text": "hi"}))
        if status != 200:
            return self.wrong(f"text {person.phone}: {status} {answer[:200]}")
        person.opted_in, person.doubt = True, None

    async def read(self, what, status, asking):
        """What has to be answered with this status."""
        actual, answer = await self.timed(asking)
        if actual != status:
            self.wrong(f"{what}: {actual} {answer[:200]}")
        return answer

    async def work(self, number):
        people = [Person(f"+1415{number:03}{at:04}"[:12]) for at in range(PEOPLE)]
        connection = Connection(self.server)
        while not self.over:
            if self.pause:
                await asyncio.sleep(self.random.expovariate(1 / self.pause))
            person = self.random.choice(people)
            choice = self.random.random()
            try:
                if person.doubt:
                    await self.create(connection, person)
                elif choice < 0.40:
                    await self.create(connection, person)
                elif choice < 0.55 and person.id:
                    answer = await self.read("get", 200, connection.api("GET", f"/users/?id={person.id}"))
                    if [user["phoneNumber"] for user in json.loads(answer)["data"]["users"]] != [person.phone]:
                        self.wrong(f"{person.phone} ({person.id}) is not found: {answer[:200]}")
                elif choice < 0.70:
                    await self.read("list", 200, connection.api("GET", f"/users/?limit=50&search={person.phone[1:9]}"))
                elif choice < 0.80 and person.id:
                    await self.delete(connection, person)
                elif choice < 0.90 and person.id:
                    await self.text(connection, person)
                elif choice < 0.94:
                    await self.read("journal", 200, connection.control("GET", "requests?limit=20"))
                elif choice < 0.97:
                    await self.read("deliveries", 200, connection.control("GET", "deliveries?limit=20"))
                else:
                    await self.read("page", 200, connection.ask("GET", "/"))
            except Lost:
                self.lost += 1
                await asyncio.sleep(0.05)
        return people

    async def events(self):
        """Reads events for as long as there are any."""
        while not self.over:
            with contextlib.suppress(OSError):
                host, port = self.server.address.split(":")
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(f"GET /_sandbox/events HTTP/1.1\r\nHost: {host}:{port}\r\nX-Sandbox: 1\r\n\r\n".encode())
                while await reader.read(65536):
                    pass
                writer.close()
            await asyncio.sleep(0.2)

    async def handle(self, reader, writer):
        """A webhook's handler, which is slow now and then."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length"))
                await reader.readexactly(length)
                self.delivered.append(time.monotonic())
                if self.random.random() < 0.01:
                    await asyncio.sleep(1)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


async def every_user(server):
    connection, users = Connection(server), {}
    while True:
        status, answer = await connection.api("GET", f"/users/?limit=500&offset={len(users)}")
        assert status == 200, answer[:200]
        page = json.loads(answer)["data"]["users"]
        users.update((user["phoneNumber"], user) for user in page)
        if len(page) < 500:
            return users


def percentiles(times):
    times = sorted(times)
    return [1000 * times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.99)] if times else [0, 0]


async def soak(options, folder):
    server, seconds = Server(options.spectrum, folder), options.minutes * 60
    server.start()
    load = Load(server, options)
    receiver = await asyncio.start_server(load.handle, "127.0.0.1", 0)
    hook = {"webhookUrl": f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/"}
    status, answer = await Connection(server).api("POST", "/webhooks/", hook)
    assert status in (200, 201), answer
    begin = time.monotonic()
    workers = [asyncio.create_task(load.work(number)) for number in range(options.connections)]
    readers = [asyncio.create_task(load.events()) for _ in range(8)]
    for kill in range(options.kills):
        await asyncio.sleep(seconds / 3 / options.kills * load.random.uniform(0.7, 1.3))
        server.kill()
        server.start()
        if kill % 5 == 4:
            print(f"{kill + 1} kills, {load.answered} answers, {load.lost} lost", flush=True)
    calm, samples = time.monotonic(), []
    while time.monotonic() < begin + seconds:
        await asyncio.sleep(min(10, seconds / 60))
        samples.append((*server.figures(), load.answered))
    load.over = True
    people = [person for owned in await asyncio.gather(*workers) for person in owned]
    for reader in readers:
        reader.cancel()
    return server, load, people, samples, calm


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=300, help="requests a second, of all connections; 0: as many as go")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spectrum", default="target/release/spectrum")
    options = parser.parse_args()
    options.spectrum = os.path.realpath(options.spectrum)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server, load, people, samples, calm = asyncio.run(soak(options, folder))
        status = server.stop()
        if status != 0:
            load.wrong(f"the server ended with {status}")
        check = sqlite3.connect(server.store).execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            load.wrong(f"integrity_check: {check}")

        # What it knows after one more start is what it answered.
        server.start()
        users = asyncio.run(every_user(server))
        server.stop()
        unsure = 0
        for person in people:
            user = users.pop(person.phone, None)
            if person.doubt:
                unsure += 1
            elif (user and user["id"]) != person.id:
                load.wrong(f"{person.phone}: {person.id} was answered, {user} is there")
            elif user and bool((user.get("meta") or {}).get("opt_in")) != person.opted_in:
                load.wrong(f"{person.phone}: opted in {person.opted_in} was answered, {user['meta']} is there")
        for phone in users:
            load.wrong(f"{phone} is there, and nobody asked for it")

    # The beginning, the end, and three moments between them: each a tenth of the time without kills.
    end, tenth = load.times[-1][0], max(2, len(samples) // 10)
    span = (end - calm) / 10
    begins = [at * (len(samples) - tenth) // 4 for at in range(5)]
    parts = [samples[begin : begin + tenth] for begin in begins]
    medians = [[statistics.median(column) for column in list(zip(*part))[:3]] for part in parts]
    work = [1000 * (part[-1][3] - part[0][3]) / max(1, part[-1][4] - part[0][4]) for part in parts]
    starts = [calm + at * (end - calm - span) / 4 for at in range(5)]
    quick = [percentiles([took for at, took in load.times if start <= at <= start + span]) for start in starts]
    delivered = sum(end - span < at for at in load.delivered)
    print(f"{load.answered} answers, {load.lost} lost, {options.kills} kills, {len(load.delivered)} deliveries")
    print(f"{len(people) - unsure} people as was answered, {unsure} in doubt; integrity_check: {check}")
    memory, descriptors, log = zip(*medians)
    median, slowest = zip(*quick)
    names = ("memory MB", "descriptors", "log MB", "work ms/answer", "median ms", "99 % ms")
    for name, values in zip(names, (memory, descriptors, log, work, median, slowest)):
        print(f"{name:15}" + " -> ".join(f"{value:8.2f}" for value in values))
    if memory[-1] > 1.5 * memory[0] + 10 or descriptors[-1] > descriptors[0] + 16 or log[-1] > 128:
        load.wrong("it grew")
    # How long an answer takes tells of the machine, too; what the server does for it does not.
    if work[-1] > 2 * work[0] + 0.1:
        load.wrong("it became slow")
    if not delivered:
        load.wrong("nothing was delivered any more")
    print("soak: " + ("WRONG" if load.faults else "held"))
    sys.exit(bool(load.faults))


if __name__ == "__main__":
    main()
