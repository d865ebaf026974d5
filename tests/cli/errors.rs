//! One of every kind in the table of exit codes, as a person and as a program are told.

use serde_json::json;
use spectrum_cli::failure::Code;

use crate::golden::{only, settle, shown, snapshot};
use crate::hostile::{Hostile, Reply, list, user, with};
use crate::world::{Run, World};

const PHONE: &str = "+14155550123";
const CREATE: &str = "users create --shared --phone +14155550123";

/// A world and a command line that end in this way; none where a command line alone cannot.
fn provoke(code: Code) -> Option<(World, String)> {
    let on = |reply| World::on(&Hostile::always(reply));
    let refused = |status, code: &str, message: &str| on(Reply::refusal(status, code, message));
    let (world, line) = match code {
        Code::Internal | Code::Interrupted => return None,
        Code::Usage => (World::new(), "users create --dedicated"),
        Code::InvalidInput => (World::new(), "users create --shared --phone 4155550123 --email nobody"),
        Code::ConfirmationRequired => (World::with_pair(), "users delete 11111111-1111-4111-8111-111111111111"),
        Code::Config => (World::new(), "users list"),
        Code::Unauthorized => (refused(401, "401", "Invalid credentials"), "users list"),
        Code::Forbidden => (refused(403, "403", "Not your project"), "users list"),
        Code::NotFound => (refused(404, "404", "User not found"), "users get 11111111-1111-4111-8111-111111111111"),
        Code::Conflict => (
            refused(409, "409", "+15550100 is not a line of this project"),
            "users create --dedicated --assigned +15550100 --phone +14155550123",
        ),
        Code::Capacity => (refused(402, "402", "Maximum number of shared users (10) reached"), CREATE),
        Code::IdentityMismatch => (on(Reply::data(user("+14155550199"))), CREATE),
        Code::Ambiguous => {
            let other = with(user(PHONE), json!({ "id": "22222222-2222-4222-8222-222222222222" }));
            (on(Reply::data(list(&[user(PHONE), other]))), "users get +14155550123")
        }
        Code::Exists => {
            (on(Reply::data(list(&[user(PHONE)]))), "users create --shared --phone +14155550123 --fail-if-exists")
        }
        Code::Rejected => (refused(422, "VALIDATION", "email must be an e-mail address"), CREATE),
        Code::RateLimited => (refused(429, "RATE_LIMITED", "Too many requests"), "users list --retries 0"),
        Code::Server => (refused(500, "INTERNAL_SERVER_ERROR", "Something broke"), "users list --retries 0"),
        Code::Timeout => (on(Reply::hang_after("")), "users list --retries 0 --timeout 200ms"),
        Code::Network => (on(Reply::close()), "users list --retries 0"),
        Code::BadResponse => (on(Reply::status(200, "<html><title>Sign in</title></html>")), "users list"),
        Code::Partial => {
            let world = World::beside(|_| {});
            world.file("roster.csv", "type,phoneNumber,assignedPhoneNumber\ndedicated,+14155550123,+15005550000\n");
            (world, "users apply roster.csv")
        }
        Code::Changes => {
            let world = World::beside(|_| {});
            world.file("roster.csv", "phoneNumber\n+14155550123\n");
            (world, "users apply roster.csv --dry-run --exit-code")
        }
    };
    Some((world, line.to_owned()))
}

/// Compares one failure in both tongues.
fn compare(code: Code, world: &World, line: &str, run: impl Fn(&str) -> Run) {
    let mut text = String::new();
    for line in [line.to_owned(), format!("{line} -o json")] {
        let run = run(&line);
        assert_eq!(run.status, i32::from(code.status()), "{line}: {run:?}");
        text.push_str(&shown(world, &line, &run));
    }
    // What an apply tells has ids and times of its own.
    let text = if matches!(code, Code::Partial | Code::Changes) { settle(&text) } else { text };
    snapshot(&format!("error-{}", code.as_str()), &text);
}

#[test]
fn every_kind_of_failure_is_told_as_was_agreed() {
    for code in Code::ALL {
        if let Some((world, line)) = provoke(code) {
            compare(code, &world, &line, |line| world.run(line));
        }
    }
    only("error-", &Code::ALL.map(|code| format!("error-{}", code.as_str())));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_told_as_was_agreed() {
    let world = World::on(&Hostile::always(Reply::data(list(&[user(PHONE)]))));
    compare(Code::Internal, &world, "users list", |line| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        world.command(&line.split(' ').collect::<Vec<_>>()).stdout(full).output().unwrap().into()
    });
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_told_as_was_agreed() {
    let server = Hostile::always(Reply::hang_after(""));
    let world = World::on(&server);
    compare(Code::Interrupted, &world, "users list", |line| {
        let (before, child) = (server.count(), world.start(line));
        server.waits_for(before + 1);
        crate::world::signal(&child, nix::sys::signal::Signal::SIGINT);
        child.into()
    });
}
