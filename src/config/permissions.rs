//! Who else can read or change the file of profiles.

use std::path::Path;

/// The one warning that a file draws: others can change it, whatever it holds, since they could name a program as its
/// secret_command; or others can read the secret in it. It says what to run.
#[cfg(unix)]
pub fn warning(path: &Path, shown: &str, holds_secret: bool) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;

    const WRITABLE: u32 = 0o022;
    const READABLE: u32 = 0o044;
    /// In such a folder each may only remove what is his own.
    const STICKY: u32 = 0o1000;

    let mode = |path: &Path| Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o7777);
    // What a link leads to is what counts.
    let path = &std::fs::canonicalize(path).ok()?;
    let of_file = mode(path).filter(|_| path.is_file())?;
    let what = match () {
        () if of_file & WRITABLE != 0 => "others can change it and so learn the secret",
        () if of_file & READABLE != 0 && holds_secret => "it holds a secret and others can read it",
        () => {
            let folder = path.parent()?;
            let of_folder = mode(folder).filter(|mode| mode & WRITABLE != 0 && mode & STICKY == 0)?;
            let run = format!("chmod go-w {}", word(&folder.display().to_string()));
            return Some(format!("{shown}: others can replace it in its folder (mode {of_folder:04o}); run `{run}`"));
        }
    };
    // The home folder's short form works in a shell only without quotes.
    let named = if shown.contains(char::is_whitespace) { word(&path.display().to_string()) } else { shown.to_owned() };
    Some(format!("{shown}: {what} (mode {of_file:04o}); run `chmod 600 {named}`"))
}

/// The folder's access list guards the file on this system.
#[cfg(not(unix))]
pub fn warning(_path: &Path, _shown: &str, _holds_secret: bool) -> Option<String> {
    None
}

/// A path as a shell takes it for one word.
#[cfg(unix)]
fn word(path: &str) -> String {
    if path.contains(char::is_whitespace) { format!("'{path}'") } else { path.to_owned() }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn who_can_change_the_file_is_told_whatever_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "").unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        for (of_folder, of_file, holds_secret, words) in [
            (0o700, 0o600, true, None),
            (0o700, 0o644, true, Some("can read it (mode 0644); run `chmod 600 f`")),
            (0o700, 0o640, true, Some("can read it (mode 0640)")),
            (0o700, 0o644, false, None),
            (0o700, 0o666, true, Some("can change it")),
            (0o700, 0o620, false, Some("can change it")),
            (0o755, 0o600, true, None),
            (0o777, 0o600, false, Some("can replace it in its folder (mode 0777); run `chmod go-w ")),
            (0o770, 0o600, false, Some("can replace it")),
            (0o1777, 0o600, true, None),
        ] {
            set(&file, of_file);
            set(folder.path(), of_folder);
            let told = warning(&file, "f", holds_secret);
            match words {
                Some(words) => assert!(told.as_ref().unwrap().contains(words), "{of_folder:o} {of_file:o}: {told:?}"),
                None => assert_eq!(told, None, "{of_folder:o} {of_file:o}"),
            }
        }
    }
}
