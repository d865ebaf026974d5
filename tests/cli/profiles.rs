//! Credentials: the file of profiles, the variables, which source wins, and what it says when none does.

use std::fs;

use serde_json::json;

use crate::hostile::{Hostile, Reply, list, user};
use crate::http::basic;
use crate::secrets::token;
use crate::world::{PROJECT, Run, SECRET, World};

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
    // Who can change it can have the secret sent anywhere.
    world.chmod(0o664);
    let run = world.run("users list");
    assert_eq!(run.ok().stderr.matches("others can change it").count(), 1, "{run:?}");
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
    let left = fs::read_dir(world.config().parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    // On Windows a folder cannot be locked, and a file beside it is.
    let left: Vec<_> = left.filter(|name| !cfg!(windows) || name != ".config.toml.lock").collect();
    assert_eq!(left, ["config.toml"], "no temporary file stays");
    world.run("users list").ok();
    assert_eq!(asker(&server), format!("Basic {}", token()), "the first profile is the default");
    // The alias, a second profile, and a renewal that keeps the profile's own URL.
    world.run_with_input(&line.replace("profiles add prod", "login stage"), "another").ok();
    world.run("users list -P stage").ok();
    assert_eq!(asker(&server), basic(PROJECT, "another"));
    let before = server.count();
    let again = format!("profiles add stage --project-id {OTHER} --secret-stdin");
    let text = fs::read_to_string(world.config()).unwrap();
    let run = world.run_with_input(&format!("{again} -o json"), "renewed");
    run.failed(2, "confirmation_required").says("Replace profile stage").says("--yes");
    assert_eq!((fs::read_to_string(world.config()).unwrap(), server.count()), (text, before));
    world.run_with_input(&format!("{again} --yes"), "renewed").ok();
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
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_written_is_told_before_anything_is_asked() {
    let server = server();
    let world = World::new();
    let line = format!(
        "-o json --config /proc/nowhere/config.toml profiles add p --project-id {PROJECT} --secret-stdin --base-url {}",
        server.url()
    );
    let run = world.run_with_input(&line, SECRET);
    run.failed(3, "config").says("cannot write").says("--config FILE");
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
    world.run("profiles rm b -o json").failed(2, "confirmation_required").says("--yes");
    world.run("profiles rm sandbox --yes -o json").failed(2, "usage").says("built in");
    assert_eq!(world.run("profiles list -o id").ok().stdout, "a\nb\nsandbox\n");
    world.run("profiles rm b --yes").ok();
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
        "error: the service refused these credentials (401 Invalid credentials)\n  profile p: project_id from {file}, secret from {file}, base_url from {file}\n  hint: run `spectrum profiles check`\n"
    );
    assert_eq!(run.stderr, expected);
    let run = World::on(&server).run("users list");
    run.says(
        "  project id from SPECTRUM_PROJECT_ID, secret from SPECTRUM_PROJECT_SECRET, URL from SPECTRUM_CLOUD_URL\n",
    );
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

#[test]
fn a_dry_run_shows_where_the_request_would_go_and_never_another_host() {
    let url = |world: &World, flags: &str| {
        let run = world.run(&format!("{flags} users create --shared --phone +14155550123 --dry-run -o json"));
        run.ok().json()["url"].as_str().unwrap().to_owned()
    };
    let exported = World::new().var("SPECTRUM_CLOUD_URL", "https://elsewhere.example");
    let sandbox = url(&exported, "-P sandbox");
    assert!(sandbox.starts_with("http://sandbox.localhost/projects/"), "{sandbox}");
    assert!(url(&exported, "").starts_with("https://spectrum.photon.codes/projects/{projectId}/"), "nobody's yet");
    let half = exported.var("SPECTRUM_PROJECT_ID", PROJECT);
    assert!(url(&half, "").starts_with("https://elsewhere.example/"), "the variables' own");
    let checked = World::new().run("-P sandbox profiles check -o json");
    assert_eq!(checked.ok().json()["baseUrl"], "http://sandbox.localhost/");
    half.run("-P sandbox --base-url https://h users list -o json").failed(2, "usage").says("--base-url");
}

#[test]
fn a_pair_is_checked_with_its_profiles_own_settings() {
    let (of_default, of_staging) = (server(), Hostile::always(Reply::refusal(500, "E", "oops")));
    let world = World::new();
    let staging = profile("staging", OTHER, "old", &of_staging);
    let write = || {
        world.write_config(&format!(
            "default_profile = 'p'\n{}retries = 0\n{staging}retries = 2\nrate_limit = 0\n",
            profile("p", PROJECT, "s3cr", &of_default)
        ));
    };
    write();
    let line = format!("profiles add staging --project-id {PROJECT} --secret-stdin --yes");
    let run = world.run_with_input(&line, "new");
    assert_eq!((run.status, of_staging.count(), of_default.count()), (8, 3, 0), "{run:?}");
    write();
    assert_eq!(world.run("-P staging users list").status, 8);
    assert_eq!(of_staging.count(), 6);
}

#[test]
fn eight_adds_at_once_and_one_that_waited_keep_all() {
    let server = server();
    let world = World::new();
    let start = |name: &str| {
        let line = format!("profiles add {name} --project-id {PROJECT} --secret-stdin --base-url {}", server.url());
        let args: Vec<&str> = line.split(' ').collect();
        world.command(&args).stdin(std::process::Stdio::piped()).spawn().unwrap()
    };
    let answer = |mut child: std::process::Child| {
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"s3cret").unwrap();
        Run::from(child.wait_with_output().unwrap())
    };
    let waiting = start("waiting");
    let doubled = start("p0");
    let children: Vec<_> = (0..8).map(|number| start(&format!("p{number}"))).collect();
    std::thread::scope(|scope| {
        for child in children {
            scope.spawn(|| {
                answer(child).ok().says("saved");
            });
        }
    });
    answer(waiting).ok();
    let run = answer(doubled);
    assert_eq!(run.status, 2, "{run:?}");
    run.says("meanwhile").says("--yes");
    let names = world.run("profiles list -o id").ok().stdout.clone();
    assert_eq!(names, "p0\np1\np2\np3\np4\np5\np6\np7\nwaiting\nsandbox\n");
}

#[test]
fn a_configuration_is_read_as_windows_editors_save_it() {
    let server = server();
    let world = World::with_profile(&server);
    let text = fs::read_to_string(world.config()).unwrap();
    let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(world.config(), wide).unwrap();
    world.run("users list").ok();
    world.run("profiles use sandbox").ok();
    assert!(fs::read_to_string(world.config()).unwrap().contains("project_secret"), "written as UTF-8");
    fs::write(world.config(), b"default_profile = 'gr\xf6sse'").unwrap();
    world.run("users list -o json").failed(3, "config").says("UTF-8");
}

#[test]
fn quotes_and_what_nobody_sees_are_named_and_not_shown() {
    let server = server();
    let pair = |id: &str, secret: &str| {
        World::new()
            .var("SPECTRUM_CLOUD_URL", &server.url())
            .var("SPECTRUM_PROJECT_ID", id)
            .var("SPECTRUM_PROJECT_SECRET", secret)
    };
    let run = pair(PROJECT, "\"s3cret\"").run("users list");
    run.ok()
        .says("warning: the secret from SPECTRUM_PROJECT_SECRET begins and ends with a quotation mark")
        .lacks("s3cret");
    let run = pair(PROJECT, "s3\u{200b}cret").run("users list");
    run.ok().says("holds an invisible character (U+200B)").lacks("s3");
    pair(&format!("\u{a0}{PROJECT} "), "s3cret").run("users list").ok();
    for (id, words) in [(format!("{PROJECT}\u{200b}"), "U+200B"), (format!("'{PROJECT}'"), "quotation mark")] {
        pair(&id, "s3cret").run("users list -o json").failed(3, "config").says("SPECTRUM_PROJECT_ID").says(words);
    }
}

#[test]
fn a_hint_repeats_the_flags_that_say_whom_to_ask() {
    let server = Hostile::always(Reply::refusal(401, "401", "Invalid credentials"));
    let world = World::new();
    world.file("my file.toml", profile("p", PROJECT, "s3cr", &server));
    let run = world.run_args(&["users", "list", "--profile", "p", "--config", "my file.toml"]);
    let quoted = if cfg!(windows) { "\"my file.toml\"" } else { "'my file.toml'" };
    run.says(&format!("run `spectrum -P p --config {quoted} profiles check`"));
    World::on(&server).run("users list").says("run `spectrum profiles check`");
}

#[test]
fn a_name_cannot_drive_a_terminal() {
    let world = World::new();
    world.write_config("[profiles.\"a\\u001b[31mb\"]\n");
    for line in ["profiles use", "profiles remove --yes"] {
        let args: Vec<&str> = line.split(' ').chain(["a\u{1b}[31mb"]).collect();
        world.run_args(&args).ok().says("profile").lacks("\u{1b}");
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::world::BINARY;

    #[test]
    fn the_folder_is_private_under_any_umask() {
        let server = server();
        let world = World::new();
        let script = format!(
            "umask 000; printf s3cret | {BINARY} profiles add p --project-id {PROJECT} --secret-stdin --base-url {}",
            server.url()
        );
        let run: Run = world.shell(&script).output().unwrap().into();
        run.ok();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(world.config().parent().unwrap()), mode(&world.config())), (0o700, 0o600));
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let server = server();
        let world = World::new();
        let link = world.home().join("link.toml");
        symlink("nowhere.toml", &link).unwrap();
        let line = format!(
            "profiles add p --project-id {PROJECT} --secret-stdin --base-url {} -o json --config {}",
            server.url(),
            link.display()
        );
        world.run_with_input(&line, "s3cret").failed(3, "config").says("a link to a file that is not there");
        assert!(link.is_symlink() && !world.home().join("nowhere.toml").exists());
        world.run(&format!("users list -o json --config {}", link.display())).failed(3, "config").says("a link to");
        fs::write(world.home().join("nowhere.toml"), "# mine\n").unwrap();
        world.run_with_input(&line, "s3cret").ok();
        assert!(link.is_symlink());
        let text = fs::read_to_string(&link).unwrap();
        assert!(text.contains("# mine\n") && text.contains("[profiles.p]"), "the link leads to the new text: {text}");
    }

    #[test]
    fn a_configuration_may_come_through_a_pipe() {
        let server = server();
        let world = World::new();
        let text = format!("default_profile='p'\n{}", profile("p", PROJECT, "s3cr", &server));
        let mut child =
            world.command(&["users", "list", "--config", "/dev/stdin"]).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        Run::from(child.wait_with_output().unwrap()).ok();
        assert_eq!(asker(&server), basic(PROJECT, "s3cr"));
        // It gives what it holds once.
        let list = ["profiles", "list", "-o", "id", "--config", "/dev/stdin"];
        let mut child = world.command(&list).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        assert_eq!(Run::from(child.wait_with_output().unwrap()).ok().stdout, "p\nsandbox\n");
        // It is no file to be changed.
        world
            .run_with_input("-o json profiles use p --config /dev/stdin", &text)
            .failed(3, "config")
            .says("cannot be written");
    }

    #[test]
    fn a_secret_that_is_no_text_is_refused_from_every_source() {
        let server = server();
        let world = World::new().var("SPECTRUM_CLOUD_URL", &server.url()).var("SPECTRUM_PROJECT_ID", PROJECT);
        let run = |change: &dyn Fn(&mut Command)| {
            let mut command = world.command(&["users", "list", "-o", "json"]);
            change(&mut command);
            Run::from(command.output().unwrap())
        };
        let broken = b"s3cr\xe9t";
        let run_variable = run(&|command| {
            command.env("SPECTRUM_PROJECT_SECRET", OsStr::from_bytes(broken));
        });
        run_variable.failed(3, "config").says("SPECTRUM_PROJECT_SECRET").says("not UTF-8").lacks("s3cr");
        let [file, long] = [world.file("broken", broken), world.file("long", "s".repeat(65_537))];
        for (file, words) in [(&file, "not UTF-8"), (&long, "longer than 64 KB")] {
            let run_file = run(&|command| {
                command.env("SPECTRUM_PROJECT_SECRET_FILE", file);
            });
            run_file.failed(3, "config").says(words).lacks("s3cr");
            let line =
                format!("profiles add p --project-id {PROJECT} --secret-stdin --yes --base-url {}", server.url());
            let script = format!("{BINARY} {line} < {file}");
            let run_input: Run = world.shell(&script).output().unwrap().into();
            assert_eq!(run_input.status, 2, "{run_input:?}");
            run_input.says(words);
            world.write_config(&format!("[profiles.p]\nproject_id='{PROJECT}'\nsecret_command=['cat', '{file}']\n"));
            world.run("-P p users list -o json").failed(3, "config").says(words);
        }
        world.write_config(&format!("[profiles.p]\nproject_id='{PROJECT}'\nproject_secret='{}'\n", "s".repeat(65_537)));
        world.run("-P p users list -o json").failed(3, "config").says("longer than 64 KB");
        assert_eq!(server.count(), 0);
    }

    #[test]
    fn a_secret_command_takes_no_input_and_inherits_no_secret() {
        let server = server();
        let world = World::new().var("SPECTRUM_PROJECT_SECRET", "of-production").var("PHOTON_PROJECT_SECRET", "too");
        let script = world.file(
            "print.sh",
            "cat; echo \"s3cr$SPECTRUM_PROJECT_SECRET$PHOTON_PROJECT_SECRET\"; sleep 60 2>/dev/null &\n",
        );
        world.write_config(&format!(
            "[profiles.p]\nproject_id='{PROJECT}'\nbase_url='{}'\nsecret_command=['sh', '{script}']\n",
            server.url()
        ));
        // A loop reads its lines from the same input.
        let loop_ =
            format!("printf '1\\n2\\n3\\n' | while read line; do {BINARY} -P p users list -o id || exit 9; done");
        let started = std::time::Instant::now();
        let run: Run = world.shell(&loop_).output().unwrap().into();
        run.ok();
        assert_eq!(server.count(), 3, "{run:?}");
        assert_eq!(asker(&server), basic(PROJECT, "s3cr"));
        assert!(started.elapsed().as_secs() < 20, "what it leaves running is not waited for");
    }

    #[test]
    fn what_a_secret_command_prints_is_hidden_when_it_comes_back() {
        let echo = Hostile::always(Reply::refusal(400, "E", "no: from%2dcommand"));
        let world = World::new();
        world.write_config(&format!(
            "[profiles.p]\nproject_id='{PROJECT}'\nbase_url='{}'\nsecret_command=['echo', 'from-command']\n",
            echo.url()
        ));
        world.run("-P p users list -vv").says("[redacted]").lacks("from%2dcommand");
    }
}
