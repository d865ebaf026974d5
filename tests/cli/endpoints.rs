//! Walks every endpoint: each has a golden exchange, and columns that are fields of what it answers.

use std::collections::BTreeSet;

use serde_json::Value;
use spectrum_cli::cli::NOUNS;
use spectrum_cli::http::{AnswerKind, Spec};
use spectrum_cli::nouns::catalogue;

use crate::wire::{self, Exchange};

/// The golden exchanges of an endpoint that end well.
fn golden<'a>(all: &'a [(String, Exchange)], spec: &'a Spec) -> impl Iterator<Item = &'a Exchange> {
    let fits = move |exchange: &&Exchange| exchange.spec() == Some(spec) && exchange.response.status < 400;
    all.iter().map(|(_, exchange)| exchange).filter(fits)
}

#[test]
fn every_endpoint_has_a_golden_exchange_and_a_summary() {
    let all = wire::exchanges();
    let mut seen = BTreeSet::new();
    for route in catalogue::routes() {
        let spec = &route.spec;
        assert!(golden(&all, spec).next().is_some(), "{} {} has no golden exchange", spec.method, spec.path);
        assert!(seen.insert((spec.method.as_str(), spec.path)), "{} {} is there twice", spec.method, spec.path);
        assert!(!spec.summary.is_empty() && !spec.summary.ends_with('.'), "{}", spec.path);
    }
}

#[test]
fn every_column_is_a_field_of_the_answer_and_every_field_has_a_column() {
    let all = wire::exchanges();
    for (spec, columns) in NOUNS.iter().flat_map(|noun| noun.shown) {
        let mut fields = BTreeSet::new();
        for exchange in golden(&all, spec) {
            let data = &exchange.response.body.as_ref().unwrap()["data"];
            let records = match spec.answer {
                AnswerKind::Many(key) => data.as_array().or_else(|| data[key].as_array()).unwrap().clone(),
                _ => vec![data.clone()],
            };
            for record in &records {
                let Value::Object(object) = record else { panic!("{}: no object", spec.path) };
                fields.extend(object.keys().filter(|key| *key != "line").cloned());
                // A line that is wrapped is shown flat.
                fields.extend(
                    object.get("line").and_then(Value::as_object).into_iter().flat_map(|line| line.keys().cloned()),
                );
            }
        }
        let outer = columns.iter().map(|column| column.key.split('.').next().unwrap().to_owned());
        assert_eq!(outer.collect::<BTreeSet<_>>(), fields, "{} {}", spec.method, spec.path);
    }
}
