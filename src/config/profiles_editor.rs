//! Changes the file of profiles: private and atomic when it is written.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::profiles_file::ProfileFile;
use crate::failure::{Code, Failure};
use crate::secrets::credentials::Secret;

/// Changes the file and keeps what it does not touch: comments, order, layout.
#[derive(Debug)]
pub struct Editor {
    document: toml_edit::DocumentMut,
}

impl Editor {
    /// Opens the file for change; a missing one is empty.
    ///
    /// # Errors
    /// As [`ProfileFile::read`].
    pub fn open(path: &Path, shown: &str) -> Result<Self, Failure> {
        ProfileFile::read(path, shown)?;
        let text = fs::read_to_string(path).unwrap_or_default();
        let document = text.trim_start_matches('\u{feff}').parse().map_err(|error: toml_edit::TomlError| {
            Failure::new(Code::Config, format!("{shown}: {}", error.message()))
        })?;
        Ok(Self { document })
    }

    /// Adds a profile or overwrites its project and secret; the first one becomes the default.
    pub fn put(&mut self, name: &str, project_id: &str, secret: &Secret, base_url: Option<&str>) {
        let profiles = self.document.entry("profiles").or_insert_with(implicit_table);
        if let Some(profiles) = profiles.as_table_like_mut() {
            let profile = profiles.entry(name).or_insert_with(toml_edit::table);
            if let Some(profile) = profile.as_table_like_mut() {
                profile.remove("secret_command");
                profile.remove("secret_file");
                profile.insert("project_id", toml_edit::value(project_id));
                profile.insert("project_secret", toml_edit::value(secret.expose()));
                if let Some(base_url) = base_url {
                    profile.insert("base_url", toml_edit::value(base_url));
                }
            }
        }
        if !self.document.contains_key("default_profile") {
            self.set_default(name);
        }
    }

    /// Makes a profile the default.
    pub fn set_default(&mut self, name: &str) {
        self.document.insert("default_profile", toml_edit::value(name));
    }

    /// Removes a profile, and the default that named it. False when there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        let removed = self
            .document
            .get_mut("profiles")
            .and_then(toml_edit::Item::as_table_like_mut)
            .and_then(|table| table.remove(name));
        if self.document.get("default_profile").and_then(toml_edit::Item::as_str) == Some(name) {
            self.document.remove("default_profile");
        }
        removed.is_some()
    }

    /// Writes the file, readable by its owner alone, in one step: a reader sees the old file or the new one.
    ///
    /// # Errors
    /// Config, when the file or its folder cannot be written.
    pub fn save(self, path: &Path, shown: &str) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(Code::Config, format!("cannot write {shown}: {error}"));
        // A link keeps its place: what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        // A temporary file is made 0600 on Unix.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(self.document.to_string().as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn implicit_table() -> toml_edit::Item {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    toml_edit::Item::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_keeps_comments_and_other_profiles() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            &path,
            "# mine\ndefault_profile = \"a\"\n\n[profiles.a] # keep\nproject_id = \"1\"\nproject_secret = \"s\"\n",
        )
        .unwrap();
        let mut editor = Editor::open(&path, "f").unwrap();
        editor.put("b", "2", &Secret::new("t").unwrap(), None);
        editor.save(&path, "f").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\ndefault_profile = \"a\"\n"), "{text}");
        assert!(text.contains("[profiles.a] # keep") && text.contains("[profiles.b]"), "{text}");
        let mut editor = Editor::open(&path, "f").unwrap();
        assert!(editor.remove("a") && !editor.remove("a"));
        editor.save(&path, "f").unwrap();
        assert_eq!(ProfileFile::read(&path, "f").unwrap().default_profile, None);
    }
}
