use proptest::prelude::*;

use super::*;
use crate::roster::RosterFormat;

/// How a simulated service treats a create that meets a user.
#[derive(Debug, Clone, Copy, PartialEq)]
enum OnMeeting {
    /// The record of whoever holds the phone or the e-mail comes back as it is.
    Seed,
    /// The phone alone decides, and the values are overwritten.
    Later,
}

fn phone(number: u8) -> crate::model::Phone {
    format!("+1415555010{number}").parse().unwrap()
}

fn user(id: usize, wanted: &NewUser, assigned: &str) -> ProjectUser {
    ProjectUser {
        id: id.to_string().into(),
        kind: wanted.kind,
        phone: wanted.phone_number.as_str().into(),
        assigned: Some(wanted.assigned_phone_number.as_ref().map_or(assigned, |line| line.as_str()).into()),
        first_name: wanted.first_name.as_deref().map(Into::into),
        last_name: wanted.last_name.as_deref().map(Into::into),
        email: wanted.email.as_ref().map(|email| email.as_str().into()),
        opted_in: false,
        is_owner: false,
    }
}

fn policy(prune: bool, replace: bool) -> Policy {
    Policy { prune, replace, ..Policy::default() }
}

/// The service's create; hands back the phone of the record that came back.
fn create(project: &mut Snapshot, wanted: &NewUser, revision: OnMeeting) -> Box<str> {
    let same_email = |user: &ProjectUser| {
        user.email.as_deref().is_some_and(|email| wanted.email.as_ref().is_some_and(|w| w.as_str() == email))
    };
    let found = project.users.iter_mut().find(|user| {
        let phone = &*user.phone == wanted.phone_number.as_str();
        user.kind == wanted.kind
            && match wanted.kind {
                UserType::Dedicated => {
                    phone && user.assigned.as_deref() == wanted.assigned_phone_number.as_ref().map(|line| line.as_str())
                }
                UserType::Shared => phone || (revision == OnMeeting::Seed && same_email(user)),
            }
    });
    let Some(found) = found else {
        let id = project.users.iter().map(|user| user.id.parse::<usize>().unwrap()).max().map_or(0, |id| id + 1);
        project.users.push(user(id, wanted, "+16285550001"));
        return wanted.phone_number.as_str().into();
    };
    if revision == OnMeeting::Later {
        let new = user(0, wanted, "");
        found.first_name = new.first_name.or(found.first_name.take());
        found.last_name = new.last_name.or(found.last_name.take());
        found.email = new.email.or(found.email.take());
    }
    found.phone.clone()
}

/// Carries a plan out against the simulation; hands back the steps that met somebody else's record too.
fn apply<'p>(plan: &Plan<'p>, project: &Snapshot, revision: OnMeeting) -> (Snapshot, Vec<Step<'p>>) {
    let mut after = project.clone();
    let mut refused = Vec::new();
    for stage in [Stage::Deletes, Stage::Rows, Stage::Held] {
        for step in plan.steps.iter().filter(|step| step.stage() == stage) {
            let gone = |project: &mut Snapshot, id: &str| project.users.retain(|user| &*user.id != id);
            let wanted = match step.change {
                Change::Unchanged(_) => continue,
                Change::Delete(user) => {
                    gone(&mut after, &user.id);
                    continue;
                }
                Change::Differs(user) if plan.policy.replace && step.replacement().is_some() => {
                    gone(&mut after, &user.id);
                    step.replacement().unwrap()
                }
                _ => step.wanted().unwrap(),
            };
            if *create(&mut after, &wanted, revision) != *wanted.phone_number.as_str() {
                refused.push(*step);
            }
        }
    }
    (after, refused)
}

fn roster_of(rows: Vec<Row>) -> Roster {
    Roster { format: RosterFormat::Csv, rows, warnings: Vec::new(), left_out: Vec::new() }
}

fn roster(users: Vec<NewUser>) -> Roster {
    let row = |(line, user)| Row { line: line as u32 + 2, user, typed: true, id: None };
    roster_of(users.into_iter().enumerate().map(row).collect())
}

fn wanted() -> impl Strategy<Value = NewUser> {
    let name = || proptest::option::of(prop_oneof![Just("Ada"), Just("Bob")]);
    (0u8..6, any::<bool>(), 0u8..2, name(), name(), proptest::option::of(0u8..5)).prop_map(
        |(number, dedicated, line, first, last, email)| NewUser {
            kind: if dedicated { UserType::Dedicated } else { UserType::Shared },
            phone_number: phone(number),
            assigned_phone_number: dedicated.then(|| format!("+1628555010{line}").parse().unwrap()),
            first_name: first.map(Into::into),
            last_name: last.map(Into::into),
            email: email.map(|email| format!("u{email}@example.com").parse().unwrap()),
        },
    )
}

/// Users that could stand in one roster: every identity once, every e-mail once among shared ones.
fn users() -> impl Strategy<Value = Vec<NewUser>> {
    proptest::collection::vec(wanted(), 0..10).prop_map(|mut users| {
        let (mut identities, mut emails) = (HashSet::new(), HashSet::new());
        users.retain(|user| {
            let line = user.assigned_phone_number.clone();
            let email = user.email.clone().filter(|_| user.kind == UserType::Shared);
            identities.insert((user.phone_number.clone(), line)) && email.is_none_or(|email| emails.insert(email))
        });
        users
    })
}

fn project(users: &[NewUser]) -> Snapshot {
    let mut project = Snapshot::default();
    for user in users {
        create(&mut project, user, OnMeeting::Seed);
    }
    project
}

fn has(project: &Snapshot, row: &Row) -> bool {
    project.users.iter().any(|user| {
        user.kind == row.user.kind
            && *user.phone == *row.user.phone_number.as_str()
            && (user.kind == UserType::Shared
                || user.assigned.as_deref() == row.user.assigned_phone_number.as_ref().map(|line| line.as_str()))
    })
}

proptest! {
    #[test]
    fn under_the_later_revision_applying_gives_the_roster_and_planning_again_nothing(
        before in users(), rows in users(), prune: bool, replace: bool,
    ) {
        let (project, roster) = (project(&before), roster(rows));
        let first = plan(&roster, &project, policy(prune, replace));
        let (after, refused) = apply(&first, &project, OnMeeting::Later);
        prop_assert!(refused.is_empty());
        let again = plan(&roster, &after, policy(prune, replace));
        prop_assert!(!again.counts().changes(), "{again:?}");
        prop_assert_eq!(again.counts().unchanged, roster.rows.len());
        if prune {
            prop_assert_eq!(after.users.len(), roster.rows.len());
        } else {
            prop_assert!(project.users.iter().all(|old| after.users.iter().any(|new| identity(new) == identity(old))));
        }
    }

    #[test]
    fn under_the_seed_nobody_is_lost_and_only_drift_or_a_held_email_remains(
        before in users(), rows in users(), prune: bool, replace: bool,
    ) {
        let (project, roster) = (project(&before), roster(rows));
        let first = plan(&roster, &project, policy(prune, replace));
        let (after, refused) = apply(&first, &project, OnMeeting::Seed);
        for row in &roster.rows {
            prop_assert!(has(&after, row) || refused.iter().any(|step| step.row == Some(row)));
            // Whoever was there is there, whatever became of the row.
            prop_assert!(!has(&project, row) || has(&after, row));
        }
        // Every refusal was announced by the plan.
        prop_assert!(refused.iter().all(|step| step.held_by.is_some()));
        let again = plan(&roster, &after, policy(prune, replace));
        let not_created = refused.iter().filter(|step| step.change == Change::Create).count();
        prop_assert_eq!(again.counts().create, not_created);
        prop_assert_eq!(again.counts().delete, 0);
        if replace && first.steps.iter().all(|step| step.held_by.is_none()) {
            prop_assert!(!again.counts().changes(), "{again:?}");
        }
    }
}

#[test]
fn a_list_applied_to_its_own_project_changes_nothing_even_without_types() {
    let mut shared = wanted_shared(1);
    shared.first_name = Some("Ada".to_owned());
    let dedicated = NewUser {
        kind: UserType::Dedicated,
        assigned_phone_number: Some("+16285550100".parse().unwrap()),
        ..wanted_shared(2)
    };
    let mut project = project(&[shared, dedicated]);
    project.lines = ["+16285550100".into()].into();
    let rows = project.users.iter().map(|user| Row {
        line: 1,
        // As a list of 2026-05 reads: a number for everybody, a type for nobody.
        user: NewUser {
            kind: UserType::Dedicated,
            phone_number: user.phone.parse().unwrap(),
            assigned_phone_number: user.assigned.as_ref().map(|line| line.parse().unwrap()),
            first_name: user.first_name.as_deref().map(Into::into),
            last_name: None,
            email: None,
        },
        typed: false,
        id: Some("u1".into()),
    });
    let roster = roster_of(rows.collect());
    let same = plan(&roster, &project, policy(true, false));
    assert_eq!(same.counts(), Counts { unchanged: 2, ..Counts::default() });
    let empty = Snapshot { users: Vec::new(), ..project.clone() };
    let restored: Vec<_> =
        plan(&roster, &empty, policy(false, false)).steps.iter().map(|step| step.wanted().unwrap()).collect();
    assert_eq!(restored.iter().map(|user| user.kind).collect::<Vec<_>>(), [UserType::Shared, UserType::Dedicated]);
    assert_eq!(restored[0].assigned_phone_number, None);
}

fn wanted_shared(number: u8) -> NewUser {
    NewUser {
        kind: UserType::Shared,
        phone_number: phone(number),
        assigned_phone_number: None,
        first_name: None,
        last_name: None,
        email: None,
    }
}

#[test]
fn an_email_in_other_hands_is_named_unless_those_are_deleted_first() {
    let with_email = |number| NewUser { email: Some("ada@example.com".parse().unwrap()), ..wanted_shared(number) };
    let (project, roster) = (project(&[with_email(1)]), roster(vec![with_email(2)]));
    let kept = plan(&roster, &project, policy(false, false));
    assert_eq!((kept.steps[0].held_by, kept.steps[0].stage()), (Some(&project.users[0]), Stage::Held));
    let pruned = plan(&roster, &project, policy(true, false));
    let stages: Vec<_> = pruned.steps.iter().map(Step::stage).collect();
    assert_eq!(stages, [Stage::Deletes, Stage::Rows]);
}

#[test]
fn nobody_is_replaced_for_an_email_that_another_row_asks_for() {
    // A row may be completed with what its user had who was deleted and not made again.
    let with_email = |number| NewUser { email: Some("ada@example.com".parse().unwrap()), ..wanted_shared(number) };
    let (project, roster) = (project(&[wanted_shared(1)]), roster(vec![with_email(1), with_email(2)]));
    let plan = plan(&roster, &project, policy(false, true));
    let actions: Vec<_> = plan.steps.iter().map(|step| (plan.action(step), step.stage())).collect();
    assert_eq!(actions, [(Action::Update, Stage::Held), (Action::Create, Stage::Rows)]);
}

#[test]
fn a_replacement_keeps_what_the_row_leaves_open() {
    let old = NewUser {
        last_name: Some("Lovelace".to_owned()),
        email: Some("ada@example.com".parse().unwrap()),
        ..wanted_shared(1)
    };
    let project = project(&[old]);
    let roster = roster(vec![NewUser { first_name: Some("Ada".to_owned()), ..wanted_shared(1) }]);
    let plan = plan(&roster, &project, policy(false, true));
    let replacement = plan.steps[0].replacement().unwrap();
    assert_eq!(replacement.last_name.as_deref(), Some("Lovelace"));
    assert_eq!(replacement.email.unwrap().as_str(), "ada@example.com");
    assert_eq!((plan.requests(), plan.replacements().count()), (2, 1));
}

#[test]
fn an_email_in_other_capitals_is_the_same() {
    let mut old = wanted_shared(1);
    old.email = Some("ada@example.com".parse().unwrap());
    let mut new = wanted_shared(1);
    new.email = Some("Ada@Example.com".parse().unwrap());
    assert_eq!(plan(&roster(vec![new]), &project(&[old]), policy(false, false)).counts().unchanged, 1);
}

#[test]
fn the_owner_is_neither_deleted_nor_replaced_and_is_counted_as_not_in_the_roster() {
    let named = |number, name: &str| NewUser { first_name: Some(name.to_owned()), ..wanted_shared(number) };
    let mut project = project(&[named(1, "Owner"), named(2, "Ada"), named(3, "Bob")]);
    project.users[0].is_owner = true;
    let others = roster(vec![named(2, "Ada")]);
    let pruned = plan(&others, &project, policy(true, true));
    let deleted: Vec<_> = pruned.steps.iter().filter(|step| pruned.action(step) == Action::Delete).collect();
    assert_eq!(deleted.iter().map(|step| step.phone()).collect::<Vec<_>>(), [phone(3).as_str()]);
    assert_eq!((pruned.kept_owners.as_slice(), pruned.not_in_roster), ([&project.users[0]].as_slice(), 2));
    let kept = plan(&others, &project, policy(false, false));
    assert_eq!((kept.kept_owners.len(), kept.not_in_roster, kept.counts().delete), (0, 2, 0));
    let renamed = roster(vec![named(1, "Other"), named(2, "Eve")]);
    let replaced = plan(&renamed, &project, policy(false, true));
    let actions: Vec<_> = replaced.steps.iter().map(|step| replaced.action(step)).collect();
    assert_eq!(actions, [Action::Update, Action::Replace]);
    assert_eq!(replaced.kept_owners, [&project.users[0]]);
}

#[test]
fn who_has_opted_in_is_replaced_only_when_that_is_said() {
    let named = |number, name: &str| NewUser { first_name: Some(name.to_owned()), ..wanted_shared(number) };
    let mut project = project(&[named(1, "Ada"), named(2, "Bob")]);
    project.users[0].opted_in = true;
    let roster = roster(vec![named(1, "Eve"), named(2, "Eve")]);
    let actions = |policy| {
        let plan = plan(&roster, &project, policy);
        let spared = plan.steps.iter().filter(|step| plan.is_spared(step)).count();
        (plan.steps.iter().map(|step| plan.action(step)).collect::<Vec<_>>(), plan.replacements().count(), spared)
    };
    assert_eq!(actions(policy(false, true)), (vec![Action::Update, Action::Replace], 1, 1));
    let all = Policy { replace_opted_in: true, ..policy(false, true) };
    assert_eq!(actions(all), (vec![Action::Replace, Action::Replace], 2, 0));
    assert_eq!(actions(policy(false, false)), (vec![Action::Update, Action::Update], 0, 0));
}

#[test]
fn where_only_new_users_are_wanted_nobody_who_is_there_is_touched() {
    let named = |number, name: &str| NewUser { first_name: Some(name.to_owned()), ..wanted_shared(number) };
    let project = project(&[named(1, "Ada"), named(2, "Bob")]);
    let roster = roster(vec![named(1, "Eve"), named(2, "Bob"), named(3, "Cy")]);
    let plan = plan(&roster, &project, Policy { create_only: true, ..Policy::default() });
    assert_eq!(plan.counts(), Counts { create: 1, unchanged: 1, kept: 1, ..Counts::default() });
    let actions: Vec<_> = plan.steps.iter().map(|step| plan.action(step)).collect();
    assert_eq!(actions, [Action::None, Action::None, Action::Create]);
    assert_eq!((plan.requests(), plan.steps[0].differences().len()), (1, 1));
}

/// A project that shows its users' numbers in another way.
fn shown(users: &[NewUser], as_shown: impl Fn(&str) -> String) -> Snapshot {
    let mut project = project(users);
    for user in &mut project.users {
        user.phone = as_shown(&user.phone).into();
    }
    project
}

#[test]
fn a_row_that_may_be_a_hidden_user_is_made_beside_nobody_and_each_is_one_rows_at_most() {
    let roster = roster((1..=4).map(wanted_shared).collect());
    let masked = |number: &str| format!("{}****{}", &number[..4], &number[number.len() - 4..]);
    let project = shown(&[wanted_shared(1), wanted_shared(3)], masked);
    let plan = plan(&roster, &project, policy(true, false));
    assert_eq!(plan.counts(), Counts { create: 2, unreadable: 2, ..Counts::default() });
    assert!(matches!(plan.steps[0].change, Change::Unreadable(user) if user.id == project.users[0].id));
    assert_eq!((plan.unreadable.len(), plan.not_in_roster), (2, 0));
    // All digits but the last are hidden: two users, so two rows may be theirs and no more.
    let hidden = shown(&[wanted_shared(1), wanted_shared(3)], |_| "+1*".to_owned());
    let counts = super::plan(&roster, &hidden, policy(false, false)).counts();
    assert_eq!(counts, Counts { create: 2, unreadable: 2, ..Counts::default() });
}

#[test]
fn a_hidden_user_whom_no_row_fits_is_not_in_the_roster_and_is_named() {
    let project = shown(&[wanted_shared(5)], |number| number.replace("+1415", "+1***"));
    let none = roster(vec![wanted_shared(1)]);
    let plan = plan(&none, &project, policy(true, false));
    assert_eq!((plan.unreadable.len(), plan.not_in_roster, plan.counts().create), (1, 1, 1));
}

#[test]
fn a_number_without_its_plus_is_known_when_all_its_digits_are_a_rows() {
    let project = shown(&[wanted_shared(1)], |number| number.replace('+', ""));
    let same = roster(vec![wanted_shared(1)]);
    let plan = plan(&same, &project, policy(true, false));
    assert_eq!(plan.counts(), Counts { unchanged: 1, ..Counts::default() });
    assert_eq!((plan.unreadable.len(), plan.not_in_roster), (0, 0));
}

#[test]
fn a_dedicated_user_whose_line_is_hidden_may_be_on_any_line_that_fits() {
    let on = |line: &str| NewUser {
        kind: UserType::Dedicated,
        assigned_phone_number: Some(line.parse().unwrap()),
        ..wanted_shared(1)
    };
    let mut project = project(&[on("+16285550100")]);
    project.users[0].assigned = Some("+1628***0100".into());
    let rows = roster(vec![on("+16285550101"), on("+16285550100")]);
    let plan = plan(&rows, &project, policy(false, false));
    assert!(matches!(plan.steps[0].change, Change::Create), "{:?}", plan.steps[0]);
    assert!(matches!(plan.steps[1].change, Change::Unreadable(_)), "{:?}", plan.steps[1]);
}
