//! The README's blocks do what they show. `SPECTRUM_RENEW=1` writes them anew.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::golden::{hold_readme, renews, root, settle};
use crate::world::World;

/// The README's blocks of one language, each with its text.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A world with the README's roster where its commands look for it.
fn world(readme: &str) -> World {
    let world = World::new();
    world.file("roster.csv", blocks(readme, "csv").first().expect("the README shows a roster"));
    world
}

/// What a shell shows for one line, both streams in order; its exit status.
fn show(world: &World, line: &str) -> (String, i32) {
    // `cargo run --release --` is the binary that Cargo has just built for this test.
    let line = line.replace("cargo run --release --", "spectrum");
    let has_jq = || Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok_and(|jq| jq.success());
    if let Some((line, field)) = line.split_once(" | jq -r .").filter(|_| !has_jq()) {
        let output = world.shell(line).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let notes = String::from_utf8(output.stderr).unwrap();
        return (format!("{notes}{}\n", document[field].as_str().unwrap()), output.status.code().unwrap_or(-1));
    }
    let output = world.shell(&format!("{{ {line}\n}} 2>&1")).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap_or(-1))
}

/// Every console block runs, in order, in one world, and shows what the README says.
#[test]
fn the_readme_shows_what_happens() {
    let path = root().join("README.md");
    let _held = hold_readme();
    let readme = fs::read_to_string(&path).unwrap();
    let world = world(&readme);
    let mut renewed = readme.clone();
    let all = blocks(&readme, "console");
    assert!(all.len() >= 5, "the README has its console blocks");
    for block in all {
        let mut shown = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let (text, _) = show(&world, line);
            shown.push_str(&format!("$ {line}\n{text}"));
        }
        if renews() {
            renewed = renewed.replacen(&format!("```console\n{block}```"), &format!("```console\n{shown}```"), 1);
        } else {
            assert_eq!(
                settle(&block),
                settle(&shown),
                "the README is stale; renew it with `SPECTRUM_RENEW=1 cargo test`"
            );
        }
    }
    if renews() {
        fs::write(path, renewed).unwrap();
    }
}

/// The GitHub Actions job: its commands do what the text says, with the variables that the sandbox sets.
#[test]
fn the_readme_job_plans_and_applies() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let job = blocks(&readme, "yaml").into_iter().find(|block| block.contains("users apply")).unwrap();
    assert!(job.lines().count() < 15, "the job has under 15 lines");
    let commands: Vec<&str> =
        job.lines().filter_map(|line| line.split_once("run: ")).map(|(_, command)| command).collect();
    assert_eq!(commands[0], "cargo install --locked spectrum-cli");
    let commands = &commands[1..];
    assert!(
        commands.len() == 2 && commands.iter().all(|command| command.starts_with("spectrum users apply roster.csv"))
    );
    let world = world(&readme);
    let script = format!(
        "export SPECTRUM_RATE_LIMIT=0; {} && {} && spectrum users list -o id | wc -l",
        commands[0], commands[1]
    );
    let (text, status) = show(&world, &format!("spectrum sandbox exec -- sh -c '{script}'"));
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().last().map(str::trim), Some("3"), "{text}");
}

/// The README's handler hears what the README's commands say, and keeps to the contract that `webhooks send` tries.
#[test]
fn the_readme_handler_hears_a_text() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;

    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (handler_port, sandbox_port) = (free_port(), free_port());
    let fill =
        |text: &str| text.replace(":3000", &format!(":{handler_port}")).replace("3000)", &format!("{handler_port})"));
    let handler = blocks(&readme, "python").remove(0);
    assert!(handler.lines().count() <= 10, "ten lines");
    let world = World::new();
    world.file("handler.py", fill(&handler));
    let story = blocks(&readme, "sh").into_iter().find(|block| block.contains("handler.py")).unwrap();
    assert!(story.lines().count() + handler.lines().count() <= 25, "a short story");
    let serve = "sandbox serve --memory";
    assert!(story.contains(serve));
    let story = story.replace(serve, &format!("{serve} --listen 127.0.0.1:{sandbox_port}"));
    let curl = "curl -s";
    // Without curl the journal is not looked at; where there is one, it answers.
    let story = story.replace(curl, &format!("command -v curl >&2 && {curl}"));
    let contract = blocks(&readme, "sh").into_iter().find(|block| block.contains("webhooks send")).unwrap();
    let (story, contract) = (fill(&story), fill(&contract.replace("localhost", "127.0.0.1")));
    let up =
        fill("until spectrum webhooks send http://127.0.0.1:3000/ --secret-file webhook.env -q; do sleep 0.1; done");
    // However it ends, and after a minute at the latest, nothing of it is left: what is left holds its output open.
    let script = format!(
        "trap 'kill -9 0' EXIT\n(sleep 60; kill -9 0) &\n{story}\necho\n({up}) > /dev/null 2>&1\nset -e\n{contract}\necho the end\nwait"
    );
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

/// A port that nobody has right now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
