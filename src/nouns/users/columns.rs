//! The columns of a user, in the API's words.

use crate::output::{Column, record};

/// What a table, csv and `--fields` know of a user.
pub const USER: [Column; 11] = [
    Column::shown("type", "TYPE", 5, true),
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("assignedPhoneNumber", "ASSIGNED", 1, true),
    Column::shown("meta.opt_in", "OPTED IN", 2, true).told(opted_in),
    Column::shown("firstName", "FIRST NAME", 3, false),
    Column::shown("lastName", "LAST NAME", 4, false),
    Column::shown("email", "EMAIL", 7, false),
    Column::shown("id", "ID", 6, true),
    Column::shown("createdAt", "CREATED", 8, true).moment(),
    Column::on_request("projectId", "PROJECT"),
    Column::on_request("meta", "META"),
];

/// Whether the person can be messaged: a dedicated user need not have texted, so nothing is said of them.
fn opted_in(value: Option<&str>, record: &str) -> &'static str {
    let is_dedicated =
        || record.contains("dedicated") && record::text_field(record, "type").is_some_and(|kind| kind == "dedicated");
    match value {
        Some("true") => "yes",
        _ if is_dedicated() => "",
        _ => "no",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dedicated_user_need_not_opt_in_and_everybody_else_has_to() {
        assert_eq!(opted_in(Some("true"), "{}"), "yes");
        for shared in [r#"{"type":"shared"}"#, "{}", r#"{"firstName":"\"type\":\"dedicated\""}"#] {
            assert_eq!(opted_in(None, shared), "no", "{shared}");
        }
        assert_eq!(opted_in(Some("false"), r#"{"type" : "dedicated"}"#), "");
    }
}
