//! The document of what is served is held against the routes and the golden exchanges; README's table of evidence is
//! written from the same data.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use spectrum_cli::http::{Access, AnswerKind, Spec};
use spectrum_cli::model::{Email, Phone, ids};
use spectrum_cli::nouns::catalogue;
use spectrum_cli::sandbox::description::{EMAIL, MOMENT, PHONE, STORABLE, URL, UUID};
use spectrum_cli::sandbox::openapi;
use spectrum_cli::sandbox::revision::Revision;

use crate::decode;
use crate::golden::{check_file, hold_readme, root};
use crate::http;
use crate::wire;
use crate::world::World;

fn document(revision: Revision) -> Value {
    openapi::document(catalogue::routes(), revision)
}

/// Whether a value has the form of a pattern, by the product's own readers of that form.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        UUID => ids::is_uuid(text),
        PHONE => text.parse::<Phone>().is_ok(),
        EMAIL => text.parse::<Email>().is_ok(),
        MOMENT => text.len() == 24 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
        URL => text.parse::<url::Url>().is_ok_and(|url| url.scheme().starts_with("http")),
        STORABLE => !text.contains('\0'),
        other => panic!("nobody reads {other}"),
    }
}

/// What is wrong with a value by a schema of the document; only the keywords that the document uses.
fn problem(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let refuse = |what: &str| Some(format!("{at}: {value} {what}"));
    for (keyword, rule) in schema.as_object().unwrap_or_else(|| panic!("{at}: no schema: {schema}")) {
        let found = match (keyword.as_str(), value) {
            ("$ref", _) => {
                let place = rule.as_str().unwrap().trim_start_matches('#');
                problem(document, document.pointer(place).unwrap_or_else(|| panic!("{place}")), value, at)
            }
            ("anyOf", _) => {
                let problems: Vec<_> =
                    rule.as_array().unwrap().iter().map(|schema| problem(document, schema, value, at)).collect();
                if problems.contains(&None) { None } else { refuse(&format!("is none of {problems:?}")) }
            }
            ("type", _) => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "null" => value.is_null(),
                    other => panic!("{at}: {other}"),
                };
                if fits { None } else { refuse(&format!("is no {rule}")) }
            }
            ("const", _) if rule != value => refuse(&format!("is not {rule}")),
            ("enum", _) if !rule.as_array().unwrap().contains(value) => refuse(&format!("is not one of {rule}")),
            ("minimum", Value::Number(number)) if number.as_f64() < rule.as_f64() => refuse("is too small"),
            ("maximum", Value::Number(number)) if number.as_f64() > rule.as_f64() => refuse("is too large"),
            ("pattern", Value::String(text)) if !matches(rule.as_str().unwrap(), text) => {
                refuse(&format!("is no {rule}"))
            }
            ("items", Value::Array(items)) => {
                items.iter().find_map(|item| problem(document, rule, item, &format!("{at}[]")))
            }
            ("minItems", Value::Array(items)) if (items.len() as u64) < rule.as_u64().unwrap() => {
                refuse("is too short")
            }
            ("required", Value::Object(object)) => {
                let missing = rule.as_array().unwrap().iter().find(|name| !object.contains_key(name.as_str().unwrap()));
                missing.and_then(|name| refuse(&format!("lacks {name}")))
            }
            ("properties", Value::Object(object)) => rule.as_object().unwrap().iter().find_map(|(name, schema)| {
                object.get(name).and_then(|value| problem(document, schema, value, &format!("{at}.{name}")))
            }),
            ("additionalProperties", Value::Object(object)) => {
                let known = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
                object.iter().filter(|(name, _)| !known(name)).find_map(|(name, value)| match rule {
                    Value::Bool(allowed) => (!allowed).then(|| format!("{at}: {name} is not documented")),
                    schema => problem(document, schema, value, &format!("{at}.{name}")),
                })
            }
            (
                "const"
                | "enum"
                | "minimum"
                | "maximum"
                | "minItems"
                | "minLength"
                | "maxLength"
                | "pattern"
                | "items"
                | "required"
                | "properties"
                | "additionalProperties"
                | "format"
                | "description",
                _,
            ) => None,
            (other, _) => panic!("{at}: nobody checks {other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// A part of the document, followed to where it is written.
fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let place = part["$ref"].as_str().map(|place| place.trim_start_matches('#'));
    place.map_or(part, |place| document.pointer(place).unwrap_or_else(|| panic!("{place}")))
}

fn operation<'a>(document: &'a Value, method: &str, path: &str) -> &'a Value {
    &document["paths"][path.replace('}', "Id}")][method.to_ascii_lowercase()]
}

#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    for revision in Revision::ALL {
        let document = document(revision);
        assert_eq!(document["info"]["version"], revision.as_str());
        let written: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|method| (method.to_ascii_uppercase(), path.replace("Id}", "}")))
            })
            .collect();
        let served: BTreeSet<_> =
            catalogue::routes().map(|route| (route.spec.method.to_string(), route.spec.path.to_owned())).collect();
        assert_eq!(written, served);
        let mut ids = BTreeSet::new();
        let mut linked = BTreeSet::new();
        for spec in catalogue::routes().map(|route| &route.spec) {
            let operation = operation(&document, spec.method.as_str(), spec.path);
            assert_eq!(operation["x-evidence"], spec.evidence.to_string(), "{}", spec.path);
            assert_eq!(operation["summary"], spec.summary);
            let asks = !operation["security"].as_array().unwrap().is_empty();
            assert_eq!(asks, spec.access == Access::Project, "{}", spec.path);
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{} has an id of its own", spec.path);
            let links = operation["responses"]["200"]["links"].as_object().into_iter().flatten();
            linked.extend(links.map(|(_, link)| link["operationId"].as_str().unwrap()));
        }
        assert!(linked.len() >= 3 && linked.is_subset(&ids), "{linked:?}");
    }
}

#[test]
fn every_exchange_is_as_the_document_says() {
    for (file, exchange) in wire::exchanges() {
        let Some(spec) = exchange.spec() else { continue };
        let document = document(exchange.revision());
        let responses = &operation(&document, spec.method.as_str(), spec.path)["responses"];
        let status = exchange.response.status;
        let response =
            responses.get(status.to_string()).unwrap_or_else(|| panic!("{file}: {status} is not documented"));
        let response = resolve(&document, response);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let is_there = exchange.response.headers.contains_key(&name.to_ascii_lowercase());
            assert!(is_there || header["required"] != true, "{file}: {name}");
        }
        let schema = &response["content"]["application/json"]["schema"];
        match &exchange.response.body {
            Some(body) => assert_eq!(problem(&document, schema, &decode::fill(body), &file), None),
            None => assert!(schema.is_null() && spec.answer == AnswerKind::Redirect, "{file}"),
        }
    }
}

/// The bodies that are taken are those that the document describes, and no others.
#[test]
fn every_body_that_is_taken_is_described() {
    for (file, exchange) in wire::exchanges() {
        let (Some(spec), Some(body)) = (exchange.spec(), &exchange.request.body) else { continue };
        let document = document(exchange.revision());
        let described = &operation(&document, spec.method.as_str(), spec.path)["requestBody"];
        let schema = &described["content"]["application/json"]["schema"];
        if schema.is_null() || exchange.request.content_type.is_some() {
            continue;
        }
        let problem = problem(&document, schema, &decode::fill(body), &file);
        match exchange.response.status {
            200 => assert_eq!(problem, None, "{file}"),
            // What only the store can tell.
            422 if file == "create-dedicated-foreign-line" => assert_eq!(problem, None, "{file}"),
            422 => assert!(problem.is_some(), "{file}: {body} is described and refused"),
            _ => {}
        }
    }
}

/// What a revision does not have is not in its document.
#[test]
fn the_first_revision_has_no_type_no_total_and_two_parameters() {
    let names = |revision| {
        let document = document(revision);
        let list = operation(&document, "GET", "/projects/{project}/users/");
        let names: Vec<_> =
            list["parameters"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        let schema = &list["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["data"];
        let fields = &schema["properties"];
        let user = resolve(&document, &fields["users"]["items"]);
        let has_type = user["properties"].get("type").is_some();
        (names.join(" "), fields.get("total").is_some(), has_type)
    };
    assert_eq!(names(Revision::May2026), ("projectId type id".to_owned(), false, false));
    for later in [Revision::June2026, Revision::September2026] {
        assert_eq!(names(later), ("projectId type id search limit offset".to_owned(), true, true));
    }
}

/// Whoever asks for a route of the service that is not here reads so in the log.
#[test]
fn the_log_says_what_is_not_served() {
    let world = World::new();
    let mut server = world.serve_with_log("--memory", Stdio::piped());
    let mut log = BufReader::new(server.child.stderr.take().unwrap());
    for (method, path, is_served) in [
        ("GET", "/webhooks/egress-ips/nowhere", false),
        ("POST", "/lines/", false),
        ("GET", "/lines", true),
        ("HEAD", "/users/3c90c3cc-0d44-4b50-8888-8dd25736052a", true),
        ("GET", "/users/3c90c3cc-0d44-4b50-8888-8dd25736052a/", true),
    ] {
        let url = format!("{}/projects/{}{path}", server.project.url, server.project.id);
        let authorization = http::basic(&server.project.id, &server.project.secret);
        http::send(method, &url, Some(&authorization), None);
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{method} /projects/")), "{line}");
        assert_eq!(line.ends_with(" ms (not served by the sandbox)\n"), !is_served, "{line}");
    }
}

/// README's table: every route, how it is known, and what of it is guessed.
#[test]
fn the_readme_says_how_every_route_is_known() {
    const START: &str = "<!-- routes: written by the tests -->\n";
    const END: &str = "<!-- end of routes -->";
    let mut table = "| Route | Known from | Guessed |\n|---|---|---|\n".to_owned();
    let specs: Vec<_> = catalogue::routes().map(|route| &route.spec).collect();
    let place = |spec: &Spec| spec.path.trim_end_matches('/').to_owned();
    // A row has the methods of a path, or neighbours of which the same is known.
    let is_alike = |a: &&Spec, b: &&Spec| place(a) == place(b) || (!a.guessed.is_empty() && a.guessed == b.guessed);
    for alike in specs.chunk_by(is_alike) {
        let route = |spec: &&Spec| format!("`{} {}`", spec.method, spec.path.replace('}', "Id}"));
        let is_one = alike.iter().all(|spec| spec.guessed == alike[0].guessed);
        let guess = |spec: &&Spec| match spec.guessed {
            guessed if is_one || guessed.is_empty() => guessed.to_owned(),
            guessed => format!("{}: {guessed}", spec.method),
        };
        let column = |cells: Vec<String>, between: &str| {
            let mut cells: Vec<String> = cells.into_iter().filter(|cell| !cell.is_empty()).collect();
            cells.dedup();
            cells.join(between)
        };
        let [routes, known, guessed] = [
            column(alike.iter().map(route).collect(), ", "),
            column(alike.iter().map(|spec| spec.evidence.to_string()).collect(), ", "),
            column(alike.iter().map(guess).collect(), "; "),
        ];
        table.push_str(&format!("| {routes} | {known} | {guessed} |\n"));
    }
    let _held = hold_readme();
    let readme = fs::read_to_string(root().join("README.md")).unwrap().replace("\r\n", "\n");
    let (before, rest) = readme.split_once(START).expect("README has the table's start");
    let (_, after) = rest.split_once(END).expect("README has the table's end");
    check_file("README.md", &format!("{before}{START}{table}{END}{after}"));
}
