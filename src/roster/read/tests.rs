use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::nouns::users::model::{NewUser, UserType};
use crate::roster::problem::{Place, Problem};
use crate::roster::{Format, write};

fn rows(bytes: &[u8], name: &str) -> Vec<Row> {
    read(bytes, None, Some(Path::new(name))).unwrap_or_else(|problems| panic!("{problems:?}")).rows
}

fn problems(bytes: &[u8], name: &str) -> Vec<Problem> {
    read(bytes, None, Some(Path::new(name))).unwrap_err().0
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
fn an_empty_file_is_an_empty_roster() {
    for (name, text) in [
        ("a.csv", ""),
        ("a.csv", "phoneNumber\n\n"),
        ("a.json", "[]"),
        ("a.json", ""),
        ("a.ndjson", "\n"),
        ("a.toml", ""),
    ] {
        assert_eq!(rows(text.as_bytes(), name), []);
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
    assert!(row.listed && row.typed);
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
        "a.csv:2: column 2 (phoneNumber): \"14155550101\" has no leading + (spreadsheets drop it); write +14155550101 if",
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
    let text = "firstName,phoneNumber\n\n\"A\nda\",1\n\nBob,2\n";
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
        "a.json:2: [0].phoneNumber: \"14155550101\" is a number, and has to be text; write \"+14155550101\" if",
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
    assert!(said(b"{\"users\":[]}", "a.csv")[0].contains("columns"));
    let array = read(b"{}", Some(Format::Json), None).unwrap_err().0;
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
    text.push_str("phoneNumber = \"+14165550101\"\nlastName = \"\"\"a\n[[users]]\nb\"\"\"\n");
    assert_eq!(rows(text.as_bytes(), "a.toml").len(), 10_001);
}

fn name() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[ -~äß€🎈\n\t]{0,12}")
        .prop_map(|name| name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()))
}

prop_compose! {
    fn users()(
        numbers in proptest::collection::hash_set(1_000_000u64..999_999_999_999_999, 0..12),
        parts in proptest::collection::vec((name(), name(), any::<bool>(), any::<bool>()), 12),
    ) -> Vec<NewUser> {
        numbers.into_iter().zip(parts).map(|(number, (first_name, last_name, dedicated, mail))| NewUser {
            kind: if dedicated { UserType::Dedicated } else { UserType::Shared },
            phone_number: format!("+{number}").parse().unwrap(),
            assigned_phone_number: dedicated.then(|| "+16285550100".parse().unwrap()),
            first_name,
            last_name,
            email: mail.then(|| format!("u{number}@example.com").parse().unwrap()),
        }).collect()
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_in_every_format(users in users()) {
        for format in Format::ALL {
            let mut bytes = Vec::new();
            write::write(&mut bytes, format, &users).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let roster = read(&bytes, Some(format), None);
            let back: Vec<_> = roster.map_err(|all| TestCaseError::fail(format!("{all:?}\n{text}")))?
                .rows.into_iter().map(|row| row.user).collect();
            prop_assert_eq!(&back, &users, "{}", text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), format in 0usize..4) {
        let _ = read(&bytes, Some(Format::ALL[format]), None);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\",;\n\r\t=+0-9a-zé\\\\ ]{0,80}", format in 0usize..4) {
        for head in ["", "phoneNumber,email\n", "[[users]]\n"] {
            let _ = read(format!("{head}{text}").as_bytes(), Some(Format::ALL[format]), None);
        }
    }
}
