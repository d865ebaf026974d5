//! The README's blocks do what they show. `SPECTRUM_RENEW=1` writes them anew.

use std::fs;

use crate::golden::{hold_readme, renews, root, settle};
use crate::world::World;

/// The README, while nobody writes it.
fn readme() -> String {
    let _held = hold_readme();
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The README's blocks in their order, each with its language and its text.
fn all_blocks(readme: &str) -> Vec<(&str, &str)> {
    let parts = readme.split("\n```").skip(1).step_by(2);
    parts.filter_map(|part| part.split_once('\n')).collect()
}

/// The README's blocks of one language.
fn blocks<'a>(readme: &'a str, language: &str) -> Vec<&'a str> {
    all_blocks(readme).into_iter().filter(|(name, _)| *name == language).map(|(_, text)| text).collect()
}

/// The block of a shell in which this stands.
fn script<'a>(readme: &'a str, words: &str) -> &'a str {
    blocks(readme, "sh").into_iter().find(|block| block.contains(words)).expect(words)
}

/// What a shell shows for one line, both streams in order; its exit status.
fn show(world: &World, line: &str) -> (String, i32) {
    // `cargo run --release --` is the binary that Cargo has just built for this test.
    let line = line.replace("cargo run --release --", "spectrum");
    let output = world.shell(&format!("{{ {line}\n}} 2>&1")).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap_or(-1))
}

/// Every block for a shell runs in the order of the page, in a home that was empty, and shows what the README says.
#[test]
fn the_readme_shows_what_happens() {
    let path = root().join("README.md");
    let _held = hold_readme();
    let readme = fs::read_to_string(&path).unwrap();
    let world = World::new();
    let mut renewed = readme.clone();
    let mut count = 0;
    for (language, block) in all_blocks(&readme) {
        if language == "sh" && !block.contains("sandbox serve") {
            let block = block.replace("cargo install --locked --path .", "true");
            let (text, status) = show(&world, &format!("set -e\n{block}"));
            assert_eq!(status, 0, "{block}\n{text}");
        }
        if language != "console" {
            continue;
        }
        count += 1;
        let mut shown = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let (text, _) = show(&world, line);
            shown.push_str(&format!("$ {line}\n{text}"));
        }
        let shown = shown.trim_end();
        if renews() {
            renewed = renewed.replacen(&format!("```console\n{block}\n```"), &format!("```console\n{shown}\n```"), 1);
        } else {
            assert_eq!(
                settle(block),
                settle(shown),
                "the README is stale; renew it with `SPECTRUM_RENEW=1 cargo test`"
            );
        }
    }
    assert!(count >= 5, "the README has its console blocks");
    if renews() {
        fs::write(path, &renewed).unwrap();
    }
    let lines = renewed.lines().count();
    assert!(lines <= 280, "{lines} lines are more than anybody reads");
}

/// The GitHub Actions job: its commands do what the text says, with the variables that the sandbox sets.
#[test]
fn the_readme_jobs_of_others_get_a_sandbox_and_hand_on_how_it_ended() {
    let readme = readme();
    let blocks = [blocks(&readme, "yaml"), blocks(&readme, "make")].concat();
    let lines: Vec<&str> = blocks
        .iter()
        .flat_map(|block| block.lines())
        .filter(|line| line.contains("sandbox exec") && !line.contains("apply"))
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let world = World::new();
    fs::create_dir(world.home().join("tests")).unwrap();
    world.file("tests/people.csv", "phoneNumber\n+14155550123\n");
    for line in lines {
        let (command, _) = line[line.find("spectrum").unwrap()..].split_once(" -- ").unwrap();
        let (text, status) = show(&world, &format!("{command} -- sh -c 'echo at $SPECTRUM_CLOUD_URL; exit 7'"));
        assert!(text.contains("at http://127.0.0.1:") && status == 7, "{line}: {status} {text}");
    }
}

#[test]
fn the_readme_job_plans_and_applies() {
    let readme = readme();
    let job = blocks(&readme, "yaml").into_iter().find(|block| block.contains("users apply")).unwrap();
    assert!(job.lines().count() <= 15, "the job has at most 15 lines");
    let commands: Vec<&str> =
        job.lines().filter_map(|line| line.split_once("run: ")).map(|(_, command)| command).collect();
    // Until it is published.
    assert!(commands[0].starts_with("cargo install --locked --git ") && commands[0].ends_with(" spectrum-cli"));
    let [tried, plan, apply] = commands[1..] else { panic!("{commands:?}") };
    let world = World::new();
    show(&world, script(&readme, "cat > roster.csv"));
    let (text, status) = show(&world, tried);
    assert!(status == 0 && text.contains("3 created"), "{text}");
    let run = format!(
        "export SPECTRUM_RATE_LIMIT=0 GITHUB_STEP_SUMMARY=summary.md; {plan} && {apply} && spectrum users list -o id | wc -l"
    );
    let (text, status) = show(&world, &format!("spectrum sandbox exec -- sh -c '{run}'"));
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().last().map(str::trim), Some("3"), "{text}");
    let summary = fs::read_to_string(world.home().join("summary.md")).unwrap();
    assert!(summary.contains("| create | 2 | `+14155550123  Ada Lovelace ada@example.com` |"), "{summary}");
}

/// The README's handler hears what the README's commands say, and keeps to the contract that `webhooks send` tries.
#[test]
fn the_readme_handler_hears_a_text() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;

    let readme = readme();
    let handler_port = port_of_ones_own();
    let fill =
        |text: &str| text.replace(":3000", &format!(":{handler_port}")).replace("3000)", &format!("{handler_port})"));
    let world = World::new();
    let story = script(&readme, "handler.py");
    assert!(story.lines().count() <= 25, "a short story");
    let serve = "sandbox serve --memory";
    assert!(story.contains(serve));
    let story = story.replace(serve, &format!("{serve} --listen 127.0.0.1:0"));
    // Instead of a second, until it is up; and it stays until it has heard everything.
    let up = "until spectrum webhooks send http://127.0.0.1:3000/ --secret-file webhook.env -q; do sleep 0.1; done > up.txt 2>&1";
    let (pause, end) = ("& sleep 1 ", "kill $(jobs -p)");
    assert!(story.contains(pause) && story.contains(end));
    let story = fill(&story.replace(pause, &format!("&\n{up} ")).replace(end, ""));
    // However it ends, and after a minute at the latest, nothing of it is left: what is left holds its output open.
    let script = format!("trap 'kill -9 0' EXIT\n(sleep 60; kill -9 0) &\nset -e\n{story}\necho the end\nwait");
    let mut child = world.shell(&script).process_group(0).spawn().unwrap();
    let group = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (mut shown, mut heard, mut ended) = (Vec::new(), false, false);
    for line in lines {
        heard |= line == "{'type': 'text', 'text': 'Hello!'}";
        ended |= line == "the end";
        shown.push(line);
        if heard && ended {
            break;
        }
    }
    let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    let output = child.wait_with_output().unwrap();
    assert!(heard && ended, "{shown:?}\n{}", String::from_utf8_lossy(&output.stderr));
    let hook = format!("http://127.0.0.1:{handler_port}/hook");
    let fired = format!("message.received is on its way to {hook}");
    assert!(shown.contains(&fired), "{shown:?}");
    assert!(fs::read_to_string(world.home().join("webhook.env")).unwrap().starts_with("SPECTRUM_WEBHOOK_SECRET="));
}

/// A port that nobody has, from those that no system hands out to who asks for any: another test would get it before it
/// is used here. Each run of the tests begins to look elsewhere.
fn port_of_ones_own() -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..30_000).find(is_free).unwrap()
}
