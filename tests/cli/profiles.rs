//! Credentials: the file of profiles, the variables, which source wins, and what it says when none does.

use std::fs;

use serde_json::json;

use crate::hostile::{Hostile, Reply, list, user};
use crate::http::basic;
use crate::secrets::token;
use crate::world::{PROJECT, SECRET, World};

const OTHER: &str = "4c90c3cc-0d44-4b50-8888-8dd25736052b";

fn server() -> Hostile {
    Hostile::always(Reply::data(list(&[user("+14155550123")])))
}

/// Who asked last.
fn asker(server: &Hostile) -> String {
    server.requests().last().unwrap().header("authorization").unwrap().to_owned()
}

fn profile(name: &str, id: &str, secret: &str, server: &Hostile) -> String {
    format!(
        "[profiles.{name}]\nproject_id = \"{id}\"\nproject_secret = \"{secret}\"\nbase_url = \"{}\"\n",
        server.url()
    )
}

#[test]
fn nothing_at_all_offers_three_ways() {
    let run = World::new().run("users list -o json");
    run.failed(3, "config");
    for way in ["SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET", "spectrum profiles add", "-P sandbox"] {
        run.says(way);
    }
    let run = World::new().run("users list");
    assert!(run.status == 3 && run.stderr.starts_with("error: no credentials"), "{run:?}");
}

#[test]
fn half_a_pair_names_both_halves_and_is_never_completed() {
    let server = server();
    for (found, missing) in [
        ("SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET"),
        ("SPECTRUM_PROJECT_SECRET", "SPECTRUM_PROJECT_ID"),
        ("SPECTRUM_PROJECT_SECRET_FILE", "SPECTRUM_PROJECT_ID"),
        ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET"),
        ("PHOTON_PROJECT_SECRET", "PHOTON_PROJECT_ID"),
    ] {
        let world = World::with_profile(&server).var(found, PROJECT).var("SPECTRUM_PROFILE", "p");
        world.run("users list -o json").failed(3, "config").says(found).says(missing);
    }
    let crossed = World::new().var("SPECTRUM_PROJECT_ID", PROJECT).var("PHOTON_PROJECT_SECRET", SECRET);
    crossed.run("users list -o json").failed(3, "config").says("SPECTRUM_PROJECT_SECRET");
    let world = World::new();
    world.write_config(&format!("default_profile = 'p'\n[profiles.p]\nproject_id = '{PROJECT}'\n"));
    world.run("users list -o json").failed(3, "config").says("project_id but no secret");
    world.write_config("default_profile = 'p'\n[profiles.p]\nproject_secret = 's3cr'\n");
    world.run("users list -o json").failed(3, "config").says("no project_id");
    assert_eq!(server.count(), 0);
}

#[test]
fn the_first_source_that_applies_wins() {
    let server = server();
    let world = World::new().var("SPECTRUM_CLOUD_URL", &server.url());
    let text = ["flag", "exported", "normal"].map(|name| profile(name, PROJECT, name, &server)).concat();
    world.write_config(&format!("default_profile = 'normal'\n{text}"));
    let asked = |world: &World, line: &str| {
        world.run(line).ok();
        asker(&server)
    };
    assert_eq!(asked(&world, "users list"), basic(PROJECT, "normal"));
    let world = world.var("SPECTRUM_PROFILE", "exported");
    assert_eq!(asked(&world, "users list"), basic(PROJECT, "exported"));
    let world = world.var("PHOTON_PROJECT_ID", OTHER).var("PHOTON_PROJECT_SECRET", " photon\n");
    assert_eq!(asked(&world, "users list"), basic(OTHER, "photon"), "values are trimmed");
    let world = world.var("SPECTRUM_PROJECT_ID", OTHER).var("SPECTRUM_PROJECT_SECRET", "spectrum");
    assert_eq!(asked(&world, "users list"), basic(OTHER, "spectrum"));
    assert_eq!(asked(&world, "users list -P flag"), basic(PROJECT, "flag"));
}

#[test]
fn the_base_url_belongs_to_the_credentials() {
    let (own, exported, flagged) = (server(), server(), server());
    let world = World::with_profile(&own).var("SPECTRUM_CLOUD_URL", &exported.url());
    world.run("users list").ok();
    assert_eq!((own.count(), exported.count()), (1, 0), "a profile's secret goes nowhere that a shell exports");
    world.run(&format!("users list --base-url {}", flagged.url())).ok();
    assert_eq!(flagged.count(), 1);
    let url = |world: &World| {
        let run = world.run("users create --shared --phone +14155550123 --dry-run -o json");
        run.ok().json()["url"].as_str().unwrap().to_owned()
    };
    let world = world.var("SPECTRUM_PROJECT_ID", PROJECT).var("SPECTRUM_PROJECT_SECRET", SECRET);
    assert!(url(&world).starts_with(&exported.url()), "the variables' own");
    let world = World::new().var("SPECTRUM_CLOUD_URL", &exported.url());
    world.write_config(&format!("default_profile='p'\n[profiles.p]\nproject_id='{PROJECT}'\nproject_secret='s3cr'\n"));
    assert!(url(&world).starts_with("https://spectrum.photon.codes/"), "a profile without one is of the service");
    for (url, exit) in
        [("http://spectrum.photon.codes", 2), ("ftp://localhost", 2), ("nonsense", 2), ("https://u:p@h", 2)]
    {
        let run = World::with_pair().run(&format!("users list --base-url {url}"));
        assert_eq!(run.status, exit, "{run:?}");
        let run = World::with_pair().var("SPECTRUM_CLOUD_URL", url).run("users list");
        assert_eq!(run.status, 3, "{run:?}");
    }
}

#[test]
fn other_settings_are_flag_variable_profile_default() {
    let server = Hostile::always(Reply::refusal(500, "E", "oops"));
    let asked = |world: &World, line: &str| {
        let before = server.count();
        world.run(line);
        server.count() - before
    };
    let world = World::new();
    world.write_config(&format!(
        "default_profile='p'\n{}retries = 2\nrate_limit = 0\n",
        profile("p", PROJECT, "s3cr", &server)
    ));
    assert_eq!(asked(&world, "users list"), 3);
    let world = world.var("SPECTRUM_RETRIES", "1");
    assert_eq!(asked(&world, "users list"), 2);
    assert_eq!(asked(&world, "users list --retries 0"), 1);
    world.write_config(&format!("default_profile='p'\n{}output = 'json'\n", profile("p", PROJECT, "s3cr", &server)));
    world.run("users list").failed(8, "server");
    for (name, value) in [
        ("SPECTRUM_RETRIES", "-1"),
        ("SPECTRUM_TIMEOUT", "30"),
        ("SPECTRUM_RATE_LIMIT", "fast"),
        ("SPECTRUM_OUTPUT", "yaml"),
    ] {
        let run = World::with_pair().var(name, value).run("users list");
        assert_eq!(run.status, 3, "{run:?}");
        run.says(name);
    }
    for flag in ["--timeout 0s", "--timeout 30", "--timeout 2h", "--retries -1", "--rate-limit x"] {
        assert_eq!(World::with_pair().run(&format!("users list {flag}")).status, 2, "{flag}");
    }
}

#[test]
fn a_secret_may_lie_in_a_file_or_come_from_a_program() {
    let server = server();
    let world = World::new();
    let file = world.file("secret", "\u{feff} from-a-file\r\n");
    let world = world
        .var("SPECTRUM_CLOUD_URL", &server.url())
        .var("SPECTRUM_PROJECT_ID", PROJECT)
        .var("SPECTRUM_PROJECT_SECRET_FILE", &file);
    world.run("users list").ok();
    assert_eq!(asker(&server), basic(PROJECT, "from-a-file"));
    let write = |line: &str| {
        world.write_config(&format!("[profiles.p]\nproject_id = '{PROJECT}'\nbase_url = '{}'\n{line}\n", server.url()));
    };
    write(&format!("secret_file = '{file}'"));
    world.run("-P p users list").ok();
    assert_eq!(asker(&server), basic(PROJECT, "from-a-file"));
    write("secret_file = '~/secret'");
    world.run("-P p users list").ok();
    assert_eq!(asker(&server), basic(PROJECT, "from-a-file"));
    if cfg!(unix) {
        write("secret_command = ['printf', ' %s\\n', 'from $HOME; id']");
        world.run("-P p users list").ok();
        assert_eq!(asker(&server), basic(PROJECT, "from $HOME; id"), "no shell, and trimmed");
    }
    let before = server.count();
    for (line, words) in [
        ("secret_file = '/nonexistent/secret'", "/nonexistent/secret"),
        ("secret_file = '~secret'", "the secret file ~secret"),
        ("secret_command = []", "empty array"),
        ("secret_command = ['no-such-program-here']", "no-such-program-here"),
        ("secret_command = ['x']\nsecret_file = 'y'", "more than one"),
        ("", "no secret"),
    ] {
        write(line);
        world.run("-P p users list -o json").failed(3, "config").says(words).says("profile p");
    }
    let empty = world.file("empty", "\n");
    let run = World::new()
        .var("SPECTRUM_PROJECT_ID", PROJECT)
        .var("SPECTRUM_PROJECT_SECRET_FILE", &empty)
        .run("users list -o json");
    run.failed(3, "config").says("is empty").says("SPECTRUM_PROJECT_SECRET_FILE");
    assert_eq!(server.count(), before);
}

#[test]
fn the_file_is_strict_and_found_where_it_should_be() {
    let server = server();
    let world = World::with_profile(&server);
    assert_eq!(world.run("profiles path").ok().stdout, format!("{}\n", world.config().display()));
    world.write_config(&format!("\u{feff}default_profile = 'p'\r\n{}", profile("p", PROJECT, "s3cr", &server)));
    world.run("users list").ok();
    for (text, words) in [
        ("[profiles.p]\nproject_ident = 'x'", &["line 2", "project_ident", "did you mean project_id?"][..]),
        ("defaultprofile = 'p'", &["did you mean default_profile?"]),
        ("[profile.p]", &["did you mean profiles?"]),
        ("default_profile = ", &["line 1"]),
        ("[profiles.sandbox]\n", &["built in"]),
        ("default_profile = 'prud'\n[profiles.prod]\n", &["prud", "did you mean prod?"]),
    ] {
        world.write_config(text);
        let run = world.run("users list -o json");
        run.failed(3, "config").says(&world.config_as_shown());
        for word in words {
            run.says(word);
        }
    }
    let elsewhere =
        world.file("other.toml", format!("default_profile='p'\n{}", profile("p", PROJECT, "s3cr", &server)));
    world.run(&format!("users list --config {elsewhere}")).ok();
    let named = World::new().var("SPECTRUM_CONFIG", &elsewhere);
    named.run("users list").ok();
    named
        .run("users list -o json --config /nonexistent/config.toml")
        .failed(3, "config")
        .says("/nonexistent/config.toml");
    if cfg!(unix) {
        let xdg = World::new();
        let folder = xdg.home().join("xdg");
        fs::create_dir_all(folder.join("spectrum")).unwrap();
        fs::copy(&elsewhere, folder.join("spectrum/config.toml")).unwrap();
        xdg.var("XDG_CONFIG_HOME", &folder.display().to_string()).run("users list").ok();
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_draws_one_warning() {
    let server = server();
    let world = World::with_profile(&server);
    world.run("users list").ok().lacks("chmod");
    world.chmod(0o644);
    let run = world.run("users list");
    assert_eq!(run.ok().stderr.matches("run `chmod 600 ~/.config/spectrum/config.toml`").count(), 1, "{run:?}");
    run.says("warning:");
    world.write_config(&format!(
        "default_profile='p'\n[profiles.p]\nproject_id='{PROJECT}'\nsecret_command=['echo', 's3cr']\nbase_url='{}'\n",
        server.url()
    ));
    world.chmod(0o644);
    world.run("users list").ok().lacks("chmod");
}

#[test]
fn add_checks_the_pair_with_one_request_and_then_saves_it() {
    let server = server();
    let world = World::new();
    let line = format!("profiles add prod --project-id {PROJECT} --secret-stdin --base-url {}", server.url());
    let run = world.run_with_input(&line, &format!(" {SECRET}\n"));
    run.ok().says("saved profile prod").lacks(SECRET);
    assert_eq!(server.count(), 1);
    assert_eq!(asker(&server), format!("Basic {}", token()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(world.config()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let left: Vec<_> = fs::read_dir(world.config().parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays: {left:?}");
    world.run("users list").ok();
    assert_eq!(asker(&server), format!("Basic {}", token()), "the first profile is the default");
    // The alias, a second profile, and a renewal that keeps the profile's own URL.
    world.run_with_input(&line.replace("profiles add prod", "login stage"), "another").ok();
    world.run("users list -P stage").ok();
    assert_eq!(asker(&server), basic(PROJECT, "another"));
    let before = server.count();
    world.run_with_input(&format!("profiles add stage --project-id {OTHER} --secret-stdin"), "renewed").ok();
    assert_eq!(server.count(), before + 1, "checked where it will be used");
    world.run("users list -P stage").ok();
    assert_eq!(asker(&server), basic(OTHER, "renewed"));
}

#[test]
fn add_saves_nothing_that_was_not_accepted() {
    let line = |server: &Hostile| {
        format!(
            "profiles add prod --project-id {PROJECT} --secret-stdin -o json --retries 0 --base-url {}",
            server.url()
        )
    };
    for (reply, exit, code) in [
        (Reply::refusal(401, "401", "Invalid credentials"), 4, "unauthorized"),
        (Reply::refusal(403, "403", "no"), 4, "forbidden"),
        (Reply::refusal(500, "E", "oops"), 8, "server"),
        (Reply::status(200, "<html>"), 8, "bad_response"),
    ] {
        let server = Hostile::always(reply);
        let world = World::new();
        world.run_with_input(&line(&server), SECRET).failed(exit, code).says("nothing was saved");
        assert!(!world.config().exists());
        assert_eq!(server.count(), 1);
    }
    let server = server();
    let world = World::new();
    world.run_with_input(&line(&server), " \n").failed(2, "invalid_input").says("is empty");
    world
        .run_with_input("profiles add -o json --secret-stdin --project-id nonsense", SECRET)
        .failed(2, "invalid_input");
    world.run("profiles add -o json").failed(2, "usage").says("--project-id").says("--secret-stdin");
    world.run(&format!("profiles add sandbox --secret-stdin --project-id {PROJECT} -o json")).failed(2, "usage");
    assert_eq!(server.count(), 0);
}

#[test]
fn profiles_are_listed_used_and_removed() {
    let server = server();
    let world = World::new();
    world.write_config(&format!(
        "default_profile = 'a'\n# mine\n{}{}",
        profile("a", PROJECT, "s3cr", &server),
        profile("b", OTHER, "t4dt", &server)
    ));
    let run = world.run("profiles list -o json");
    let names: Vec<_> =
        run.ok().json().as_array().unwrap().iter().map(|row| (row["name"].clone(), row["default"].clone())).collect();
    assert_eq!(names, [(json!("a"), json!(true)), (json!("b"), json!(false)), (json!("sandbox"), json!(false))]);
    run.lacks("s3cr").lacks("t4dt");
    world.run("profile use b").ok();
    world.run("users list").ok();
    assert_eq!(asker(&server), basic(OTHER, "t4dt"));
    world.run("profiles use c -o json").failed(3, "config");
    world.run("profiles rm b").ok();
    world.run("users list -o json").failed(3, "config");
    let text = fs::read_to_string(world.config()).unwrap();
    assert!(text.starts_with("# mine\n[profiles.a]") && !text.contains("t4dt"), "{text}");
    world.run("profiles remove b --yes -o json").failed(3, "config");
}

#[test]
fn check_says_where_each_value_comes_from_and_exits_as_any_command() {
    let good = server();
    let run = World::with_profile(&good).run("profiles check -o json");
    let checked = run.ok().json();
    assert_eq!(checked["accepted"], true);
    assert_eq!(checked["projectId"], PROJECT);
    for key in ["projectIdFrom", "secretFrom", "baseUrlFrom"] {
        assert_eq!(checked[key], "profile p", "{checked}");
    }
    assert!(checked["source"].as_str().unwrap().contains("default_profile"), "{checked}");
    let run = World::on(&good).run("profiles check");
    for words in ["SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET", "SPECTRUM_CLOUD_URL", PROJECT] {
        assert!(run.ok().stdout.contains(words), "{words} in {run:?}");
    }
    assert_eq!(good.count(), 2);
    let bad = Hostile::always(Reply::refusal(401, "401", "Invalid credentials"));
    World::with_profile(&bad).run("profiles check -o json").failed(4, "unauthorized").says("spectrum profiles add p");
    let run = World::with_profile(&bad).run("profiles check");
    assert!(run.status == 4 && run.stdout.contains("profile p"), "{run:?}");
    let down = Hostile::always(Reply::close());
    World::with_profile(&down).run("profiles check -o json --retries 0").failed(8, "network");
    World::new().run("profiles check -o json").failed(3, "config");
}

#[test]
fn who_is_refused_is_told_where_the_credentials_came_from() {
    let server = Hostile::always(Reply::refusal(401, "401", "Invalid credentials"));
    let world = World::with_profile(&server);
    let run = world.run("users list");
    assert_eq!(run.status, 4);
    let file = world.config_as_shown();
    let expected = format!(
        "error: the service refused these credentials (401 Invalid credentials)\n  profile p: project_id from {file}, secret from {file}\n  hint: run `spectrum profiles check`\n"
    );
    assert_eq!(run.stderr, expected);
    let run = World::on(&server).run("users list");
    run.says("  project id from SPECTRUM_PROJECT_ID, secret from SPECTRUM_PROJECT_SECRET\n");
    assert_eq!(server.count(), 2, "never repeated");
}

#[test]
fn every_format_of_check_path_and_show_is_a_document() {
    let server = Hostile::always(Reply::data(json!({ "name": "P", "slug": "p" })));
    let world = World::with_profile(&server);
    assert_eq!(world.run("profiles path -o json").ok().json()["path"], world.config().display().to_string());
    assert_eq!(world.run("project show -o id").ok().stdout, format!("{PROJECT}\n"));
    assert_eq!(server.requests().len(), 1, "the service is asked");
    let refusing = Hostile::always(Reply::refusal(401, "401", "Invalid credentials"));
    let run = World::with_profile(&refusing).run("profiles check -o json");
    assert_eq!(run.status, 4);
    let details = run.error()["details"].to_string();
    assert!(details.contains("profile p") && details.contains("sent to"), "{details}");
}
