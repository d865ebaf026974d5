"""A test of a bot against a sandbox of its own, with nothing but Python: `python3 -m unittest test_sandbox`.

SPECTRUM names the program where it is not on the PATH.
"""

import base64
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

ADA = "+14155550123"


class SandboxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        seed = pathlib.Path(folder.name, "people.csv")
        seed.write_text(f"phoneNumber,firstName\n{ADA},Ada\n")
        options = ["--listen", "127.0.0.1:0", "--memory", "--seed", seed, "--ids", "7", "--rate-limit", "0"]
        command = [os.environ.get("SPECTRUM", "spectrum"), "sandbox", "serve", *options]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.terminate)
        cls.addClassCleanup(server.stdout.close)
        # It says where it is as soon as it listens.
        cls.env = dict(server.stdout.readline().strip().split("=", 1) for _ in range(3))

    def setUp(self):
        self.control("POST", "reset")

    def send(self, method, path, headers, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.env["SPECTRUM_CLOUD_URL"] + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def api(self, method, path, body=None):
        """What a client of the service does."""
        project = self.env["SPECTRUM_PROJECT_ID"]
        pair = base64.b64encode(f"{project}:{self.env['SPECTRUM_PROJECT_SECRET']}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        return self.send(method, f"/projects/{project}{path}", headers, body)

    def control(self, method, path, body=None):
        """What only a test does."""
        status, answer = self.send(method, f"/_sandbox/{path}", {"X-Sandbox": "1"}, body)
        self.assertEqual(status, 200, answer)
        return answer

    def test_a_person_who_texts_can_be_messaged(self):
        sent = self.control("POST", "messages", {"from": ADA, "text": "Hello!"})
        self.assertTrue(sent["optedInNow"])
        _, answer = self.api("GET", "/users/")
        self.assertEqual(answer["data"]["users"][0]["meta"], {"opt_in": True})

    def test_a_reset_goes_back_to_the_seed(self):
        _, first = self.api("GET", "/users/")
        self.api("DELETE", f"/users/{first['data']['users'][0]['id']}/")
        self.assertEqual(self.api("GET", "/users/")[1]["data"]["users"], [])
        self.control("POST", "reset")
        self.assertEqual(self.api("GET", "/users/")[1], first)

    def test_a_fault_is_met_and_the_journal_tells_what_was_asked(self):
        self.control("PUT", "faults", {"faults": ["503:1"]})
        status, _ = self.api("POST", "/users/", {"type": "shared", "phoneNumber": "+14155550124"})
        self.assertEqual(status, 503)
        (entry,) = self.control("GET", "requests")
        self.assertEqual((entry["method"], entry["status"], entry["fault"]), ("POST", 503, "503"))
        self.assertEqual(json.loads(entry["request"])["phoneNumber"], "+14155550124")


if __name__ == "__main__":
    unittest.main()
