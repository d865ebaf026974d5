//! `users link`: one link or many, on a terminal, in a file, for a camera.

use std::fs;

use serde_json::{Value, json};

use crate::hostile::{Hostile, Reply, list, user, with};
use crate::world::World;

fn person(number: usize) -> Value {
    with(
        user(&format!("+1415555000{number}")),
        json!({ "id": format!("{number:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"), "assignedPhoneNumber": format!("+1628555000{number}") }),
    )
}

fn three() -> Hostile {
    Hostile::always(Reply::data(list(&[person(1), person(2), person(3)])))
}

/// What a camera reads of an SVG whose dark modules are paths of squares.
fn scan(picture: &str) -> Option<String> {
    let attribute = |name: &str| picture.split(&format!(" {name}=\"")).nth(1)?.split('"').next();
    let side: usize = attribute("width")?.parse().ok()?;
    let mut dark = vec![vec![false; side]; side];
    // `M<x> <y>h<width>v<height>H<x>V<y>` is a square.
    for square in picture.split(" d=\"").nth(1)?.split('"').next()?.split('M').filter(|square| !square.is_empty()) {
        let numbers: Vec<usize> =
            square.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        let [x, y, width, height, ..] = numbers[..] else { return None };
        for row in &mut dark[y..y + height] {
            row[x..x + width].fill(true);
        }
    }
    let shade = |x: usize, y: usize| if dark[y][x] { 0 } else { 255 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
    image.detect_grids().first()?.decode().ok().map(|(_, text)| text)
}

#[test]
fn several_users_take_one_request_and_come_as_a_list() {
    let server = three();
    let world = World::on(&server);
    let line = "users link +14155550003 +14155550001 +14155550003";
    let links = world.run(&format!("{line} -o json --message Hi!")).ok().json();
    let link = |number: usize| {
        let user = person(number);
        let link = format!("sms:+1628555000{number}&body=Hi%21");
        json!({ "id": user["id"], "phoneNumber": user["phoneNumber"], "assignedPhoneNumber": user["assignedPhoneNumber"], "link": link })
    };
    assert_eq!(links, json!([link(3), link(1)]), "each once, in the order in which they were named");
    assert_eq!(server.lines(), ["GET /users/"]);
    let run = world.run(line);
    assert!(run.ok().stdout.contains("+14155550001  +16285550001  sms:+16285550001"), "{run:?}");
    assert_eq!(world.run("users link +14155550002").ok().stdout, "sms:+16285550002\n");
    let csv = world.run("users link +14155550002 +14155550001 -o csv --fields phoneNumber,link").ok().stdout.clone();
    assert_eq!(csv, "phoneNumber,link\n+14155550002,sms:+16285550002\n+14155550001,sms:+16285550001\n");
}

#[test]
fn a_code_is_a_picture_that_a_camera_reads() {
    let world = World::on(&three());
    let run = world.run("users link +14155550001 --message Hello --svg ada.svg");
    run.ok().says("wrote ada.svg");
    let picture = fs::read_to_string(world.home().join("ada.svg")).unwrap();
    assert_eq!(scan(&picture).as_deref(), Some("sms:+16285550001&body=Hello"), "{picture}");
    // Written anew when it is asked for anew.
    world.run("users link +14155550001 --svg ada.svg -q").ok();
    let picture = fs::read_to_string(world.home().join("ada.svg")).unwrap();
    assert_eq!(scan(&picture).as_deref(), Some("sms:+16285550001"));
    world.run("users link +14155550001 +14155550002 --svg {phone}.svg").ok();
    let picture = fs::read_to_string(world.home().join("+14155550002.svg")).unwrap();
    assert_eq!(scan(&picture).as_deref(), Some("sms:+16285550002"));
}

#[test]
fn one_file_holds_one_code() {
    let server = three();
    let world = World::on(&server);
    let run = world.run("users link +14155550001 +14155550002 --svg all.svg -o json");
    run.failed(2, "usage").says("{phone}");
    assert_eq!(server.count(), 0);
    // The same phone on two lines: two users, and one name for both.
    let twice = [person(1), with(person(2), json!({ "phoneNumber": "+14155550001", "type": "dedicated" }))];
    let world = World::on(&Hostile::always(Reply::data(list(&twice))));
    let ids = format!("{} {}", twice[0]["id"].as_str().unwrap(), twice[1]["id"].as_str().unwrap());
    world.run(&format!("users link {ids} --svg {{phone}}.svg -o json")).failed(2, "usage").says("{id}");
    assert!(!world.home().join("+14155550001.svg").exists(), "nothing is written by halves");
    world.run(&format!("users link {ids} --svg {{id}}.svg")).ok();
    // A number is no way out of the folder.
    let server = Hostile::always(Reply::data(with(user("../../+1415"), json!({}))));
    World::on(&server)
        .run("users link 11111111-1111-4111-8111-111111111111 --svg {phone}.svg")
        .ok()
        .says("wrote +1415.svg");
    let world = World::on(&three());
    world.run("users link +14155550001 --svg no/such/folder.svg -o json").failed(2, "invalid_input");
}

#[test]
fn who_has_no_number_yet_has_no_link() {
    let server =
        Hostile::always(Reply::data(list(&[with(person(1), json!({ "assignedPhoneNumber": null })), person(2)])));
    World::on(&server).run("users link +14155550001 +14155550002 -o json").failed(6, "conflict").says("no number");
}

#[cfg(unix)]
#[test]
fn a_terminal_too_narrow_for_a_code_is_told() {
    let world = World::on(&three());
    let mut terminal = world.at_terminal(20, "users link +14155550001 --qr");
    terminal.shows("columns wide and this terminal 20");
    assert_eq!(terminal.ends().status, 0);
}
