//! The TOML file that names several projects.

use std::collections::HashSet;

use serde::Deserialize;

use super::options::{self, DEFAULT_MAX_SHARED_USERS, SandboxProject};
use crate::model::{Phone, ProjectId};
use crate::secrets::credentials::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectsFile {
    #[serde(default)]
    projects: Vec<ProjectEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectEntry {
    id: String,
    secret: String,
    name: Option<String>,
    max_shared_users: Option<u32>,
    #[serde(default)]
    lines: Vec<String>,
}

/// Why a projects file cannot be used. The text never quotes the file: it holds secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectsError {
    /// Not TOML, or not of the documented shape.
    #[error("line {line}: {what}")]
    Shape {
        /// Counts from 1.
        line: usize,
        /// The parser's words.
        what: String,
    },
    /// No project in it.
    #[error("it names no project; write [[projects]] with an id and a secret")]
    Empty,
    /// One project is wrong.
    #[error("project {number}: {what}")]
    Project {
        /// Counts from 1.
        number: usize,
        /// What is wrong, and what to write.
        what: String,
    },
}

/// Reads the projects of a file's text.
///
/// # Errors
/// [`ProjectsError`] for the first thing that is wrong.
pub fn parse(text: &str) -> Result<Vec<SandboxProject>, ProjectsError> {
    let file: ProjectsFile = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        ProjectsError::Shape { line, what: error.message().lines().next().unwrap_or_default().to_owned() }
    })?;
    if file.projects.is_empty() {
        return Err(ProjectsError::Empty);
    }
    let (mut ids, mut owned) = (HashSet::new(), HashSet::new());
    let projects = file.projects.into_iter().enumerate().map(|(at, entry)| {
        let wrong = |what: String| ProjectsError::Project { number: at + 1, what };
        let project = entry.read().map_err(wrong)?;
        if !ids.insert(project.id.as_str().to_ascii_lowercase()) {
            return Err(wrong(format!("the id {} is used twice", project.id)));
        }
        if let Some(line) = project.lines.iter().find(|line| !owned.insert((*line).clone())) {
            return Err(wrong(format!("the line {line} is owned twice")));
        }
        Ok(project)
    });
    projects.collect()
}

impl ProjectEntry {
    fn read(self) -> Result<SandboxProject, String> {
        let id: ProjectId = self.id.parse().map_err(|error| format!("id: {error}"))?;
        let secret = Secret::new(&self.secret).ok_or("secret: it is empty")?;
        let lines: Result<Vec<Phone>, _> = self.lines.iter().map(|line| line.parse()).collect();
        Ok(SandboxProject {
            name: self.name.unwrap_or_else(|| options::unnamed(&id)),
            id,
            secret,
            max_shared_users: self.max_shared_users.unwrap_or(DEFAULT_MAX_SHARED_USERS),
            lines: lines.map_err(|error| format!("lines: {error}"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

    #[test]
    fn reads_what_is_documented_and_fills_in_the_rest() {
        let text = format!(
            "[[projects]]\nid = \"{ID}\"\nsecret = \"one\"\nname = \"A\"\nmax_shared_users = 3\nlines = [\"+14155550100\"]\n\
             [[projects]]\nid = \"00000000-0000-0000-0000-000000000000\"\nsecret = \"two\"\n"
        );
        let projects = parse(&text).unwrap();
        assert_eq!((projects[0].max_shared_users, projects[0].lines.len()), (3, 1));
        assert_eq!((projects[1].max_shared_users, projects[1].lines.len()), (100, 0));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is_shown() {
        let refused = |text: &str| parse(text).unwrap_err().to_string();
        assert!(refused("").contains("[[projects]]"));
        assert!(refused(&format!("[[projects]]\nid = \"{ID}\"\n")).contains("secret"));
        let unknown = refused(&format!("[[projects]]\nid = \"{ID}\"\nsecret = \"hush-hush\"\nseats = 3\n"));
        assert!(unknown.contains("seats") && unknown.starts_with("line 4") && !unknown.contains("hush"), "{unknown}");
        assert!(!refused("[[projects]]\nsecret = hush-hush\n").contains("hush"));
        assert!(refused("[[projects]]\nid = \"x\"\nsecret = \"s\"\n").contains("project 1: id: not a UUID"));
        let twice = format!("[[projects]]\nid = \"{ID}\"\nsecret = \"s\"\n");
        assert!(refused(&format!("{twice}{}", twice.replace("3c90", "3C90"))).contains("used twice"));
        assert!(refused(&format!("{twice}lines = [\"4155550100\"]\n")).contains("leading +"));
    }
}
