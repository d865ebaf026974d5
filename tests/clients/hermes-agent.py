# The part of hermes-agent that registers its operator with Spectrum, called as its setup calls it.
import os
import socket

connect = socket.socket.connect


def only_loopback(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        print(f"wanted {address[0]}", flush=True)
        raise OSError(f"only loopback can be reached, not {address[0]}")
    return connect(self, address)


socket.socket.connect = only_loopback

from plugins.platforms.photon import auth  # noqa: E402

project, secret = os.environ["SPECTRUM_PROJECT_ID"], os.environ["SPECTRUM_PROJECT_SECRET"]
person = {"phone_number": "+14155550123", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}

assert auth.list_users(project, secret) == []
user, created = auth.register_user_if_absent(project, secret, **person)
assert created and user["phoneNumber"] == person["phone_number"], user
assert auth.user_assigned_line(user).startswith("+"), user
again, created = auth.register_user_if_absent(project, secret, **person)
assert not created and again["id"] == user["id"], again
assert auth.find_user_by_phone(project, secret, "+1 415 555 0199") is None
phone, assigned = auth.refresh_user_numbers(project, secret)
assert (phone, assigned) == (person["phone_number"], user["assignedPhoneNumber"]), (phone, assigned)
try:
    auth.list_users(project, "wrong")
except RuntimeError as error:
    assert "HTTP 401: Invalid credentials" in str(error), error
else:
    raise AssertionError("a wrong secret is refused")
print("done")
