//! Words that people bring along from other tools, and slips of the fingers: each is led to the right place, exit 2, and
//! nothing is done.

use crate::world::World;

#[test]
fn what_people_type_leads_to_what_there_is() {
    let world = World::new();
    for (line, hint) in [
        ("version", "`spectrum --version`"),
        ("config", "`spectrum profiles add`"),
        ("init", "`spectrum login`"),
        ("auth", "`spectrum login`"),
        ("completion bash", "`spectrum completions SHELL`"),
        ("create", "did you mean `spectrum users create` or `spectrum webhooks create`?"),
        ("rotate", "did you mean `spectrum webhooks rotate`?"),
        ("import roster.csv", "`spectrum users apply FILE`"),
        ("sandbox start", "`spectrum sandbox serve`"),
        ("sandbox up", "`spectrum sandbox serve`"),
        ("sandbox logs", "`spectrum sandbox requests -f`"),
        ("sandbox users list", "`spectrum -P sandbox users list`"),
        ("users edit x", "the service has no change of a user: `spectrum users create`"),
        ("users update x", "`spectrum users apply FILE`"),
        ("user remove x", "`spectrum users delete USER`"),
        ("users search ada", "`spectrum users list --search TEXT`"),
        ("users find ada", "`spectrum users list --search TEXT`"),
        ("users describe x", "`spectrum users get USER`"),
        ("users import x", "`spectrum users apply FILE`"),
        ("profile switch x", "`spectrum profiles use NAME`"),
        ("profiles delete x", "`spectrum profiles remove NAME`"),
        ("webhooks test x", "`spectrum webhooks send URL`"),
        ("lines get x", "`spectrum lines list`"),
        ("project list", "`spectrum project show`"),
        ("help users edit", "`spectrum users create`"),
        ("help version", "`spectrum --version`"),
        ("help roser", "did you mean roster?"),
        ("users --query x list", "`-o json | jq …`"),
        ("users list --query x", "`-o json | jq …`"),
        ("users list --jq .x", "`-o json | jq …`"),
        ("users list --filter x", "`--search TEXT`"),
        ("lines list --filter=x", "`-o json | jq …`"),
        ("users list --format json", "`-o table|json|ndjson|csv|id`"),
        ("users list --max 3", "`--limit N`"),
        ("users list -n 3", "`--limit N`"),
        ("users list --page 2", "`--offset N`"),
        ("users list ada", "`--search TEXT`"),
        ("users create --name Ada", "`--first-name NAME`"),
        ("users create --phone-number 1", "`--phone PHONE`"),
        ("users create --type shared", "`--shared` or `--dedicated`"),
        ("users delete x --force", "`--yes`"),
        ("users delete --all", "there is no such switch"),
        ("users apply --file x", "`spectrum users apply FILE`"),
        ("users apply -f x", "`spectrum users apply FILE`"),
        ("users get --id x", "stand by themselves"),
        ("users delete --phone 1", "stand by themselves"),
        ("profiles add --name x", "the profile's name stands by itself"),
        ("users list --Limit 3", "did you mean --limit?"),
        ("frobnicate users list", "the commands are users, lines,"),
        ("users apply x --delete", "`--prune`"),
        ("--token x users list", "no flag takes a secret"),
        ("login --secret x", "`--secret-stdin`"),
        ("users list --project x", "`-P NAME`"),
        ("users list --no-colour", "`--color never`"),
        ("users list --debug", "`-v`"),
        ("webhooks create --url x", "the URL stands by itself"),
        ("--shared users list", "write it behind `spectrum users list`"),
        ("api GET /users/", "`spectrum api -X GET PATH`"),
        ("profiles check prod", "`spectrum -P NAME profiles check`"),
        ("users list -o yaml", "`-o json`"),
        ("users list -o jsonl", "did you mean ndjson?"),
        ("users list -o jsn", "did you mean json?"),
        ("users delte x", "did you mean delete?"),
        ("usres", "did you mean users?"),
        ("prof list", "did you mean profiles?"),
        ("users list --shard", "did you mean --shared?"),
        ("users create --assign x --dedicated", "did you mean --assigned?"),
        ("users frobnicate", "the commands are create, list, get,"),
        ("frobnicate", "the commands are users, lines,"),
        ("help frobnicate", "the commands are users, lines,"),
        ("users list --frobnicate", "usage: spectrum users list [OPTIONS]"),
    ] {
        let run = world.run(line);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{line}: {run:?}");
        let told = run.stderr.lines().find_map(|line| line.strip_prefix("  hint: ")).unwrap_or_default();
        assert!(told.contains(hint), "{line}: {told:?}");
    }
    world.run("users edit x -o json").failed(2, "usage").says("`spectrum users apply FILE`");
}
