//! The columns of a user, in the API's words.

use crate::output::Column;

/// What a table, csv and `--fields` know of a user.
pub const USER: [Column; 10] = [
    Column::shown("type", "TYPE", 4, true),
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("assignedPhoneNumber", "ASSIGNED", 1, true),
    Column::shown("firstName", "FIRST NAME", 2, false),
    Column::shown("lastName", "LAST NAME", 3, false),
    Column::shown("email", "EMAIL", 6, false),
    Column::shown("id", "ID", 5, true),
    Column::shown("createdAt", "CREATED", 7, true),
    Column::on_request("projectId", "PROJECT"),
    Column::on_request("meta", "META"),
];
