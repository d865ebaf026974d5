//! What `--fields` knows of each command.

use crate::commands::{
    doctor, profiles, sandbox, sandbox_deliveries, sandbox_faults, sandbox_requests, sandbox_text, sandbox_wait,
};
use crate::nouns::{lines, project, users, webhooks};
use crate::output::Column;
use crate::verbs::deleted::DELETED;

/// The columns of a command, by its path without the program's name; none where it shows no records.
pub fn columns(path: &[&str]) -> &'static [Column] {
    match path {
        ["users", "create" | "list" | "get" | "wait"] => &users::columns::USER,
        ["users" | "webhooks", "delete"] => &DELETED,
        ["users", "apply"] => &users::apply::EVENT,
        ["users", "link"] => &users::link::LINK,
        ["lines", "list"] => &lines::command::LINE,
        ["lines", "route"] => &lines::command::ROUTE,
        ["project", "show"] => &project::command::PROJECT,
        ["project", "usage"] => &project::usage::USAGE,
        ["webhooks", "list" | "update"] => &webhooks::columns::WEBHOOK,
        ["webhooks", "create" | "ensure"] => &webhooks::columns::CREATED,
        ["webhooks", "rotate"] => &webhooks::columns::ROTATED,
        ["webhooks", "egress-ips"] => &webhooks::command::EGRESS,
        ["webhooks", "verify"] => &webhooks::verify::VERIFIED,
        ["webhooks", "send"] => &webhooks::send::SENT,
        ["doctor"] => &doctor::FINDING,
        ["profiles", "list"] => &profiles::PROFILE,
        ["profiles", "check"] => &profiles::CHECK,
        ["profiles", "path"] => &profiles::PATH,
        ["sandbox", "deliveries"] => &sandbox_deliveries::ATTEMPT,
        ["sandbox", "faults"] => &sandbox_faults::FAULTS,
        ["sandbox", "requests"] => &sandbox_requests::REQUEST,
        ["sandbox", "status"] => &sandbox::STATUS,
        ["sandbox", "text"] => &sandbox_text::SENT,
        ["sandbox", "wait"] => &sandbox_wait::HEALTH,
        _ => &[],
    }
}
