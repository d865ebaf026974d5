use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::blank;
use crate::nouns::users::model::{NewUser, UserType};
use crate::roster::problem::{Place, Problem};
use crate::roster::write::RosterEntry;
use crate::roster::{RosterFormat, write};

fn named(name: &str) -> ReadOptions<'_> {
    ReadOptions { format: None, name: Some(Path::new(name)) }
}

fn of(format: RosterFormat) -> ReadOptions<'static> {
    ReadOptions { format: Some(format), name: None }
}

fn rows(bytes: &[u8], name: &str) -> Vec<Row> {
    read(bytes, named(name)).unwrap_or_else(|problems| panic!("{problems:?}")).rows
}

fn problems(bytes: &[u8], name: &str) -> Vec<Problem> {
    read(bytes, named(name)).unwrap_err().0
}

fn warnings(bytes: &[u8], name: &str) -> Vec<String> {
    read(bytes, named(name)).unwrap().warnings.iter().map(|warning| warning.in_file(name)).collect()
}

fn said(bytes: &[u8], name: &str) -> Vec<String> {
    problems(bytes, name).iter().map(|problem| problem.in_file(name)).collect()
}

/// One user in every format.
const ADA: [(&str, &str); 4] = [
    ("a.csv", "phoneNumber,firstName,email\n+14155550101,Ada,ada@example.com\n"),
    ("a.ndjson", "{\"phoneNumber\":\"+14155550101\",\"firstName\":\"\\u0041da\",\"email\":\"ada@example.com\"}\n"),
    (
        "a.json",
        "[{\"phoneNumber\":\"+14155550101\",\"firstName\":\"Ada\",\"lastName\":null,\"email\":\"ada@example.com\"}]",
    ),
    ("a.toml", "[[users]]\nphoneNumber = \"+14155550101\"\nfirstName = \"Ada\"\nemail = \"ada@example.com\"\n"),
];

#[test]
fn all_formats_read_to_the_same_rows_by_name_and_by_content() {
    for (name, text) in ADA {
        for name in [name, "-"] {
            let rows = rows(text.as_bytes(), name);
            assert_eq!(rows.len(), 1, "{text}");
            let user = &rows[0].user;
            assert_eq!((user.kind, user.phone_number.as_str()), (UserType::Shared, "+14155550101"));
            assert_eq!((user.first_name.as_deref(), user.last_name.as_deref()), (Some("Ada"), None));
            assert_eq!(user.email.as_ref().map(|email| email.as_str()), Some("ada@example.com"));
        }
    }
}

#[test]
fn a_roster_of_nobody_says_so_and_a_file_of_nothing_is_a_failed_program() {
    for (name, text) in [
        ("a.csv", "phoneNumber\n\n"),
        ("a.json", "[]"),
        ("a.json", "{\"users\":[]}"),
        ("a.json", "{\"succeed\":true,\"data\":{\"users\":[],\"total\":0}}"),
        ("a.ndjson", " []\n"),
        ("a.toml", "users = []"),
        ("a.toml", "# [[users]]\n# phoneNumber = \"+14155550123\"\n"),
    ] {
        assert_eq!(rows(text.as_bytes(), name), [], "{name}: {text}");
    }
    for name in ["a.csv", "a.json", "a.ndjson", "a.toml", "a.txt"] {
        for text in ["", " ", "\n\r\n", "\u{feff}", "\u{feff} \u{a0}\t\n"] {
            let all = said(text.as_bytes(), name);
            assert!(matches!(&*all, [only] if only.contains("the roster is empty")), "{name}: {text:?}: {all:?}");
        }
    }
    for text in ["", ",,\n \n,\n", "sep=;\n"] {
        assert!(said(text.as_bytes(), "a.csv")[0].starts_with("a.csv: the roster is empty: no line names the columns"));
    }
}

#[test]
fn csv_as_excel_leaves_it() {
    let text = "\u{feff}type;phoneNumber;assignedPhoneNumber;firstName;lastName;email\r\n\
                ;'+14155550101;;Zoë;\"O\"\"Hara; Jr\";\r\n;;;;;\r\nDedicated;+1 415 555-0102;+1 628 555 0100;;;\r\n";
    let both = rows(text.as_bytes(), "a.csv");
    assert_eq!(both.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(both[0].user.last_name.as_deref(), Some("O\"Hara; Jr"));
    assert_eq!(both[1].user.assigned_phone_number.as_ref().map(|line| line.as_str()), Some("+16285550100"));
    let utf16: Vec<u8> = text.replace(';', "\t").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let tabs = rows(&utf16, "a.txt");
    assert_eq!(tabs[0].user.first_name.as_deref(), Some("Zoë"));
    assert_eq!(rows(b"sep=;\nphoneNumber;email\n+14155550101;\n", "a.csv")[0].line, 3);
    assert_eq!(rows(b"phoneNumber\r+14155550101\r+14155550102", "a.csv")[1].line, 3);
}

#[test]
fn what_lists_write_is_taken_back() {
    let csv = "id,projectId,type,phoneNumber,assignedPhoneNumber,firstName,lastName,email,meta,createdAt\n\
               u1,p,shared,+14155550101,+16285550001, Ada ,,,\"{\"\"a\"\":1}\",2026-05-01T00:00:00.000Z\n";
    let row = &rows(csv.as_bytes(), "a.csv")[0];
    assert!(row.id.as_deref() == Some("u1") && row.typed);
    assert_eq!((row.user.first_name.as_deref(), &row.user.assigned_phone_number), (Some(" Ada "), &None));
    let json = r#"[{"id":"u1","type":"shared","phoneNumber":"+14155550101","assignedPhoneNumber":"+16285550001",
        "email":"a@example.com","meta":{},"tier":7},{"id":"u2","phoneNumber":"+14155550102","email":"a@example.com"}]"#;
    assert_eq!(rows(json.as_bytes(), "a.json").len(), 2);
    // Without a type the number may be the pool's or a line's: the project will tell.
    let old = r#"{"id":"u1","phoneNumber":"+14155550101","assignedPhoneNumber":"+16285550001"}"#;
    assert!(rows(old.as_bytes(), "-")[0].is_of_unknown_type());
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let text = "type,phoneNumber,assignedPhoneNumber,email\n\
                shard,14155550101,,ada@\n\
                dedicated,+14155550102,,\n\
                ,1.41555E+10,,\n\
                ,,,x@example.com\n\
                ,+14155550103\n\
                ,+14155550104,,,extra\n\
                ,\"+14155550105,,";
    let all = said(text.as_bytes(), "a.csv");
    let expected = [
        "a.csv:2: column 1 (type): \"shard\" is not a user type; write shared or dedicated, or leave it out",
        "a.csv:2: column 2 (phoneNumber): \"14155550101\" has no leading + (spreadsheets drop it); write + and the country",
        "a.csv:2: column 4 (email): \"ada@\" is not an e-mail address",
        "a.csv:3: column 3 (assignedPhoneNumber): a dedicated user needs a line",
        "a.csv:4: column 2 (phoneNumber): \"1.41555E+10\" is in scientific notation",
        "a.csv:5: column 2 (phoneNumber): the phone number is missing",
        "a.csv:6: the row has 2 cells, and the header names 4",
        "a.csv:7: column 5: \"extra\" stands in a column that the header does not name",
        "a.csv:8: column 2 (phoneNumber): a quotation mark is opened and never closed",
    ];
    assert_eq!(all.len(), expected.len(), "{all:#?}");
    for (said, expected) in all.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
}

#[test]
fn a_line_within_a_quoted_cell_does_not_shift_the_count() {
    let text = "createdAt,phoneNumber\n\n\"A\nda\",1\n\nBob,2\n";
    let lines: Vec<_> = problems(text.as_bytes(), "a.csv").iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [4, 6]);
}

#[test]
fn rows_that_repeat_or_contradict_each_other_name_both_lines() {
    let text = "phoneNumber,assignedPhoneNumber,email\n\
                +14155550101,,ada@example.com\n\
                +1 415 555 0101,,\n\
                +14155550102,+16285550100,ada@example.com\n\
                +14155550102,+16285550100,\n\
                +14155550102,+16285550101,\n\
                +14155550103,,ADA@example.com\n";
    let all = problems(text.as_bytes(), "a.csv");
    assert_eq!(all.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3, 5, 7], "{all:?}");
    for (problem, line) in all.iter().zip(["line 2", "line 4", "line 2"]) {
        assert!(problem.reason.contains(line), "{problem}");
    }
}

#[test]
fn unknown_names_are_refused_with_a_guess() {
    for (name, text) in [
        ("a.csv", "phone_number,phoneNumber\n"),
        ("a.csv", "phone\n+14155550101\n"),
        ("a.json", r#"[{"phone number":"+14155550101","phoneNumber":"+14155550101"}]"#),
        ("a.toml", "[[users]]\nphoneNumber = \"+14155550101\"\nphonenumbr = \"x\"\n"),
    ] {
        let all = said(text.as_bytes(), name);
        assert!(all.iter().any(|said| said.contains("phoneNumber")), "{all:?}");
    }
    assert!(said(b"+14155550101,Ada\n", "a.csv")[0].contains("does not name the columns"));
    assert!(said(b"phoneNumber,Email,email\n", "a.csv")[0].contains("second time"));
    assert!(said(b"title = 1\n[[users]]\nphoneNumber = \"+14155550101\"\n", "a.toml")[0].contains("not a part"));
}

#[test]
fn json_problems_carry_their_path_and_line() {
    let text = "[\n  {\"phoneNumber\": 14155550101},\n  7,\n  {\"phoneNumber\": \"+14155550102\",\n   \"email\": \"x\",\n   \"email\": true}\n]";
    let all = said(text.as_bytes(), "a.json");
    let expected = [
        "a.json:2: [0].phoneNumber: \"14155550101\" is a number, and has to be text; write it in quotation marks, with +",
        "a.json:3: [1]: \"7\" is not a user",
        "a.json:6: [2].email: \"true\" is set for the second time",
        "a.json:6: [2].email: \"true\" is true or false",
        "a.json:6: [2].email: \"x\" is not an e-mail address",
    ];
    assert_eq!(all.len(), expected.len(), "{all:#?}");
    for (said, expected) in all.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
}

#[test]
fn broken_json_is_told_with_what_stands_before_it() {
    let all = problems(b"[{\"phoneNumber\":\"1\"},\n{\"phoneNumber\":}]", "a.json");
    assert_eq!(all.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(all[1].place, Some(Place::Character { character: 16 })), "{all:?}");
    let all = problems(b"{\"phoneNumber\":\n{}\n[]\n{\"phoneNumber\":\"+14155550101\"} x\n", "a.ndjson");
    assert_eq!(all.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let array = read(b"{}", of(RosterFormat::Json)).unwrap_err().0;
    assert!(array[0].to_string().contains("--format ndjson"), "{array:?}");
}

#[test]
fn toml_problems_are_all_told() {
    let text = "[[users]]\nphoneNumber = 14155550101\nfirstName = \"A\nlastName = \"B\"\n\n[[users]]\nphoneNumber = \"1\"\nemail = 1979-05-27\n";
    let all = problems(text.as_bytes(), "a.toml");
    let lines: Vec<_> = all.iter().map(|problem| problem.line).collect();
    assert!([2, 3, 7, 8].iter().all(|line| lines.contains(line)), "{all:#?}");
    assert!(said(b"users = 3", "a.toml")[0].contains("[[users]]"));
}

#[test]
fn a_large_toml_is_read_in_pieces_and_counted_as_one() {
    let user = |n: usize| format!("[[users]]\nphoneNumber = \"+1415{n:07}\"\nfirstName = \"Zoë\"\n\n");
    let mut text: String = (0..10_000).map(user).collect();
    assert_eq!(rows(text.as_bytes(), "a.toml").last().map(|row| row.line), Some(4 * 9_999 + 1));
    text.push_str("[[users]]\nphoneNumber = 7\n");
    let all = said(text.as_bytes(), "a.toml");
    assert!(all[0].starts_with("a.toml:40002: users[10000].phoneNumber: \"7\""), "{all:?}");
    // A text over several lines may hold what looks like a table.
    text.truncate(text.len() - "phoneNumber = 7\n".len());
    text.push_str("id = \"u1\"\nphoneNumber = \"+14165550101\"\nlastName = \"\"\"a\n[[users]]\nb\"\"\"\n");
    assert_eq!(rows(text.as_bytes(), "a.toml").len(), 10_001);
}

#[test]
fn no_quotation_mark_takes_people_along() {
    let people = |rows: &str| format!("phoneNumber,firstName,email\n{rows}");
    for (rows, expected) in [
        // Opened, and closed rows later.
        (
            "+14155550101,\"Ada,\n+14155550102,Alan,\n+14155550103,Grace\",\n+14155550104,Eve,\n",
            &["a.csv:2: column 2 (firstName): a quotation mark is opened and closed on line 4 only"][..],
        ),
        (
            "+14155550101,\"Ada\n+14155550102,Alan,\n+14155550103,\"Grace,\n",
            &[
                "a.csv:2: column 2 (firstName): a quotation mark is opened and closed on line 4 only",
                "a.csv:4: column 2 (firstName): a quotation mark is opened and never closed",
            ],
        ),
        // The rows around it are looked at all the same.
        (
            "1,\"Ada\n2,Alan,\n3,Grace,\n",
            &[
                "a.csv:2: column 2 (firstName): a quotation mark is opened and never closed; close it with \"",
                "a.csv:3: column 1 (phoneNumber): \"2\" has no leading +",
                "a.csv:4: column 1 (phoneNumber): \"3\" has no leading +",
            ],
        ),
        (
            "+14155550101,\"Ada \"The Count\" L\",\n+14155550102,\"Alan \\\"Prof\\\"\",\n",
            &[
                "a.csv:2: column 2 (firstName): text stands behind a closing quotation mark; write a quotation mark within a quoted cell as \"\"",
                "a.csv:3: column 2 (firstName): text stands behind a closing quotation mark; write a quotation mark within a quoted cell as \"\"",
            ],
        ),
        (
            "\"+14155550101,Ada,\"\n\"+14155550102,\"\"Alan\"\",\"\n",
            &[
                "a.csv:2: the line stands wholly in quotation marks",
                "a.csv:3: the line stands wholly in quotation marks",
            ],
        ),
        ("+14155550101,\"A\nda\",\n", &["a.csv:2: column 2 (firstName): \"A\\nda\" holds a line break"]),
    ] {
        let all = said(people(rows).as_bytes(), "a.csv");
        assert_eq!(all.len(), expected.len(), "{all:#?}");
        for (said, expected) in all.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said}\n{expected}");
        }
    }
    assert!(
        said(b"\"phoneNumber,firstName\"\n", "a.csv")[0].starts_with("a.csv:1: the line stands wholly in quotation")
    );
    assert!(said(b"\"phoneNumber,firstName\n+14155550101,\"Ada\"\n", "a.csv")[0].contains("closed on line 2 only"));
    // Where a value has a line break of its own it is no row.
    let notes = "phoneNumber,id,meta\n+14155550101,u1,\"tea\nand cake\"\n+14155550102,u2,\n";
    assert_eq!(rows(notes.as_bytes(), "a.csv").len(), 2);
    let quoted = "phoneNumber, \"firstName\"\n+14155550101, \"Ada, \"\"Countess\"\"\" \n";
    assert_eq!(rows(quoted.as_bytes(), "a.csv")[0].user.first_name.as_deref(), Some("Ada, \"Countess\""));
}

#[test]
fn every_value_is_trimmed_of_every_blank_in_every_format() {
    let padded = |value: &str| format!("\u{feff} \u{a0}{value}\u{200b}\u{202f} ");
    let (kind, phone, first, email) =
        (padded("Shared"), padded("+14155550101"), padded("Ada  B"), padded("a@example.com"));
    let json = format!(
        "{{\"type\":\"{kind}\",\"phoneNumber\":\"{phone}\",\"firstName\":\"{first}\",\"lastName\":\" \u{200b}\",\"email\":\"{email}\"}}"
    );
    let texts = [
        (
            "a.csv",
            format!(" type ,phoneNumber\u{a0},firstName,lastName, email\n{kind},{phone},{first}, \u{200b},{email}\n"),
        ),
        (
            "b.csv",
            format!(
                "type,phoneNumber,firstName,lastName,email\n\"{kind}\",\"{phone}\",\"{first}\",\" \",\"{email}\"\n"
            ),
        ),
        ("a.json", format!("[{json}]")),
        ("a.ndjson", json),
        (
            "a.toml",
            format!(
                "[[users]]\ntype = \"{kind}\"\nphoneNumber = \"{phone}\"\nfirstName = \"{first}\"\nlastName = ' '\nemail = \"{email}\"\n"
            ),
        ),
    ];
    for (name, text) in texts {
        let user = &rows(text.as_bytes(), name)[0].user;
        assert_eq!((user.kind, user.phone_number.as_str()), (UserType::Shared, "+14155550101"), "{name}");
        assert_eq!((user.first_name.as_deref(), user.last_name.as_deref()), (Some("Ada  B"), None), "{name}");
        assert_eq!(user.email.as_ref().map(|email| email.as_str()), Some("a@example.com"), "{name}");
    }
}

#[test]
fn what_the_service_alone_sets_is_refused_or_said_unless_it_wrote_the_row() {
    let text = "type,phoneNumber,assignedPhoneNumber,meta\n\
                shared,+14155550101,+19175550101,\nshared,+14155550102,the blue line,\n\
                shared,+14155550103,,\"{\"\"opt_in\"\":true}\"\nshared,+14155550104,,{}\n";
    let all = said(text.as_bytes(), "a.csv");
    let expected = [
        "a.csv:2: column 3 (assignedPhoneNumber): \"+19175550101\" is not sent: a shared user gets a number from the pool; leave it out, or write dedicated",
        "a.csv:3: column 3 (assignedPhoneNumber): \"the blue line\" is not sent",
        "a.csv:4: column 4 (meta): is not sent: only the service sets it",
    ];
    assert_eq!(all.len(), expected.len(), "{all:#?}");
    for (said, expected) in all.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
    let listed = "id,type,phoneNumber,assignedPhoneNumber,meta\nu1,shared,+14155550101,+1***0101,{1}\n";
    assert_eq!(warnings(listed.as_bytes(), "a.csv"), [""; 0]);
    for (name, text) in [
        (
            "a.json",
            r#"[{"phoneNumber":"+14155550101","meta":{"opt_in":true}},{"phoneNumber":"+14155550102","meta":{}}]"#,
        ),
        ("a.toml", "[[users]]\nphoneNumber = \"+14155550101\"\nmeta = { opt_in = true }\n"),
    ] {
        assert!(matches!(&*warnings(text.as_bytes(), name), [only] if only.contains("].meta: is not sent")), "{name}");
    }
}

#[test]
fn numbers_that_cannot_exist_draw_a_warning_of_which_some_are_shown() {
    let row = |n: u32| format!("+1415000{n:04}\n");
    let text = format!("phoneNumber\n+14155550101\n{}", (0..30).map(row).collect::<String>());
    let all = warnings(text.as_bytes(), "a.csv");
    assert!(all[0].starts_with("a.csv:3: column 1 (phoneNumber): \"+14150000000\" cannot exist"), "{all:?}");
    assert_eq!((all.len(), all[10].as_str()), (11, "a.csv: and 20 more warnings"));
}

#[test]
fn every_column_gets_a_hint_of_its_own() {
    for (header, hints) in [
        (
            "First Name,Last Name,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value",
            &["3:email", "4:", "5:phoneNumber"][..],
        ),
        ("Email Address,FIRST_NAME,last-name,Phone Number,Tags", &["1:email", "5:"]),
        ("Given Name,Family Name,Mobile,Mail", &["1:firstName", "2:lastName", "3:phoneNumber", "4:email"]),
        ("Surname,Cell,Country", &["1:lastName", "2:phoneNumber", "3:region"]),
        ("Full Name,Tags", &["1:map", "2:", "0:no column"]),
        ("Ada,Byron", &["1:", "2:", "0:no column"]),
        ("phone_number,First name,E-Mail,assigned phone number", &[]),
    ] {
        let text = format!("{header}\n");
        let all = read(text.as_bytes(), named("a.csv")).map_or_else(|all| all.0, |_| Vec::new());
        assert_eq!(all.len(), hints.len(), "{header}: {all:#?}");
        for (problem, hint) in all.iter().zip(hints) {
            let (column, known) = hint.split_once(':').unwrap();
            let said = problem.to_string();
            match (column, known) {
                (_, "map") => assert!(said.ends_with("send it whole with `--map firstName=Full Name`"), "{said}"),
                ("0", _) => assert!(said.starts_with("no column is named phoneNumber"), "{said}"),
                (_, "") => assert!(said.contains("the known names are type, phoneNumber"), "{said}"),
                _ => assert!(said.ends_with(&format!("did you mean {known}?")), "{said}"),
            }
            assert!(column == "0" || said.starts_with(&format!("column {column} (")), "{said}");
            assert!(!said.contains("begin the file") && !said.contains("add it"), "{said}");
        }
    }
    assert!(said(b"+14155550101,Ada\n", "a.csv")[0].contains("write a line above it such as phoneNumber"));
}

#[test]
fn json_is_taken_as_an_array_or_with_what_stands_around_it() {
    let user = r#"{"phoneNumber":"+14155550101","firstName":"Ada"}"#;
    let pretty = "{\n  \"phoneNumber\": \"+14155550102\"\n}\n";
    for (text, format, count) in [
        (format!("{{\"users\":[{user}]}}"), RosterFormat::Json, 1),
        (format!("{{\n  \"users\": [\n    {user}\n  ]\n}}\n"), RosterFormat::Json, 1),
        (
            format!("{{\"succeed\":true,\"data\":{{\"users\":[{user}],\"total\":1,\"more\":{{}}}}}}"),
            RosterFormat::Json,
            1,
        ),
        (
            format!("{{\"data\":{{\"total\":1,\"users\":[{user}]}},\"succeed\":true,\"code\":null}}"),
            RosterFormat::Json,
            1,
        ),
        (format!("[{user},{pretty}]"), RosterFormat::Json, 2),
        (format!("{user}\n{{\"phoneNumber\":\"+14155550102\"}}\n"), RosterFormat::Ndjson, 2),
        (format!("{pretty}{user}\n"), RosterFormat::Ndjson, 2),
    ] {
        for name in ["a.json", "a.ndjson", "-"] {
            let roster = read(text.as_bytes(), named(name)).unwrap_or_else(|all| panic!("{all:?}: {name}: {text}"));
            assert_eq!((roster.format, roster.rows.len(), roster.warnings.len()), (format, count, 0), "{text}");
        }
    }
    for (text, expected) in [
        ("{\"users\":[{\"phoneNumber\":\"x\"}]}", "a.json:1: users[0].phoneNumber: \"x\" has a character"),
        (
            "{\"succeed\":true,\n\"data\":{\"users\":[{}]}}",
            "a.json:2: data.users[0].phoneNumber: the phone number is missing",
        ),
        ("{\"users\":[],\n\"admins\":[]}", "a.json:2: admins: is not a part of a roster"),
        ("{\"succeed\":false,\"message\":\"Invalid credentials\"}", "a.json: no users stand in it"),
        ("{\"succeed\":false,\"data\":null,\"code\":\"401\"}", "a.json: no users stand in it"),
        ("{\"users\":\n[{\"phoneNumber\":\"+14155550101\",}]}", "a.json:2: character 32: is not JSON"),
        ("{\n  \"phoneNumber\": \"+14155550101\",\n}", "a.json:3: character 1: is not JSON"),
    ] {
        let all = said(text.as_bytes(), "a.json");
        assert!(matches!(&*all, [only] if only.starts_with(expected)), "{all:#?}\n{expected}");
    }
    let page = format!("{{\"succeed\":true,\"data\":{{\"users\":[{user}],\"total\":1200}}}}");
    assert!(warnings(page.as_bytes(), "a.json")[0].contains("holds 1 of 1200 users"));
}

#[test]
fn files_that_are_something_else_are_called_what_they_are() {
    let json = ADA[2].1;
    for (name, text, what, way) in [
        (
            "contacts.vcf",
            &b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD"[..],
            "is a vCard; a roster is CSV, NDJSON, JSON or TOML",
            "as CSV",
        ),
        ("a.csv", b"\xEF\xBB\xBFbegin:vcard\n", "is a vCard", "as CSV"),
        ("a.yaml", b"users:\n  - phoneNumber: \"+14155550101\"\n", "is YAML", "yq"),
        ("-", b"# people\n- phoneNumber: \"+14155550101\"\n", "is YAML", "yq"),
        ("a.json", b"---\nusers: []\n", "is YAML", "yq"),
        ("a.xlsx", b"PK\x03\x04\x14\0\x06\0\xa2", "is an Excel workbook", "CSV UTF-8"),
        ("a.csv", b"PK\x03\x04\x14\0\x06\0\xa2", "is an Excel workbook", "CSV UTF-8"),
        ("a.xls", b"\xD0\xCF\x11\xE0\xA1", "is an old Excel workbook", "CSV UTF-8"),
        ("a.csv.gz", b"\x1F\x8B\x08", "is compressed", "gunzip"),
        ("-", b"<!DOCTYPE html><html>", "is HTML or XML", "tells an error"),
        ("a.csv", json.as_bytes(), "is JSON, and is read as CSV", "--format json"),
        ("a.csv", b"{\n\"users\":[]}", "is JSON, and is read as CSV", "--format json"),
        ("a.csv", b"{\"phoneNumber\":\"+14155550101\"}", "is NDJSON, and is read as CSV", "--format ndjson"),
        ("a.csv", ADA[3].1.as_bytes(), "is TOML, and is read as CSV", "--format toml"),
        ("a.json", ADA[0].1.as_bytes(), "is CSV, and is read as JSON", "--format csv"),
        ("a.toml", ADA[0].1.as_bytes(), "is CSV, and is read as TOML", "--format csv"),
        ("a.toml", json.as_bytes(), "is JSON, and is read as TOML", "--format json"),
    ] {
        let all = said(text, name);
        assert!(
            matches!(&*all, [only] if only.starts_with(&format!("{name}: {what}")) && only.contains(way)),
            "{all:?}"
        );
    }
}

fn terms(map: &[&str]) -> Terms {
    Terms { map: map.iter().map(|pair| pair.parse().unwrap()).collect(), ..Terms::default() }
}

/// Numbers and first names, and what was left out.
type Read = (Vec<(String, Option<String>)>, Vec<String>);

/// What a file reads to, or its problems.
fn read_by(terms: &Terms, name: &str, text: &str) -> Result<Read, Vec<String>> {
    let roster = read_as(text.as_bytes(), named(name), terms);
    let roster = roster.map_err(|all| all.0.iter().map(|problem| problem.in_file(name)).collect::<Vec<_>>())?;
    let people = roster.rows.into_iter().map(|row| (row.user.phone_number.to_string(), row.user.first_name));
    Ok((people.collect(), roster.left_out))
}

/// One file in three formats, with names of its own.
const OTHERWISE: [(&str, &str); 4] = [
    ("a.csv", "Name,Phone 1 - Value,Tags\nAda,+14155550101,vip\n"),
    ("b.csv", "Name;Phone 1 - Value;Tags\nAda;+14155550101;vip\n"),
    ("a.json", r#"[{"Name":"Ada","Phone 1 - Value":"+14155550101","Tags":"vip"}]"#),
    ("a.toml", "[[users]]\nName = \"Ada\"\n\"Phone 1 - Value\" = \"+14155550101\"\nTags = \"vip\"\n"),
];

#[test]
fn columns_are_mapped_and_left_out_where_that_is_asked_for_in_every_format() {
    for (name, text) in OTHERWISE {
        let mut terms = terms(&["phoneNumber=phone 1 value", "firstName=name"]);
        let all = read_by(&terms, name, text).unwrap_err();
        assert!(matches!(&*all, [only] if only.contains("Tags")), "{all:?}");
        terms.ignores_columns = true;
        let ada = ("+14155550101".to_owned(), Some("Ada".to_owned()));
        assert_eq!(read_by(&terms, name, text), Ok((vec![ada], vec!["left out 1 column: Tags".to_owned()])));
        let mistyped = self::terms(&["phoneNumber=Phone 2 - Value"]);
        let all = read_by(&Terms { ignores_columns: true, ..mistyped }, name, text).unwrap_err();
        let expected = format!(
            "{name}: no column is named \"Phone 2 - Value\", which is mapped to phoneNumber; did you mean \"Phone 1 - Value\"?"
        );
        assert!(all.contains(&expected), "{all:?}");
    }
    // A name that the settings map may be missing from a file, and one that is mapped wins over the field's own.
    let of_settings = |field: &str, column: &str| Mapped::new(field, column, false).unwrap();
    let terms = Terms { map: vec![of_settings("phoneNumber", "Mobile")], ..Terms::default() };
    assert_eq!(read_by(&terms, "a.csv", "phoneNumber\n+14155550101\n").unwrap().0.len(), 1);
    let both = "phoneNumber,Mobile\n+14155550101,+14155550102\n";
    let all = read_by(&terms, "a.csv", both).unwrap_err();
    assert_eq!(
        all,
        [
            "a.csv:1: column 1 (phoneNumber): \"phoneNumber\" is not used: phoneNumber is taken from \"Mobile\"; take it out"
        ]
    );
    let read = read_by(&Terms { ignores_columns: true, ..terms }, "a.csv", both).unwrap();
    assert_eq!((read.0[0].0.as_str(), &*read.1), ("+14155550102", &["left out 1 column: phoneNumber".to_owned()][..]));
}

#[test]
fn rows_without_a_phone_number_are_skipped_and_named() {
    let text = "phoneNumber,firstName\n,Ada\n+14155550101,Alan\n \u{a0},Eve\n,\n,Grace\n\"\",Kurt\n,Ole\n";
    let all = said(text.as_bytes(), "a.csv");
    assert_eq!(all.iter().filter(|said| said.contains("phone number is missing")).count(), 5, "{all:?}");
    let terms = Terms { skips_without_phone: true, ..Terms::default() };
    let (people, left_out) = read_by(&terms, "a.csv", text).unwrap();
    assert_eq!(
        (people.len(), &*left_out),
        (1, &["skipped 5 rows without a phone number: lines 2, 4, 6-8".to_owned()][..])
    );
    let json = r#"[{"phoneNumber":null,"email":"nonsense"},{"phoneNumber":7},{"firstName":"A"}]"#;
    let all = read_by(&terms, "a.json", json).unwrap_err();
    assert!(
        matches!(&*all, [only] if only.contains("[1].phoneNumber")),
        "what is there and wrong is not skipped: {all:?}"
    );
}

#[test]
fn numbers_are_read_by_the_region_of_their_row_or_of_the_file() {
    let terms = Terms { region: "US".parse().ok(), ..Terms::default() };
    let text = "phoneNumber,Region,assignedPhoneNumber\n(415) 555-0101,,\n020 7946 0123,gb,\n+4930 5550 0123, ,\n415 555 0102,us,(917) 555-0101\n";
    let numbers = |terms: &Terms| {
        read_by(terms, "a.csv", text).map(|read| read.0.into_iter().map(|(number, _)| number).collect::<Vec<_>>())
    };
    assert_eq!(numbers(&terms).unwrap(), ["+14155550101", "+442079460123", "+493055500123", "+14155550102"]);
    let all = numbers(&Terms::default()).unwrap_err();
    assert!(matches!(&*all, [only] if only.starts_with("a.csv:2: ") && only.contains("no leading +")), "{all:?}");
    let all = read_by(&terms, "a.csv", "phoneNumber,region\n+14155550101,Germany\n415 555 0102,GB\n").unwrap_err();
    let expected = [
        "a.csv:2: column 2 (region): \"Germany\" is no region; write its two letters",
        "a.csv:3: column 1 (phoneNumber): \"415 555 0102\" is no phone number of GB",
    ];
    assert!(all.iter().zip(expected).all(|(said, expected)| said.starts_with(expected)) && all.len() == 2, "{all:?}");
    // What the service may call a region some day is none of ours.
    let listed = r#"[{"id":"u1","phoneNumber":"+14155550101","region":{"cloud":"eu"}}]"#;
    assert_eq!(rows(listed.as_bytes(), "a.json").len(), 1);
    // The same number, dialled in two ways.
    let twice = "phoneNumber,region\n415 555 0101,US\n011 1 415 555 0101,US\n";
    assert!(read_by(&terms, "a.csv", twice).is_err());
}

/// A name as a person gives it, and one that the service has.
fn name() -> impl Strategy<Value = (Option<String>, Option<String>)> {
    let given = "[ -~äß€🎈\t]{0,12}".prop_map(|name| blank::trim(&name).to_owned());
    let kept = "[ -~äß€🎈\n\r\t\"\u{a0}]{0,12}";
    (given, kept).prop_map(|(given, kept)| [given, kept].map(|name| Some(name).filter(|name| !name.is_empty())).into())
}

prop_compose! {
    fn entries()(
        numbers in proptest::collection::hash_set(1_000_000u64..999_999_999_999_999, 1..12),
        parts in proptest::collection::vec((name(), name(), any::<[bool; 3]>()), 12),
    ) -> Vec<RosterEntry> {
        numbers.into_iter().zip(parts).map(|(number, (first_name, last_name, [dedicated, mail, listed]))| RosterEntry {
            id: listed.then(|| format!("u{number}").into()),
            user: NewUser {
                kind: if dedicated { UserType::Dedicated } else { UserType::Shared },
                phone_number: format!("+{number}").parse().unwrap(),
                assigned_phone_number: dedicated.then(|| "+16285550100".parse().unwrap()),
                first_name: if listed { first_name.1 } else { first_name.0 },
                last_name: if listed { last_name.1 } else { last_name.0 },
                // Of the service's own users two may have one address.
                email: mail.then(|| if listed { "u@example.com".to_owned() } else { format!("u{number}@example.com") }.parse().unwrap()),
            },
        }).collect()
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_in_every_format(entries in entries()) {
        for format in RosterFormat::ALL {
            let mut bytes = Vec::new();
            write::write(&mut bytes, format, &entries).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let roster = read(&bytes, of(format));
            let back: Vec<_> = roster.map_err(|all| TestCaseError::fail(format!("{all:?}\n{text}")))?
                .rows.into_iter().map(|row| RosterEntry { id: row.id, user: row.user }).collect();
            prop_assert_eq!(&back, &entries, "{}", text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), format in 0usize..4) {
        let _ = read(&bytes, of(RosterFormat::ALL[format]));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\",;\n\r\t=+0-9a-zé\\\\ ]{0,80}", format in 0usize..4) {
        for head in ["", "phoneNumber,email\n", "[[users]]\n"] {
            let _ = read(format!("{head}{text}").as_bytes(), of(RosterFormat::ALL[format]));
        }
    }
}
